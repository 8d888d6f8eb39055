#pragma once
/* What the assembly and the linker script export to Machine, and the instructions Swift has no words for.
 *
 * Only Machine imports this module. Every function is one instruction or one short sequence; policy lives in Swift. */
#include "layout.h"
#include <stddef.h>
#include <stdint.h>

/* memory.S, or the host's C library. */
void *_Nonnull memcpy(void *_Nonnull target, const void *_Nonnull source, size_t count);
void *_Nonnull memmove(void *_Nonnull target, const void *_Nonnull source, size_t count);
void *_Nonnull memset(void *_Nonnull target, int value, size_t count);
int memcmp(const void *_Nonnull left, const void *_Nonnull right, size_t count);

#define APUS_INLINE static inline __attribute__((always_inline))

/* What an interrupt pushes, lowest address first. Intel SDM vol. 3A, 6.14.2, below the registers saved in interrupts.S. */
struct apus_trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
    uint64_t vector, error_code;
    uint64_t rip, cs, rflags, rsp, ss;
};

/* One row of the table generated from Specs/interrupts.json. */
struct apus_gate {
    uint64_t address;
    uint8_t interrupt_stack, privilege, type, reserved[5];
};
extern const struct apus_gate apus_gate_table[256];

/* From there too: the interrupt stack, 1...7, where exceptions go of work that has used up its own, and how many are used. */
struct apus_stack_plan {
    uint8_t exhausted, count;
};
extern const struct apus_stack_plan apus_stack_plan;

/* The task-state segment. Intel SDM vol. 3A, 7.7. */
struct __attribute__((packed)) apus_task_state {
    uint32_t reserved0;
    uint64_t stack[3];
    uint64_t reserved1;
    uint64_t interrupt_stack[7];
    uint64_t reserved2;
    uint16_t reserved3, io_map_base;
};

/* The interrupt descriptor table of all CPUs. */
extern uint64_t apus_interrupt_table[512];

/* Where each CPU's block is, or 0. */
extern uint64_t apus_processor_blocks[APUS_PROCESSOR_LIMIT];

/* What an application processor finds when it starts: the line with its own local APIC's number. */
struct apus_start_line {
    uint32_t local_apic, has_started;
    uint64_t stack, block;
};
extern struct apus_start_line apus_start_lines[APUS_PROCESSOR_LIMIT];
extern uint32_t apus_start_line_count, apus_start_features;
extern uint64_t apus_start_root;
extern uint8_t apus_processor_entry[], apus_processor_entry_end[];

/* vdso.S: a page. */
extern const uint8_t apus_vdso_start[APUS_VDSO_SIZE];
APUS_INLINE const uint8_t *_Nonnull apus_vdso_bytes(void) { return apus_vdso_start; }

/* A word of memory that programs read too, written after all that was written before. */
APUS_INLINE void apus_store_word(void *_Nonnull word, uint64_t value) { __atomic_store_n((uint64_t *)word, value, __ATOMIC_RELEASE); }

/* threads.S */
#ifndef __linux__
void *_Nonnull apus_switch_threads(uint64_t *_Nonnull saved, uint64_t next, void *_Nonnull from);
void apus_clear_stack(uint64_t end);
uint32_t apus_contain(uint64_t *_Nonnull saved, void *_Nonnull call);
extern uint8_t apus_thread_entry[], apus_system_call_entry[], apus_contain_abort[];

/* interrupts.S: between the two the frame is not complete yet. */
extern uint8_t apus_interrupt_common[], apus_interrupt_entered[];
_Noreturn void apus_enter_user(uint64_t frame);
#endif

/* Set by the entry code and the linker script. Only the addresses of the `_start` and `_end` symbols mean anything. */
extern uint64_t apus_entry_timestamp;
extern uint8_t apus_boot_stack[], apus_boot_stack_top[], apus_interrupt_stacks[];
extern uint8_t apus_text_start[], apus_text_end[], apus_rodata_start[], apus_rodata_end[];
extern uint8_t apus_data_start[], apus_data_end[], apus_symbols_start[];
extern uint8_t apus_first_arena[APUS_FIRST_ARENA_SIZE];
extern uint8_t apus_first_processor_area[APUS_PROCESSOR_AREA_SIZE];
extern uint8_t apus_slab_caches[APUS_SLAB_CACHES_SIZE];

/* Swift cannot name an array of unknown length, so these give it the addresses. */
#define APUS_ADDRESS(symbol) APUS_INLINE uint64_t symbol##_address(void) { return (uint64_t)symbol; }
APUS_ADDRESS(apus_boot_stack)
APUS_ADDRESS(apus_boot_stack_top)
APUS_ADDRESS(apus_interrupt_stacks)
APUS_ADDRESS(apus_text_start)
APUS_ADDRESS(apus_text_end)
APUS_ADDRESS(apus_rodata_start)
APUS_ADDRESS(apus_rodata_end)
APUS_ADDRESS(apus_data_start)
APUS_ADDRESS(apus_data_end)
APUS_ADDRESS(apus_symbols_start)
APUS_ADDRESS(apus_first_arena)
APUS_ADDRESS(apus_first_processor_area)
APUS_ADDRESS(apus_slab_caches)
APUS_INLINE const struct apus_gate *_Nonnull apus_gates(void) { return apus_gate_table; }
APUS_INLINE uint8_t apus_exhausted_stack(void) { return apus_stack_plan.exhausted; }
APUS_INLINE uint8_t apus_interrupt_stack_count(void) { return apus_stack_plan.count; }
APUS_INLINE uint64_t *_Nonnull apus_processor_blocks_words(void) { return apus_processor_blocks; }
APUS_INLINE struct apus_start_line *_Nonnull apus_start_line_array(void) { return apus_start_lines; }
APUS_INLINE void apus_open_start_lines(uint64_t root, uint32_t features, uint32_t count) {
    apus_start_root = root;
    apus_start_features = features;
    __atomic_store_n(&apus_start_line_count, count, __ATOMIC_SEQ_CST);
}
APUS_INLINE uint32_t apus_has_started(uint64_t line) { return __atomic_load_n(&apus_start_lines[line].has_started, __ATOMIC_ACQUIRE); }
#ifndef __linux__
APUS_ADDRESS(apus_thread_entry)
APUS_ADDRESS(apus_contain_abort)
APUS_ADDRESS(apus_interrupt_common)
APUS_ADDRESS(apus_interrupt_entered)
APUS_ADDRESS(apus_system_call_entry)
#endif
APUS_ADDRESS(apus_processor_entry)
APUS_ADDRESS(apus_processor_entry_end)
APUS_INLINE uint64_t *_Nonnull apus_interrupt_table_words(void) { return apus_interrupt_table; }

/* Ports */
APUS_INLINE uint8_t apus_in8(uint16_t port) {
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
APUS_INLINE uint16_t apus_in16(uint16_t port) {
    uint16_t value;
    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
APUS_INLINE uint32_t apus_in32(uint16_t port) {
    uint32_t value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
APUS_INLINE void apus_out8(uint16_t port, uint8_t value) { __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port)); }
APUS_INLINE void apus_out16(uint16_t port, uint16_t value) { __asm__ volatile("outw %0, %1" ::"a"(value), "Nd"(port)); }
APUS_INLINE void apus_out32(uint16_t port, uint32_t value) { __asm__ volatile("outl %0, %1" ::"a"(value), "Nd"(port)); }

/* Device memory: one access of exactly that width each. */
#define APUS_DEVICE_ACCESS(bits) \
    APUS_INLINE uint##bits##_t apus_device_read##bits(uint64_t address) { \
        return *(const volatile uint##bits##_t *)address; \
    } \
    APUS_INLINE void apus_device_write##bits(uint64_t address, uint##bits##_t value) { \
        *(volatile uint##bits##_t *)address = value; \
    }
APUS_DEVICE_ACCESS(8)
APUS_DEVICE_ACCESS(16)
APUS_DEVICE_ACCESS(32)
APUS_DEVICE_ACCESS(64)

/* Time */
APUS_INLINE uint64_t apus_read_timestamp(void) {
    uint32_t low, high;
    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}
APUS_INLINE uint64_t apus_read_entry_timestamp(void) { return apus_entry_timestamp; }
APUS_INLINE void apus_memory_fence(void) { __asm__ volatile("mfence" ::: "memory"); }
APUS_INLINE void apus_pause(void) { __asm__ volatile("pause" ::: "memory"); }

/* Interrupt flag. */
APUS_INLINE uint64_t apus_read_flags(void) {
    uint64_t flags;
    __asm__ volatile("pushfq; popq %0" : "=r"(flags)::"memory");
    return flags;
}
APUS_INLINE void apus_disable_interrupts(void) { __asm__ volatile("cli" ::: "memory"); }
APUS_INLINE void apus_enable_interrupts(void) { __asm__ volatile("sti" ::: "memory"); }
/* The interrupt shadow of STI lasts until HLT has begun, so no interrupt is missed. Intel SDM vol. 2B, STI. */
APUS_INLINE void apus_enable_and_halt(void) { __asm__ volatile("sti; hlt" ::: "memory"); }
APUS_INLINE void apus_halt(void) { __asm__ volatile("hlt" ::: "memory"); }
APUS_INLINE void apus_breakpoint(void) { __asm__ volatile("int3" ::: "memory"); }

/* Whole pages, at addresses that are multiples of eight: the longest units that need no vector register. */
APUS_INLINE void apus_clear_page(void *_Nonnull page) {
    uint64_t count = 512;
    __asm__ volatile("rep stosq" : "+D"(page), "+c"(count) : "a"(0ULL) : "memory");
}
APUS_INLINE void apus_copy_page(void *_Nonnull target, const void *_Nonnull source) {
    uint64_t count = 512;
    __asm__ volatile("rep movsq" : "+D"(target), "+S"(source), "+c"(count)::"memory");
}

/* The registers of floating point and vectors, in a buffer at a multiple of 64 bytes. Intel SDM vol. 1, 13.7 to 13.9. */
APUS_INLINE void apus_set_extended_control(uint64_t components) {
    __asm__ volatile("xsetbv" ::"c"(0), "a"((uint32_t)components), "d"((uint32_t)(components >> 32)) : "memory");
}
APUS_INLINE void apus_save_extended(void *_Nonnull buffer, uint64_t components) {
    __asm__ volatile("xsave64 (%0)" ::"r"(buffer), "a"((uint32_t)components), "d"((uint32_t)(components >> 32)) : "memory");
}
APUS_INLINE void apus_save_extended_changes(void *_Nonnull buffer, uint64_t components) {
    __asm__ volatile("xsaveopt64 (%0)" ::"r"(buffer), "a"((uint32_t)components), "d"((uint32_t)(components >> 32)) : "memory");
}
APUS_INLINE void apus_restore_extended(const void *_Nonnull buffer, uint64_t components) {
    __asm__ volatile("xrstor64 (%0)" ::"r"(buffer), "a"((uint32_t)components), "d"((uint32_t)(components >> 32)) : "memory");
}
APUS_INLINE void apus_save_legacy(void *_Nonnull buffer) { __asm__ volatile("fxsave64 (%0)" ::"r"(buffer) : "memory"); }
APUS_INLINE void apus_restore_legacy(const void *_Nonnull buffer) { __asm__ volatile("fxrstor64 (%0)" ::"r"(buffer) : "memory"); }
/* The exceptions that the program's last operations had, and which of them are masked. Intel SDM vol. 1, 8.1.3, 8.1.5 and 10.2.3. */
APUS_INLINE uint16_t apus_read_fpu_status(void) {
    uint16_t value;
    __asm__ volatile("fnstsw %0" : "=a"(value));
    return value;
}
APUS_INLINE uint16_t apus_read_fpu_control(void) {
    uint16_t value;
    __asm__ volatile("fnstcw %0" : "=m"(value));
    return value;
}
APUS_INLINE uint32_t apus_read_vector_status(void) {
    uint32_t value;
    __asm__ volatile("stmxcsr %0" : "=m"(value));
    return value;
}

/* Control registers */
APUS_INLINE uint64_t apus_read_cr0(void) { uint64_t value; __asm__ volatile("movq %%cr0, %0" : "=r"(value)); return value; }
APUS_INLINE uint64_t apus_read_cr2(void) { uint64_t value; __asm__ volatile("movq %%cr2, %0" : "=r"(value)); return value; }
APUS_INLINE uint64_t apus_read_dr6(void) { uint64_t value; __asm__ volatile("movq %%dr6, %0" : "=r"(value)); return value; }
APUS_INLINE void apus_write_dr6(uint64_t value) { __asm__ volatile("movq %0, %%dr6" ::"r"(value)); }
APUS_INLINE uint64_t apus_read_cr3(void) { uint64_t value; __asm__ volatile("movq %%cr3, %0" : "=r"(value)); return value; }
APUS_INLINE uint64_t apus_read_cr4(void) { uint64_t value; __asm__ volatile("movq %%cr4, %0" : "=r"(value)); return value; }
APUS_INLINE void apus_write_cr0(uint64_t value) { __asm__ volatile("movq %0, %%cr0" ::"r"(value) : "memory"); }
APUS_INLINE void apus_write_cr3(uint64_t value) { __asm__ volatile("movq %0, %%cr3" ::"r"(value) : "memory"); }
APUS_INLINE void apus_write_cr4(uint64_t value) { __asm__ volatile("movq %0, %%cr4" ::"r"(value) : "memory"); }

/* Writes back and empties all caches of the CPU. */
APUS_INLINE void apus_write_back_caches(void) { __asm__ volatile("wbinvd" ::: "memory"); }

/* Writes back the cache line that holds the address, and empties it. Source: Intel SDM vol. 2A, CLFLUSH. */
APUS_INLINE void apus_write_back_line(uint64_t address) {
    __asm__ volatile("clflush (%0)" ::"r"(address) : "memory");
}

APUS_INLINE void apus_invalidate_page(uint64_t address) {
#ifndef __linux__
    __asm__ volatile("invlpg (%0)" ::"r"(address) : "memory");
#else
    (void)address;
#endif
}

APUS_INLINE uint64_t apus_read_msr(uint32_t index) {
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(index));
    return (uint64_t)high << 32 | low;
}
APUS_INLINE void apus_write_msr(uint32_t index, uint64_t value) {
    __asm__ volatile("wrmsr" ::"c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

struct apus_cpuid { uint32_t eax, ebx, ecx, edx; };
APUS_INLINE struct apus_cpuid apus_read_cpuid(uint32_t leaf, uint32_t subleaf) {
    struct apus_cpuid result;
    __asm__ volatile("cpuid" : "=a"(result.eax), "=b"(result.ebx), "=c"(result.ecx), "=d"(result.edx)
                     : "a"(leaf), "c"(subleaf));
    return result;
}

/* Descriptor tables */
struct __attribute__((packed)) apus_table_register { uint16_t limit; uint64_t base; };
APUS_INLINE void apus_load_interrupt_table(uint64_t base, uint16_t limit) {
    struct apus_table_register table = {limit, base};
    __asm__ volatile("lidt %0" ::"m"(table) : "memory");
}
APUS_INLINE struct apus_table_register apus_store_interrupt_table(void) {
    struct apus_table_register table;
    __asm__ volatile("sidt %0" : "=m"(table));
    return table;
}
APUS_INLINE struct apus_table_register apus_store_segment_table(void) {
    struct apus_table_register table;
    __asm__ volatile("sgdt %0" : "=m"(table));
    return table;
}
APUS_INLINE uint16_t apus_store_task_register(void) {
    uint16_t selector;
    __asm__ volatile("str %0" : "=r"(selector));
    return selector;
}
APUS_INLINE uint16_t apus_read_code_selector(void) {
    uint16_t selector;
    __asm__ volatile("movw %%cs, %0" : "=r"(selector));
    return selector;
}
APUS_INLINE uint16_t apus_store_local_segment_table(void) {
    uint16_t selector;
    __asm__ volatile("sldt %0" : "=r"(selector));
    return selector;
}
/* Loads the GDT, then every segment register from it but GS, whose base is the CPU's own area; CS by a far return.
 * There is no LDT: as a reset leaves it, it would be the lowest 64 KiB of addresses, where programs' selectors are
 * looked up. */
APUS_INLINE void apus_load_segment_table(uint64_t base, uint16_t limit) {
    struct apus_table_register table = {limit, base};
    __asm__ volatile(
        "lgdt %0\n\t"
        "movl %2, %%eax\n\t"
        "movl %%eax, %%ds\n\t"
        "movl %%eax, %%es\n\t"
        "movl %%eax, %%ss\n\t"
        "xorl %%eax, %%eax\n\t"
        "movl %%eax, %%fs\n\t"
        "lldt %%ax\n\t"
        "pushq %1\n\t"
        "leaq 1f(%%rip), %%rax\n\t"
        "pushq %%rax\n\t"
        "lretq\n"
        "1:" ::"m"(table), "i"(APUS_CODE_SELECTOR), "i"(APUS_DATA_SELECTOR) : "rax", "memory");
}
APUS_INLINE void apus_load_task_register(uint16_t selector) { __asm__ volatile("ltr %0" ::"r"(selector) : "memory"); }

/* The first word of the CPU's own area is the area's address. */
APUS_INLINE uint64_t apus_read_processor_area(void) {
    uint64_t value;
    __asm__ volatile("movq %%gs:0, %0" : "=r"(value));
    return value;
}
/* The third is the thread that runs on it: an object of Swift's, or 0. A thread that is moved between CPUs while it asks is told
 * right all the same, since it is the answer on either. */
APUS_INLINE uint64_t apus_read_thread(void) {
    uint64_t value;
    __asm__ volatile("movq %%gs:16, %0" : "=r"(value));
    return value;
}

/* The number of the heap that the running thread's allocations come from, plus 1; 0 for the kernel's. */
APUS_INLINE uint64_t apus_read_heap(void) {
    uint64_t value;
    __asm__ volatile("movq %%gs:40, %0" : "=r"(value));
    return value;
}
APUS_INLINE uint64_t apus_read_stack_pointer(void) {
    uint64_t value;
    __asm__ volatile("movq %%rsp, %0" : "=r"(value));
    return value;
}
/* The second is its number. */
APUS_INLINE uint64_t apus_read_processor_number(void) {
    uint64_t value;
    __asm__ volatile("movq %%gs:8, %0" : "=r"(value));
    return value;
}

APUS_INLINE uint64_t apus_read_frame_pointer(void) {
    uint64_t value;
    __asm__ volatile("movq %%rbp, %0" : "=r"(value));
    return value;
}

APUS_INLINE int apus_read_random(uint64_t *_Nonnull value) {
    unsigned char ok;
    __asm__ volatile("rdrand %0; setc %1" : "=r"(*value), "=qm"(ok)::"cc");
    return ok;
}

APUS_INLINE int apus_read_seed(uint64_t *_Nonnull value) {
    unsigned char ok;
    __asm__ volatile("rdseed %0; setc %1" : "=r"(*value), "=qm"(ok)::"cc");
    return ok;
}

/* usercopy.S */
struct apus_user_fixup { uint64_t start, end, target; };
extern const struct apus_user_fixup apus_user_fixups_start[], apus_user_fixups_end[];
extern uint8_t apus_user_access_start[], apus_user_access_end[];
APUS_ADDRESS(apus_user_access_start)
APUS_ADDRESS(apus_user_access_end)
APUS_INLINE const struct apus_user_fixup *_Nonnull apus_user_fixups(void) { return apus_user_fixups_start; }
APUS_INLINE size_t apus_user_fixup_count(void) { return (size_t)(apus_user_fixups_end - apus_user_fixups_start); }
size_t apus_user_copy(uint64_t target, uint64_t source, size_t count);
size_t apus_user_clear(uint64_t target, size_t count);
size_t apus_user_string(void *_Nonnull target, uint64_t source, size_t limit);
size_t apus_user_store_high16(uint64_t target, const uint64_t *_Nonnull source, size_t count);
size_t apus_user_load32(uint64_t address, uint32_t *_Nonnull value);
size_t apus_user_compare_exchange32(uint64_t address, uint32_t *_Nonnull expected, uint32_t desired);
size_t apus_user_save_extended(uint64_t address, uint64_t components, const uint64_t *_Nonnull software, uint64_t mark);
size_t apus_user_save_legacy(uint64_t address);
size_t apus_user_restore_extended(uint64_t address, uint64_t components);
size_t apus_user_restore_legacy(uint64_t address);
extern uint8_t apus_user_restore_start[], apus_user_restore_end[], apus_initial_extended_state[];
APUS_ADDRESS(apus_user_restore_start)
APUS_ADDRESS(apus_user_restore_end)
APUS_INLINE const void *_Nonnull apus_initial_state(void) { return apus_initial_extended_state; }

#ifdef __linux__
void apus_sleep_shortly(void);
#endif

/* probes.S */
int apus_probe_registers(void);
void apus_spend_thousand_instructions(void);
void apus_divide_by_zero(void);
void apus_lose_stack(void);
void apus_load_bad_selector(void);
APUS_INLINE void apus_undefined_instruction(void) { __asm__ volatile("ud2"); }
/* One load that no optimizer leaves out. */
APUS_INLINE uint8_t apus_load_byte(uint64_t address) {
    uint8_t value;
    __asm__ volatile("movb (%1), %0" : "=q"(value) : "r"(address));
    return value;
}
/* No instruction, but one that no optimizer moves anything over or leaves out. */
APUS_INLINE void apus_compiler_barrier(void) { __asm__ volatile("" ::: "memory"); }
APUS_INLINE void apus_raise_debug(void) { __asm__ volatile("int $1"); }
APUS_INLINE void apus_raise_nonmaskable(void) { __asm__ volatile("int $2"); }
