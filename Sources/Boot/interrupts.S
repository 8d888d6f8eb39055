/* The common half of every interrupt entry. The stubs, one a vector, are generated from Specs/interrupts.json and push the
 * error code (or 0) and the vector. The frame matches `struct apus_trap_frame`. */
#ifndef __linux__
#include "smap.h"

    .section .text.interrupts, "ax"
    .globl apus_interrupt_common
    .type apus_interrupt_common, @function
apus_interrupt_common:
    cld
    close_user_memory                           /* the CPU leaves it as it was in the middle of a user copy; IRET restores it */
    pushq %rax
    pushq %rcx
    pushq %rdx
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
    movq %rsp, %rdi
    xorl %ebp, %ebp                             /* a backtrace starts anew from the frame's own RBP */
    movq %rsp, %rbx
    andq $-16, %rsp
    call apus_interrupt
    movq %rbx, %rsp
    popq %r15
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
