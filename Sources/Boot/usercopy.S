/* The only code of the kernel that touches programs' memory.
 *
 * Each function opens SMAP for its accesses and closes it before it returns. When an access faults and nobody resolves the
 * fault, the page-fault handler goes on at the fix-up that the table in .user_fixups names for the instruction; it closes SMAP
 * too. Small sizes are moves of whole words that overlap; after a fault they are done again byte by byte, so that exactly
 * the bytes before the bad one are done. CPUs without SMAP have no such instructions: three-byte no-operations stand in their
 * place, which entry.S replaces where they exist. */
#ifndef __linux__
#include "smap.h"

    /* From here to the next `end_access`, a fault goes on at `fixup`. */
    .macro begin_access
7700:
    .endm
    .macro end_access fixup
7701:
    .pushsection .user_fixups, "a"
    .quad 7700b, 7701b, \fixup
    .popsection
    .endm

    .section .text.user_access, "ax"

/* size_t apus_user_copy(target, source, count): copies in either direction; returns how many bytes were not copied.
 * RDI, RSI and RDX say what is left whenever an access faults. */
    .balign 16
    .globl apus_user_copy
    .type apus_user_copy, @function
apus_user_copy:
    open_user_memory
    cmpq $16, %rdx
    ja 4f
    cmpl $8, %edx
    jb 1f
    begin_access
    movq (%rsi), %rcx                           /* 8 to 16 */
    movq -8(%rsi, %rdx), %r8
    movq %rcx, (%rdi)
    movq %r8, -8(%rdi, %rdx)
    end_access copy_bytes
    jmp 3f
1:  cmpl $4, %edx
    jb 2f
    begin_access
    movl (%rsi), %ecx                           /* 4 to 7 */
    movl -4(%rsi, %rdx), %r8d
    movl %ecx, (%rdi)
    movl %r8d, -4(%rdi, %rdx)
    end_access copy_bytes
    jmp 3f
2:  testl %edx, %edx
    jne copy_bytes                              /* 1 to 3 */
3:  close_user_memory
    xorl %eax, %eax
    ret

4:  cmpq $32, %rdx
    ja 5f
    begin_access
    movq (%rsi), %rcx                           /* 17 to 32 */
    movq 8(%rsi), %r8
    movq -16(%rsi, %rdx), %r9
    movq -8(%rsi, %rdx), %r10
    movq %rcx, (%rdi)
    movq %r8, 8(%rdi)
    movq %r9, -16(%rdi, %rdx)
    movq %r10, -8(%rdi, %rdx)
    end_access copy_bytes
    jmp 3b

5:  movq %rdx, %rcx
    shrq $3, %rcx
    andl $7, %edx
    begin_access
    rep movsq
    end_access copy_words
    testl %edx, %edx
    je 3b
    begin_access
    movq -8(%rsi, %rdx), %rcx                   /* the rest with some of the last word again */
    movq %rcx, -8(%rdi, %rdx)
    end_access copy_bytes
    jmp 3b

copy_words:
    leaq (%rdx, %rcx, 8), %rdx
copy_bytes:
    begin_access
    movb (%rsi), %cl
    movb %cl, (%rdi)
    end_access access_left
    incq %rsi
    incq %rdi
    decq %rdx
    jne copy_bytes
access_left:
    close_user_memory
    movq %rdx, %rax
    ret
    .size apus_user_copy, . - apus_user_copy

/* size_t apus_user_clear(target, count): fills with zeros; returns how many bytes were not filled. */
    .balign 16
    .globl apus_user_clear
    .type apus_user_clear, @function
apus_user_clear:
    movq %rsi, %rdx
    xorl %eax, %eax
    open_user_memory
    movq %rdx, %rcx
    shrq $3, %rcx
    je 1f
    andl $7, %edx
    begin_access
    rep stosq
    end_access clear_words
    testl %edx, %edx
    je 2f
    begin_access
    movq %rax, -8(%rdi, %rdx)
    end_access clear_bytes
    jmp 2f
1:  testl %edx, %edx
    jne clear_bytes
2:  close_user_memory
    ret
clear_words:
    leaq (%rdx, %rcx, 8), %rdx
clear_bytes:
    begin_access
    movb %al, (%rdi)
    end_access access_left
    incq %rdi
    decq %rdx
    jne clear_bytes
    jmp access_left
    .size apus_user_clear, . - apus_user_clear

/* size_t apus_user_string(target, source, limit): copies up to a zero byte, which it does not copy but writes; returns the
 * length, `limit` when there is no zero byte among so many, or ~0 when the string is not all there.
 * Words are read at multiples of eight, so that no byte of a page behind the string's is touched. */
    .balign 16
    .globl apus_user_string
    .type apus_user_string, @function
apus_user_string:
    movq %rdx, %r11                             /* the limit; RDX is what is left of it */
    movabsq $0x0101010101010101, %r8
    movabsq $0x8080808080808080, %r9
    open_user_memory
1:  testq %rdx, %rdx
    je 4f
    testl $7, %esi
    je 3f
2:  begin_access
    movb (%rsi), %cl
    end_access access_failed
    movb %cl, (%rdi)
    testb %cl, %cl
    je 4f
    incq %rsi
    incq %rdi
    decq %rdx
    jmp 1b
3:  cmpq $8, %rdx
    jb 2b
    begin_access
    movq (%rsi), %rcx
    end_access access_failed
    movq %rcx, %r10                             /* the highest bit of the first byte that is zero, and maybe of later ones */
    movq %rcx, %rax
    subq %r8, %rax
    notq %r10
    andq %r9, %rax
    andq %r10, %rax
    jne 5f
    movq %rcx, (%rdi)
    addq $8, %rsi
    addq $8, %rdi
    subq $8, %rdx
    jne 3b
4:  close_user_memory
    movq %r11, %rax
    subq %rdx, %rax
    ret
5:  bsfq %rax, %r10
    leaq -7(%r10), %r10                         /* the number of bits before the zero byte */
    movq %rcx, %rax
    movl %r10d, %ecx
    movq $-1, %r8
    shlq %cl, %r8
    notq %r8
    andq %r8, %rax
    movq %rax, (%rdi)
    shrl $3, %ecx
    subq %rcx, %rdx
    jmp 4b
access_failed:
    close_user_memory
    movq $-1, %rax
    ret
    .size apus_user_string, . - apus_user_string

/* size_t apus_user_store_high16(target, source, count): stores the highest 16 bits of each of `count` words at their place in an
 * array of such words; returns how many were not stored. */
    .balign 16
    .globl apus_user_store_high16
    .type apus_user_store_high16, @function
apus_user_store_high16:
    open_user_memory
    testq %rdx, %rdx
    je 2f
1:  movzwl 6(%rsi), %ecx
    begin_access
    movw %cx, 6(%rdi)
    end_access access_left
    addq $8, %rsi
    addq $8, %rdi
    decq %rdx
    jne 1b
2:  close_user_memory
    xorl %eax, %eax
    ret
    .size apus_user_store_high16, . - apus_user_store_high16

/* size_t apus_user_load32(address, value): one load; returns 0, or ~0 for a fault. */
    .balign 16
    .globl apus_user_load32
    .type apus_user_load32, @function
apus_user_load32:
    open_user_memory
    begin_access
    movl (%rdi), %ecx
    end_access access_failed
    close_user_memory
    movl %ecx, (%rsi)
    xorl %eax, %eax
    ret
    .size apus_user_load32, . - apus_user_load32

/* size_t apus_user_compare_exchange32(address, expected, desired): one locked exchange. `expected` is replaced by what was
 * there; returns 0, or ~0 for a fault. */
    .balign 16
    .globl apus_user_compare_exchange32
    .type apus_user_compare_exchange32, @function
apus_user_compare_exchange32:
    movl (%rsi), %eax
    open_user_memory
    begin_access
    lock cmpxchgl %edx, (%rdi)
    end_access access_failed
    close_user_memory
    movl %eax, (%rsi)
    xorl %eax, %eax
    ret
    .size apus_user_compare_exchange32, . - apus_user_compare_exchange32

/* Offsets in the area of FXSAVE and XSAVE: what is the software's, and the header. Intel SDM vol. 1, 10.5.1 and 13.4. */
#define SOFTWARE_WORDS 464
#define HEADER 512

/* size_t apus_user_save_extended(address, components, software, mark): the registers as XSAVE writes them, at a multiple of 64, with
 * the six words of `software` in the place that is the software's, and the low half of word 6 at `mark`. XSAVE leaves most of the
 * header as it is, so that is cleared first. Returns 0, or ~0 for a fault. */
    .balign 16
    .globl apus_user_save_extended
    .type apus_user_save_extended, @function
apus_user_save_extended:
    movq %rdx, %r8
    movq %rcx, %r9
    movl %esi, %eax
    movq %rsi, %rdx
    shrq $32, %rdx
    xorl %ecx, %ecx
    open_user_memory
    begin_access
    movq %rcx, HEADER(%rdi)
    movq %rcx, HEADER + 8(%rdi)
    movq %rcx, HEADER + 16(%rdi)
    movq %rcx, HEADER + 24(%rdi)
    movq %rcx, HEADER + 32(%rdi)
    movq %rcx, HEADER + 40(%rdi)
    movq %rcx, HEADER + 48(%rdi)
    movq %rcx, HEADER + 56(%rdi)
    xsave64 (%rdi)
    movq (%r8), %rax
    movq 8(%r8), %rcx
    movq %rax, SOFTWARE_WORDS(%rdi)
    movq %rcx, SOFTWARE_WORDS + 8(%rdi)
    movq 16(%r8), %rax
    movq 24(%r8), %rcx
    movq %rax, SOFTWARE_WORDS + 16(%rdi)
    movq %rcx, SOFTWARE_WORDS + 24(%rdi)
    movq 32(%r8), %rax
    movq 40(%r8), %rcx
    movq %rax, SOFTWARE_WORDS + 32(%rdi)
    movq %rcx, SOFTWARE_WORDS + 40(%rdi)
    movl 48(%r8), %eax
    movl %eax, (%r9)
    end_access access_failed
    close_user_memory
    xorl %eax, %eax
    ret
    .size apus_user_save_extended, . - apus_user_save_extended

/* size_t apus_user_save_legacy(address): the same as FXSAVE writes them, without words of the software's. */
    .balign 16
    .globl apus_user_save_legacy
    .type apus_user_save_legacy, @function
apus_user_save_legacy:
    open_user_memory
    begin_access
    fxsave64 (%rdi)
    end_access access_failed
    close_user_memory
    xorl %eax, %eax
    ret
    .size apus_user_save_legacy, . - apus_user_save_legacy

/* size_t apus_user_restore_extended(address, components): loads the registers with what a program has at a multiple of 64.
 * What the CPU refuses is a general-protection fault, which ends here like a page fault: some registers may have been loaded.
 * Returns 0, or ~0. */
    .balign 16
    .globl apus_user_restore_start
apus_user_restore_start:
    .globl apus_user_restore_extended
    .type apus_user_restore_extended, @function
apus_user_restore_extended:
    movl %esi, %eax
    movq %rsi, %rdx
    shrq $32, %rdx
    open_user_memory
    begin_access
    xrstor64 (%rdi)
    end_access access_failed
    close_user_memory
    xorl %eax, %eax
    ret
    .size apus_user_restore_extended, . - apus_user_restore_extended

/* size_t apus_user_restore_legacy(address): the same with what FXSAVE wrote, at a multiple of 16. */
    .balign 16
    .globl apus_user_restore_legacy
    .type apus_user_restore_legacy, @function
apus_user_restore_legacy:
    open_user_memory
    begin_access
    fxrstor64 (%rdi)
    end_access access_failed
    close_user_memory
    xorl %eax, %eax
    ret
    .size apus_user_restore_legacy, . - apus_user_restore_legacy
    .globl apus_user_restore_end
apus_user_restore_end:

/* What a program begins with: all exceptions masked, double extended precision, nothing in use. */
    .section .rodata
    .balign 64
    .globl apus_initial_extended_state
apus_initial_extended_state:
    .long 0x37f
    .fill 20, 1, 0
    .long 0x1f80
    .fill 576 - 28, 1, 0
#endif
