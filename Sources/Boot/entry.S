/* From the loader's 32-bit protected mode to 64-bit Swift at the kernel's own addresses.
 *
 * Both loaders arrive here with paging off, flat segments and interrupts disabled. The code is linked at its physical
 * address; a symbol of the rest of the kernel is reached as PHYSICAL(symbol). */
#ifndef __linux__
#include "include/layout.h"
#define PHYSICAL(symbol) ((symbol) - APUS_IMAGE_OFFSET)
#define SLOT(address) ((((address) >> 39) & 511) * 8)      /* of an address in the top-level table */

    .section .boot.text, "ax"
    .code32
    .globl apus_multiboot2_entry
apus_multiboot2_entry:
    cli
    cld
    cmpl $0x36d76289, %eax
    jne unknown_loader
    movl $APUS_LOADER_MULTIBOOT2, %edi
    jmp common_entry

    .globl apus_pvh_entry
apus_pvh_entry:
    cli
    cld
    movl $APUS_LOADER_PVH, %edi

/* EDI: loader kind, EBX: physical address of what it passed. */
common_entry:
    movl $PHYSICAL(apus_boot_stack_top), %esp
    rdtsc
    movl %eax, PHYSICAL(apus_entry_timestamp)
    movl %edx, PHYSICAL(apus_entry_timestamp) + 4
    movl %ebx, %esi

    /* Long mode needs CPUID, leaf 8000_0001h and its bit LM. Intel SDM vol. 2A, CPUID. */
    pushfl
    popl %eax
    movl %eax, %ecx
    xorl $(1 << 21), %eax
    pushl %eax
    popfl
    pushfl
    popl %eax
    cmpl %eax, %ecx
    je not_64_bit
    movl $0x80000000, %eax
    cpuid
    cmpl $0x80000001, %eax
    jb not_64_bit
    movl $0x80000001, %eax
    cpuid
    testl $(1 << 29), %edx
    jz not_64_bit
    testl $(1 << 20), %edx
    jz no_execute_disable

    /* 4 GiB in 2 MiB pages: at 0, at the physical and the device map, and its first 2 GiB at the image's addresses. */
    movl $PHYSICAL(boot_directories), %eax
    orl $3, %eax
    movl $PHYSICAL(boot_pointers_low), %edx
    movl $4, %ecx
1:  movl %eax, (%edx)
    addl $4096, %eax
    addl $8, %edx
    loop 1b

    movl $PHYSICAL(boot_directories), %edx
    movl $0x83, %eax
    movl $2048, %ecx
1:  movl %eax, (%edx)
    addl $0x200000, %eax
    addl $8, %edx
    loop 1b

    movl $PHYSICAL(boot_directories) + 3, %eax
    movl %eax, PHYSICAL(boot_pointers_high) + 510 * 8
    addl $4096, %eax
    movl %eax, PHYSICAL(boot_pointers_high) + 511 * 8
    movl $PHYSICAL(boot_pointers_low) + 3, %eax
    movl %eax, PHYSICAL(boot_page_table)
    movl %eax, PHYSICAL(boot_page_table) + SLOT(APUS_PHYSICAL_MAP)
    movl %eax, PHYSICAL(boot_page_table) + SLOT(APUS_DEVICE_MAP)
    movl $PHYSICAL(boot_pointers_high) + 3, %eax
    movl %eax, PHYSICAL(boot_page_table) + SLOT(APUS_IMAGE_OFFSET)

    /* Where the CPU can translate 57 bits (CPUID leaf 7, ECX bit 16) it does from the start, because that cannot be changed in
     * 64-bit mode: one more table, whose first and last entries lead to what is the top table otherwise. */
    movl $PHYSICAL(boot_page_table), %ebp
    movl %cr4, %eax
    orl $(1 << 5), %eax                         /* PAE */
    movl %eax, %cr4
    xorl %eax, %eax
    cpuid
    cmpl $7, %eax
    jb 1f
    movl $7, %eax
    xorl %ecx, %ecx
    cpuid
    testl $(1 << 16), %ecx
    jz 1f
    leal 3(%ebp), %eax
    movl $PHYSICAL(boot_top_table), %ebp
    movl %eax, (%ebp)
    movl %eax, 511 * 8(%ebp)
    movl %cr4, %eax
    orl $(1 << 12), %eax                        /* LA57 */
    movl %eax, %cr4
1:  movl %ebp, %cr3
    movl $0xc0000080, %ecx                      /* EFER: LME and NXE */
    rdmsr
    orl $((1 << 8) | (1 << 11)), %eax
    wrmsr
    movl %cr0, %eax
    orl $((1 << 31) | (1 << 16) | 1), %eax      /* PG, WP, PE */
    movl %eax, %cr0
    lgdt boot_gdt_register
    ljmp $APUS_CODE_SELECTOR, $long_mode

    .code64
long_mode:
    movl $APUS_DATA_SELECTOR, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movabsq $high_half, %rax
    jmp *%rax

    .code32
not_64_bit:
    movl $message_64_bit, %esi
    jmp refuse
no_execute_disable:
    movl $message_no_execute, %esi
    jmp refuse
unknown_loader:
    movl $message_loader, %esi

/* Prints the text at ESI to the first serial port and the VGA text screen, and stops. */
refuse:
    movl $0xb8000, %edi
1:  lodsb
    testb %al, %al
    jz 2f
    movb $0x4f, %ah
    movw %ax, (%edi)
    addl $2, %edi
    movw $0x3f8, %dx
    outb %al, %dx
    jmp 1b
2:  hlt
    jmp 2b

message_64_bit: .asciz "Apus: this CPU has no 64-bit mode; use an x86_64 machine (for QEMU: qemu-system-x86_64 -cpu qemu64 or better).\r\n"
message_no_execute: .asciz "Apus: this CPU has no execute-disable bit, or the firmware has turned it off; turn it on there.\r\n"
message_loader: .asciz "Apus: the loader is neither Multiboot2 nor PVH; boot with GRUB's multiboot2 command or QEMU's -kernel.\r\n"

    .balign 8
    .globl boot_gdt, boot_page_table, boot_top_table
boot_gdt:
    .quad 0
    .quad 0x00cf9b000000ffff                    /* code, 32-bit, ring 0 */
    .quad 0x00af9b000000ffff                    /* code, 64-bit, ring 0 */
    .quad 0x00cf93000000ffff                    /* data, ring 0 */
boot_gdt_end:
boot_gdt_register:
    .word boot_gdt_end - boot_gdt - 1
    .quad boot_gdt

    .text
    .code64
high_half:
    movabsq $apus_boot_stack_top, %rsp
    xorl %ebp, %ebp
    movl %edi, %edi                             /* loader kind */
    movl %esi, %esi                             /* its information, physical */
    /* A fresh canary before the first function that checks one; its zero byte stops string copies. */
    movl $1, %eax
    cpuid
    testl $(1 << 30), %ecx                      /* RDRAND */
    jz 1f
    rdrand %rax
    jc 2f
1:  rdtsc
    shlq $32, %rdx
    orq %rdx, %rax
    movabsq $0x9e3779b97f4a7c15, %rdx
    imulq %rdx, %rax
2:  xorb %al, %al
    movq %rax, __stack_chk_guard(%rip)

    /* On a CPU with SMAP (CPUID leaf 7, EBX bit 20), put its instructions in their places; the boot tables let code be written. */
    xorl %eax, %eax
    cpuid
    cmpl $7, %eax
    jb 2f
    movl $7, %eax
    xorl %ecx, %ecx
    cpuid
    testl $(1 << 20), %ebx
    jz 2f
    movabsq $apus_smap_sites_start, %rdx
    movabsq $apus_smap_sites_end, %rcx
1:  movq (%rdx), %rax
    movb $0x01, 1(%rax)
    movb 8(%rdx), %bl
    movb %bl, 2(%rax)
    addq $16, %rdx
    cmpq %rcx, %rdx
    jb 1b
    xorl %eax, %eax
    cpuid                                       /* makes sure that no old instruction is still in the pipeline */
2:
    pushq $0                                    /* ends the frame chain; keeps the stack aligned for the call */
    pushq $0
    call apus_start
    call main                                   /* the executable's top-level Swift */
1:  cli
    hlt
    jmp 1b

    .bss
    .balign 4096
boot_page_table: .skip 4096
boot_top_table: .skip 4096
boot_pointers_low: .skip 4096
boot_pointers_high: .skip 4096
boot_directories: .skip 4 * 4096
    .balign 8
    .globl apus_entry_timestamp
apus_entry_timestamp: .skip 8

/* Stacks, each above a guard page that the kernel page tables leave out. */
    .section .stacks, "aw", @nobits
    .balign 4096
    .globl apus_boot_stack, apus_boot_stack_top, apus_interrupt_stacks
    .skip APUS_GUARD_SIZE
apus_boot_stack: .skip APUS_STACK_SIZE
apus_boot_stack_top:
apus_interrupt_stacks: .skip APUS_INTERRUPT_STACKS * (APUS_GUARD_SIZE + APUS_INTERRUPT_STACK_SIZE)

/* ImageTool puts the symbol table here. */
    .section .symbols, "a"
    .globl apus_symbols
apus_symbols: .skip 32
#endif
