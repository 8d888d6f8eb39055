/* From one thread to another, from a program into the kernel, and back.
 *
 * A thread's kernel stack begins with the frame of its program's registers, `struct apus_trap_frame`, whether they were pushed
 * by a system call or by an interrupt. */
#ifndef __linux__
#include "include/layout.h"

    .section .text.threads, "ax"
    .code64

/* void *apus_switch_threads(uint64_t *saved, uint64_t next, void *from)
 *
 * Saves what a function must keep, and the stack pointer in `*saved`; goes on with the thread whose stack pointer `next` is, and
 * returns there the `from` of the thread that was left. */
    .globl apus_switch_threads
    .type apus_switch_threads, @function
apus_switch_threads:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    movq %rdx, %rax
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size apus_switch_threads, . - apus_switch_threads

/* Where a new thread begins, as if it returned from apus_switch_threads. */
    .globl apus_thread_entry
    .type apus_thread_entry, @function
apus_thread_entry:
    movq %rax, %rdi
    xorl %ebp, %ebp
    call apus_thread_begin
    ud2
    .size apus_thread_entry, . - apus_thread_entry

/* uint32_t apus_contain(uint64_t *saved, void *call)
 *
 * Calls apus_contained(call), after saving in `*saved` the stack pointer with which apus_contain_abort can end it from wherever it
 * is. Returns 0 when the call has returned, and 1 when it was ended. */
    .globl apus_contain
    .type apus_contain, @function
apus_contain:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    pushq %rdi
    movq %rsp, (%rdi)
    movq %rsi, %rdi
    call apus_contained
    xorl %eax, %eax
    jmp 1f
    .globl apus_contain_abort
apus_contain_abort:
    movl $1, %eax
1:
    movq (%rsp), %rdi
    movq $0, (%rdi)                             /* while all is still there: from here on it cannot be ended */
    addq $8, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size apus_contain, . - apus_contain

/* void apus_clear_stack(uint64_t end): writes zeros from the end of the stack up to where it is in use. */
    .globl apus_clear_stack
    .type apus_clear_stack, @function
apus_clear_stack:
    movq %rsp, %rcx
    subq %rdi, %rcx
    shrq $3, %rcx
    xorl %eax, %eax
    rep stosq
    ret
    .size apus_clear_stack, . - apus_clear_stack

/* Where a program enters by SYSCALL: RCX has its instruction pointer, R11 its flags, interrupts are off. AMD APM vol. 3, SYSCALL.
 *
 * The frame is complete while the call is served. On the way back only those registers are taken from it that Swift's functions
 * may change: RBX, R12, R14 and R15 are the program's again when the call has been served, unless the call gave the program other
 * registers. Then, as for whatever else is not as usual, all come from the frame. */
#define SINGLE_STEP (1 << 8)
    .globl apus_system_call_entry
    .type apus_system_call_entry, @function
apus_system_call_entry:
    swapgs
    movq %rsp, %gs:APUS_AREA_USER_STACK
    movq %gs:APUS_AREA_KERNEL_STACK, %rsp
    pushq $APUS_USER_DATA_SELECTOR
    pushq %gs:APUS_AREA_USER_STACK
    pushq %r11
    pushq $APUS_USER_CODE_SELECTOR
    pushq %rcx
    pushq %rax                                  /* the number, in the place of an error code */
    pushq $APUS_SYSTEM_CALL_VECTOR
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
    movl %eax, %edi                             /* the number is an int, whatever the upper half of the register holds */
    movq %rsp, %rsi
    movq %gs:APUS_AREA_CALL_SERVER, %r13        /* where a method of Swift's has its object */
    xorl %ebp, %ebp
    sti
    call apus_serve_call
    cli
    cmpb $0, %gs:APUS_AREA_RESCHEDULE
    jne 1f
    movq %gs:APUS_AREA_THREAD, %rcx
    cmpl $0, APUS_THREAD_WORK(%rcx)
    jne 1f
    cmpq $APUS_SYSTEM_CALL_VECTOR, APUS_FRAME_VECTOR(%rsp)
    jne 2f
    movq APUS_FRAME_FLAGS(%rsp), %r11
    testl $SINGLE_STEP, %r11d                   /* SYSRET would trap before the program's next instruction */
    jne 2f
    movq APUS_FRAME_R13(%rsp), %r13
    movq APUS_FRAME_R10(%rsp), %r10
    movq APUS_FRAME_R9(%rsp), %r9
    movq APUS_FRAME_R8(%rsp), %r8
    movq APUS_FRAME_RDI(%rsp), %rdi
    movq APUS_FRAME_RSI(%rsp), %rsi
    movq APUS_FRAME_RBP(%rsp), %rbp
    movq APUS_FRAME_RDX(%rsp), %rdx
    /* No address that SYSRET would fault on: SYSCALL put there what lies behind it, and no program has the last page below those. */
    movq APUS_FRAME_RIP(%rsp), %rcx
    movq APUS_FRAME_RSP(%rsp), %rsp
    swapgs
    sysretq
1:  movq %rax, APUS_FRAME_RAX(%rsp)
    call apus_leave_to_user
    jmp apus_return_to_user
2:  movq %rax, APUS_FRAME_RAX(%rsp)
    jmp apus_return_to_user
    .size apus_system_call_entry, . - apus_system_call_entry

/* Goes on in the program whose frame the stack pointer is at. Interrupts are off. */
    .globl apus_return_to_user
    .type apus_return_to_user, @function
apus_return_to_user:
    swapgs
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
    .size apus_return_to_user, . - apus_return_to_user

/* void apus_enter_user(uint64_t frame): the same from Swift, with the frame that a thread's stack begins with. */
    .globl apus_enter_user
    .type apus_enter_user, @function
apus_enter_user:
    movq %rdi, %rsp
    jmp apus_return_to_user
    .size apus_enter_user, . - apus_enter_user
#endif
