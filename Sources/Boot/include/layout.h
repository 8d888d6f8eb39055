#pragma once
/* Numbers shared by the boot assembly, the linker script and Swift. */

/* The kernel's window in the lower canonical half. Swift takes the top bits of object pointers for itself: a reference count
 * of an address with bit 63 set is never changed, and enums and strings keep tags in bits 56 to 63. So everything that a
 * Swift reference may point to, in the image and in memory reached through the physical map, needs an address whose top
 * byte is zero. Programs have all of the lower half but this window. */
#define APUS_WINDOW_START 0x600000000000
#define APUS_WINDOW_END 0x700000000000
#define APUS_PHYSICAL_MAP 0x600000000000
#define APUS_PHYSICAL_LIMIT 0xe0000000000       /* of the physical map: 14 TiB */
#define APUS_FRAME_TABLE 0x6e0000000000         /* 32 bytes for each frame below the limit */
#define APUS_DYNAMIC_MAP 0x6e8000000000         /* 512 GiB for whatever is mapped page by page */
#define APUS_DYNAMIC_MAP_END 0x6f0000000000
#define APUS_IMAGE_OFFSET 0x6fff80000000

/* Device memory holds no Swift objects. */
#define APUS_DEVICE_MAP 0xffffc00000000000

/* Segment selectors. Their order is fixed by SYSCALL and SYSRET, their numbers are those that programs know from Linux. */
#define APUS_CODE32_SELECTOR 0x08               /* while a CPU starts */
#define APUS_CODE_SELECTOR 0x10
#define APUS_DATA_SELECTOR 0x18
#define APUS_USER_CODE32_SELECTOR 0x23
#define APUS_USER_DATA_SELECTOR 0x2b
#define APUS_USER_CODE_SELECTOR 0x33
#define APUS_TASK_SELECTOR 0x40
/* Holds nothing; its limit is the CPU's number, which programs read by LSL. */
#define APUS_NUMBER_SELECTOR 0x3b

/* A stack and the guard page below it. The boot stack holds several copies of the memory map while it is being made. */
#define APUS_STACK_SIZE 262144
#define APUS_INTERRUPT_STACK_SIZE 16384
#define APUS_GUARD_SIZE 4096
#define APUS_INTERRUPT_STACKS 7

/* What one CPU has for itself, at its GS base: its area, and from these offsets on what other CPUs may reach too. */
#define APUS_PROCESSOR_LIMIT 64
/* The first words of the area, which assembly uses. */
#define APUS_AREA_ADDRESS 0
#define APUS_AREA_NUMBER 8
#define APUS_AREA_THREAD 16
#define APUS_AREA_KERNEL_STACK 24               /* where the stack of the thread that runs begins */
#define APUS_AREA_HEAP 40                       /* the heap of contained work that runs */
#define APUS_AREA_USER_STACK 32                 /* a program's stack pointer, for the first instructions of a call */
#define APUS_AREA_STACK_LIMIT 48                /* below it the stack of the thread that runs has no room for an interrupt; 0 for none */
#define APUS_AREA_GUARD 56                      /* the guard page of that stack, of a thread whose work can be ended; else 0 */
#define APUS_AREA_FAULT_STACK 64                /* where the stack begins for exceptions of such work that has used up its own */
#define APUS_AREA_CALL_SERVER 72                /* what serves the calls of the thread that runs */
#define APUS_AREA_RESCHEDULE 80                 /* a byte: whether that thread is to make room */
/* Where a thread has the bits that say that something is to be done before its program goes on. */
#define APUS_THREAD_WORK 20
#define APUS_PROCESSOR_AREA_SIZE 36864
#define APUS_PROCESSOR_MAILBOX 28672
#define APUS_PROCESSOR_COUNTS 30720
#define APUS_PROCESSOR_TABLES 32768
#define APUS_PROCESSOR_HANDLERS 34816
/* The stack that an application processor starts with. */
#define APUS_PROCESSOR_STACK_SIZE 65536
/* Where it starts, in the first 64 KiB, which boot keeps. */
#define APUS_PROCESSOR_ENTRY 0x8000

/* Room for the slab caches, which must be there before any heap. */
#define APUS_SLAB_CACHES_SIZE 16384

/* The heap's memory until the page frames are known: enough for the cells of the largest screen. */
#define APUS_FIRST_ARENA_SIZE 1572864

/* What `vector` says in the frame of a system call. */
#define APUS_SYSTEM_CALL_VECTOR 256
/* Where the frame of a program's registers lies below the beginning of its thread's kernel stack: `struct apus_trap_frame`. */
#define APUS_TRAP_FRAME_SIZE 176
/* What such a frame has where, for SYSRET's way back. */
#define APUS_FRAME_R13 16
#define APUS_FRAME_R10 40
#define APUS_FRAME_R9 48
#define APUS_FRAME_R8 56
#define APUS_FRAME_RDI 64
#define APUS_FRAME_RSI 72
#define APUS_FRAME_RBP 80
#define APUS_FRAME_RDX 96
#define APUS_FRAME_RAX 112
#define APUS_FRAME_VECTOR 120
#define APUS_FRAME_CODE_SELECTOR 144
#define APUS_FRAME_RIP 136
#define APUS_FRAME_FLAGS 152
#define APUS_FRAME_RSP 160
/* A thread's kernel stack, and what of it is kept for the kernel's own work: for interrupts, which need half of it with a switch to
 * another thread at their end, and for what contained work asks of the kernel. */
#define APUS_THREAD_STACK_SIZE 32768
#define APUS_STACK_RESERVE 8192

/* The shared object that programs get, in the file as in memory. */
#define APUS_VDSO_SIZE 4096
/* The page that programs read clocks from: 64-bit words. Lines, one a clock by its number, say what it was at the last update. */
#define APUS_CLOCK_SEQUENCE 0                   /* odd while the page changes */
#define APUS_CLOCK_BASE_TICKS 8                 /* the time-stamp counter at the last update */
#define APUS_CLOCK_LINES 64
#define APUS_CLOCK_LINE_SIZE 32
#define APUS_CLOCK_COUNT 12                     /* CLOCK_TAI is the last */
#define APUS_CLOCK_MULTIPLIER 0                 /* nanoseconds a tick, times 2^48; 0 when the page does not tell the clock */
#define APUS_CLOCK_SECONDS 8
#define APUS_CLOCK_NANOSECONDS 16
#define APUS_CLOCK_FRACTION 24                  /* in 2^-48 ns */
#define APUS_CLOCK_FRACTION_BITS 48
/* REALTIME, MONOTONIC, MONOTONIC_RAW, BOOTTIME and TAI. */
#define APUS_CLOCK_FINE 0x893

#define APUS_LOADER_MULTIBOOT2 1
#define APUS_LOADER_PVH 2
