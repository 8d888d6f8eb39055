/* The common half of every interrupt entry. The stubs, one a vector, are generated from Specs/interrupts.json and push the
 * error code (or 0) and the vector. The frame matches `struct apus_trap_frame`. */
#ifndef __linux__
#include "include/layout.h"
#include "smap.h"

/* Vectors that may arrive while the kernel runs with a program's GS base, in the few instructions before and after SWAPGS:
 * debug, non-maskable, double fault, machine check. Each has a stack of its own. */
#define VECTORS_ANYWHERE ((1 << 1) | (1 << 2) | (1 << 8) | (1 << 18))

/* The first words of a frame, when two registers have been pushed below them. */
#define EARLY_VECTOR 16
#define EARLY_CODE_SELECTOR 40
#define EARLY_STACK_POINTER 56
/* The first vector that does not belong to an exception. */
#define FIRST_ARRIVAL 32

    .section .text.interrupts, "ax"
    .globl apus_interrupt_common
    .type apus_interrupt_common, @function
apus_interrupt_common:
    cld
    close_user_memory                           /* the CPU leaves it as it was in the middle of a user copy; IRET restores it */
    pushq %rax
    pushq %rcx
    testb $3, EARLY_CODE_SELECTOR(%rsp)
    jnz 8f
    movl EARLY_VECTOR(%rsp), %ecx
    cmpl $FIRST_ARRIVAL, %ecx
    jae 6f
    cmpl $18, %ecx
    ja 5f
    movl $VECTORS_ANYWHERE, %eax
    btl %ecx, %eax
    jc 8f
5:  movq %rsp, %rax                             /* an exception of work that can be ended: is there room to handle it? */
    subq %gs:APUS_AREA_GUARD, %rax
    cmpq $(APUS_GUARD_SIZE + APUS_STACK_RESERVE), %rax
    jae 8f
    movq %gs:APUS_AREA_FAULT_STACK, %rax
    jmp 7f
6:  movq EARLY_STACK_POINTER(%rsp), %rax        /* an arrival, on its own stack: is there room where the kernel was? */
    andq $-16, %rax
    cmpq %gs:APUS_AREA_STACK_LIMIT, %rax
    jb 8f
7:  movq 64(%rsp), %rcx                         /* what was pushed so far moves to below RAX */
    movq %rcx, -8(%rax)
    movq 56(%rsp), %rcx
    movq %rcx, -16(%rax)
    movq 48(%rsp), %rcx
    movq %rcx, -24(%rax)
    movq 40(%rsp), %rcx
    movq %rcx, -32(%rax)
    movq 32(%rsp), %rcx
    movq %rcx, -40(%rax)
    movq 24(%rsp), %rcx
    movq %rcx, -48(%rax)
    movq 16(%rsp), %rcx
    movq %rcx, -56(%rax)
    movq 8(%rsp), %rcx
    movq %rcx, -64(%rax)
    movq (%rsp), %rcx
    movq %rcx, -72(%rax)
    leaq -72(%rax), %rsp
8:  pushq %rdx
    pushq %rbx
    pushq %rbp
    pushq %rsi
    pushq %rdi
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    .globl apus_interrupt_entered
apus_interrupt_entered:
    xorl %r12d, %r12d                           /* whether a program's GS base is put back at the end */
    movq APUS_FRAME_VECTOR(%rsp), %rcx
    testb $3, APUS_FRAME_CODE_SELECTOR(%rsp)
    jnz 1f
    cmpl $18, %ecx
    ja 2f
    movl $VECTORS_ANYWHERE, %eax
    btl %ecx, %eax
    jnc 2f
    movl $0xc0000101, %ecx                      /* the GS base: a program's never lies in the kernel's window */
    rdmsr
    shrl $12, %edx
    cmpl $(APUS_WINDOW_START >> 44), %edx
    je 2f
    swapgs                                      /* it stays on its own stack: the one that it has come upon may not be the kernel's */
    incl %r12d
    jmp 2f
1:  swapgs
    incl %r12d
    cmpl $FIRST_ARRIVAL, %ecx
    jae 4f
    cmpl $18, %ecx
    ja 2f
    movl $VECTORS_ANYWHERE, %eax
    btl %ecx, %eax
    jnc 2f
4:  movq %gs:APUS_AREA_KERNEL_STACK, %rdi       /* a program's: on its thread's stack it may wait like any other */
    subq $APUS_TRAP_FRAME_SIZE, %rdi
    movq %rsp, %rsi
    movq %rdi, %rsp
    movl $(APUS_TRAP_FRAME_SIZE / 8), %ecx
    rep movsq
2:  movq %rsp, %rdi
    xorl %ebp, %ebp                             /* a backtrace starts anew from the frame's own RBP */
    movq %rsp, %rbx
    andq $-16, %rsp
    call apus_interrupt
    movq %rbx, %rsp
    testl %r12d, %r12d
    jz 3f
    swapgs
3:  popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rdi
    popq %rsi
    popq %rbp
    popq %rbx
    popq %rdx
    popq %rcx
    popq %rax
    addq $16, %rsp
    iretq
    .size apus_interrupt_common, . - apus_interrupt_common
#endif
