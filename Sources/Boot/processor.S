/* From the start-up message to 64-bit Swift, for every CPU but the first.
 *
 * The message names a page below 1 MiB, to which Machine copies the 16-bit part. The CPU then goes the way that the first one
 * went, with the same boot tables, finds the line with its own local APIC's number, and takes its stack and block from there.
 * Several CPUs may do so at once. Intel SDM vol. 3A, 9.4. */
#ifndef __linux__
#include "include/layout.h"
#define PHYSICAL(symbol) ((symbol) - APUS_IMAGE_OFFSET)
#define LINE_SIZE 24

    .section .rodata.processor_entry, "a"
    .code16
    .globl apus_processor_entry, apus_processor_entry_end
apus_processor_entry:
    cli
    cld
    movw %cs, %ax
    movw %ax, %ds
    lgdtl entry_gdt_register - apus_processor_entry
    movl $0x00000011, %eax                      /* PE and ET; caching on, which INIT turns off */
    movl %eax, %cr0
    ljmpl $APUS_CODE32_SELECTOR, $processor_protected
    .balign 4
entry_gdt_register:
    .word 4 * 8 - 1
    .long boot_gdt
apus_processor_entry_end:

    .section .boot.text, "ax"
    .code32
processor_protected:
    movl $APUS_DATA_SELECTOR, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl $PHYSICAL(boot_page_table), %ebp
    movl $(1 << 5), %eax                        /* PAE */
    testl $1, PHYSICAL(apus_start_features)
    jz 1f
    movl $PHYSICAL(boot_top_table), %ebp
    orl $(1 << 12), %eax                        /* LA57 */
1:  movl %eax, %cr4
    movl %ebp, %cr3
    movl $0xc0000080, %ecx                      /* EFER: LME and NXE */
    rdmsr
    orl $((1 << 8) | (1 << 11)), %eax
    wrmsr
    movl $((1 << 31) | (1 << 16) | 0x11), %eax  /* PG, WP, ET, PE */
    movl %eax, %cr0
    ljmp $APUS_CODE_SELECTOR, $processor_long

    .code64
processor_long:
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movabsq $processor_high, %rax
    jmp *%rax

    .text
    .code64
processor_high:
    /* The number: 32 bits from leaf 0Bh where it is there, else 8 bits from leaf 1. Intel SDM vol. 2A, CPUID. */
    movl $1, %eax
    cpuid
    shrl $24, %ebx
    movl %ebx, %esi
    xorl %eax, %eax
    cpuid
    cmpl $0xb, %eax
    jb 1f
    movl $0xb, %eax
    xorl %ecx, %ecx
    cpuid
    testl %ebx, %ebx
    jz 1f
    movl %edx, %esi
1:  leaq apus_start_lines(%rip), %rdi
    movl apus_start_line_count(%rip), %ecx
2:  testl %ecx, %ecx
    jz 4f
    cmpl %esi, (%rdi)
    je 3f
    addq $LINE_SIZE, %rdi
    decl %ecx
    jmp 2b

3:  movl $1, %eax                               /* one CPU a line, whatever firmware's tables say */
    xchgl %eax, 4(%rdi)
    testl %eax, %eax
    jnz 4f
    movq apus_start_root(%rip), %rax
    movq %rax, %cr3
    movq 16(%rdi), %rax
    movq %rax, %rdx
    shrq $32, %rdx
    movl $0xc0000101, %ecx                      /* GS base */
    wrmsr
    movq 8(%rdi), %rsp
    movq 16(%rdi), %rdi
    xorl %ebp, %ebp
    pushq $0                                    /* ends the frame chain; keeps the stack aligned for the call */
    pushq $0
    call apus_processor_start
4:  cli
    hlt
    jmp 4b
#endif
