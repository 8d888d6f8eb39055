/* What only assembly can try: whether an exception gives every register back, and exceptions that no compiler will emit. */
#ifndef __linux__
    .text
/* void apus_spend_thousand_instructions(void): 1000 of them, the return included. */
    .globl apus_spend_thousand_instructions
    .type apus_spend_thousand_instructions, @function
apus_spend_thousand_instructions:
    movl $499, %ecx
1:  decl %ecx
    jne 1b
    ret
    .size apus_spend_thousand_instructions, . - apus_spend_thousand_instructions

/* int apus_probe_registers(void): puts a pattern into every general register but RSP, raises #BP, and returns 1 if all
 * patterns are still there. */
    .globl apus_probe_registers
    .type apus_probe_registers, @function
apus_probe_registers:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movabsq $0x0101010101010101, %rax
    leaq (%rax, %rax), %rbx
    leaq (%rbx, %rax), %rcx
    leaq (%rcx, %rax), %rdx
    leaq (%rdx, %rax), %rsi
    leaq (%rsi, %rax), %rdi
    leaq (%rdi, %rax), %rbp
    leaq (%rbp, %rax), %r8
    leaq (%r8, %rax), %r9
    leaq (%r9, %rax), %r10
    leaq (%r10, %rax), %r11
    leaq (%r11, %rax), %r12
    leaq (%r12, %rax), %r13
    leaq (%r13, %rax), %r14
    leaq (%r14, %rax), %r15
    int3
    /* Each register less its neighbour is the first pattern again, if nothing changed. */
    .macro neighbour high, low
    subq \low, \high
    cmpq %rax, \high
    jne 1f
    .endm
    neighbour %r15, %r14
    neighbour %r14, %r13
    neighbour %r13, %r12
    neighbour %r12, %r11
    neighbour %r11, %r10
    neighbour %r10, %r9
    neighbour %r9, %r8
    neighbour %r8, %rbp
    neighbour %rbp, %rdi
    neighbour %rdi, %rsi
    neighbour %rsi, %rdx
    neighbour %rdx, %rcx
    neighbour %rcx, %rbx
    neighbour %rbx, %rax
    movabsq $0x0101010101010101, %rbx
    cmpq %rax, %rbx
    jne 1f
    movl $1, %eax
    jmp 2f
1:  xorl %eax, %eax
2:  popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size apus_probe_registers, . - apus_probe_registers

    .globl apus_divide_by_zero
    .type apus_divide_by_zero, @function
apus_divide_by_zero:
    pushq %rbp
    movq %rsp, %rbp
    xorl %ecx, %ecx
    xorl %edx, %edx
    movl $1, %eax
    divl %ecx
    popq %rbp
    ret
    .size apus_divide_by_zero, . - apus_divide_by_zero

/* Points RSP into nothing and pushes: the page fault cannot be delivered either. */
    .globl apus_lose_stack
    .type apus_lose_stack, @function
apus_lose_stack:
    pushq %rbp
    movq %rsp, %rbp
    movl $0x1000, %esp
    pushq %rax
    ud2
    .size apus_lose_stack, . - apus_lose_stack

/* Loads a selector that no descriptor belongs to. */
    .globl apus_load_bad_selector
    .type apus_load_bad_selector, @function
apus_load_bad_selector:
    pushq %rbp
    movq %rsp, %rbp
    movl $0x7ff8, %eax
    movl %eax, %fs
    popq %rbp
    ret
    .size apus_load_bad_selector, . - apus_load_bad_selector
#endif
