#pragma once
/* Numbers shared by the boot assembly, the linker script and Swift. */

#define APUS_IMAGE_OFFSET 0xffffffff80000000
#define APUS_PHYSICAL_MAP 0xffff800000000000
#define APUS_DEVICE_MAP 0xffffc00000000000

#define APUS_CODE_SELECTOR 0x08
#define APUS_DATA_SELECTOR 0x10
#define APUS_TASK_SELECTOR 0x28

/* A stack and the guard page below it. */
#define APUS_STACK_SIZE 65536
#define APUS_INTERRUPT_STACK_SIZE 16384
#define APUS_GUARD_SIZE 4096
#define APUS_INTERRUPT_STACKS 7

/* The heap's memory until the page frames are known. */
#define APUS_FIRST_ARENA_SIZE 131072

#define APUS_LOADER_MULTIBOOT2 1
#define APUS_LOADER_PVH 2
