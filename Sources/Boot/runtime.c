/* Static storage for the kernel's tables, and the two runtime symbols that Swift may not define. */
#ifndef __linux__
#include "boot.h"

__attribute__((aligned(4096))) uint64_t apus_interrupt_table[512];
uint64_t apus_processor_blocks[APUS_PROCESSOR_LIMIT];
struct apus_start_line apus_start_lines[APUS_PROCESSOR_LIMIT];
uint32_t apus_start_line_count, apus_start_features;
uint64_t apus_start_root;

__attribute__((aligned(4096))) uint8_t apus_first_arena[APUS_FIRST_ARENA_SIZE];
__attribute__((aligned(4096))) uint8_t apus_first_processor_area[APUS_PROCESSOR_AREA_SIZE];
__attribute__((aligned(64))) uint8_t apus_slab_caches[APUS_SLAB_CACHES_SIZE];

void apus_release(void *memory);
void free(void *memory) { apus_release(memory); }

/* entry.S replaces it by a random value before the first function with a canary runs. */
uintptr_t __stack_chk_guard = 0x595e9fbd94fda766;
#endif

#ifdef __linux__
/* Host tests link Machine but never enter it: storage for what the linker script and the assembly define on the metal. */
#include <unistd.h>
#include "boot.h"
void apus_sleep_shortly(void) { usleep(500); }
uint8_t apus_first_arena[APUS_FIRST_ARENA_SIZE];
__attribute__((aligned(4096))) uint8_t apus_first_processor_area[APUS_PROCESSOR_AREA_SIZE];
__attribute__((aligned(64))) uint8_t apus_slab_caches[APUS_SLAB_CACHES_SIZE];
uint64_t apus_interrupt_table[512];
uint64_t apus_processor_blocks[APUS_PROCESSOR_LIMIT];
struct apus_start_line apus_start_lines[APUS_PROCESSOR_LIMIT];
uint32_t apus_start_line_count, apus_start_features;
uint64_t apus_start_root;
uint8_t apus_processor_entry[1], apus_processor_entry_end[1];
const struct apus_gate apus_gate_table[256];
const struct apus_stack_plan apus_stack_plan;
const struct apus_user_fixup apus_user_fixups_start[1], apus_user_fixups_end[1];
uint8_t apus_user_access_start[1], apus_user_access_end[1];
uint8_t apus_user_restore_start[1], apus_user_restore_end[1];
int apus_probe_registers(void) { return 0; }
void apus_spend_thousand_instructions(void) {}
void apus_divide_by_zero(void) {}
void apus_lose_stack(void) {}
void apus_load_bad_selector(void) {}
uint64_t apus_entry_timestamp;
uint8_t apus_boot_stack[1], apus_boot_stack_top[1], apus_interrupt_stacks[1];
uint8_t apus_text_start[1], apus_text_end[1], apus_rodata_start[1], apus_rodata_end[1];
uint8_t apus_data_start[1], apus_data_end[1], apus_symbols_start[32];
#endif
