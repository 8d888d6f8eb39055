/* The C library's four memory functions, which the compiler and the Swift runtime call.
 *
 * Most calls are short, so up to 64 bytes go through general registers without a loop: a length between two sizes is two
 * moves of the smaller that overlap. Every load comes before the first store, so memcpy and memmove are one function. What
 * is longer goes by string instructions in units of eight bytes, with one overlapping move for the rest. Vector registers
 * belong to programs and are never touched. */
#ifndef __linux__
    .macro function name
    .balign 16
    .globl \name
    .type \name, @function
\name:
    .endm

    .text
    function memcpy
    function memmove
    movq %rdi, %rax
0:  cmpq $16, %rdx
    ja 5f
    cmpl $8, %edx
    jb 1f
    movq (%rsi), %rcx                           /* 8 to 16 */
    movq -8(%rsi, %rdx), %rsi
    movq %rcx, (%rdi)
    movq %rsi, -8(%rdi, %rdx)
    ret
1:  cmpl $4, %edx
    jb 2f
    movl (%rsi), %ecx                           /* 4 to 7 */
    movl -4(%rsi, %rdx), %esi
    movl %ecx, (%rdi)
    movl %esi, -4(%rdi, %rdx)
    ret
2:  cmpl $2, %edx
    jb 3f
    movzwl (%rsi), %ecx                         /* 2 or 3 */
    movzwl -2(%rsi, %rdx), %esi
    movw %cx, (%rdi)
    movw %si, -2(%rdi, %rdx)
    ret
3:  testl %edx, %edx
    je 4f
    movzbl (%rsi), %ecx
    movb %cl, (%rdi)
4:  ret

5:  cmpq $32, %rdx
    ja 6f
    movq (%rsi), %rcx                           /* 17 to 32 */
    movq 8(%rsi), %r8
    movq -16(%rsi, %rdx), %r9
    movq -8(%rsi, %rdx), %r10
    movq %rcx, (%rdi)
    movq %r8, 8(%rdi)
    movq %r9, -16(%rdi, %rdx)
    movq %r10, -8(%rdi, %rdx)
    ret
6:  cmpq $64, %rdx
    ja 7f
    pushq %rbx                                  /* 33 to 64 */
    movq (%rsi), %rcx
    movq 8(%rsi), %r8
    movq 16(%rsi), %r9
    movq 24(%rsi), %r10
    movq -32(%rsi, %rdx), %r11
    movq -24(%rsi, %rdx), %rbx
    movq -16(%rsi, %rdx), %rax
    movq -8(%rsi, %rdx), %rsi
    movq %rcx, (%rdi)
    movq %r8, 8(%rdi)
    movq %r9, 16(%rdi)
    movq %r10, 24(%rdi)
    movq %r11, -32(%rdi, %rdx)
    movq %rbx, -24(%rdi, %rdx)
    movq %rax, -16(%rdi, %rdx)
    movq %rsi, -8(%rdi, %rdx)
    movq %rdi, %rax
    popq %rbx
    ret

7:  movq %rdi, %rcx
    subq %rsi, %rcx
    cmpq %rdx, %rcx
    jb 8f                                       /* the target begins inside the source */
    movq %rdx, %rcx
    movq -8(%rsi, %rdx), %r8
    leaq -8(%rdi, %rdx), %r9
    shrq $3, %rcx
    rep movsq
    movq %r8, (%r9)
    ret
    /* From the end, by a loop: no CPU is fast at string instructions that count down. */
8:  movq -8(%rsi, %rdx), %rcx
    movq -16(%rsi, %rdx), %r8
    movq -24(%rsi, %rdx), %r9
    movq -32(%rsi, %rdx), %r10
    movq %rcx, -8(%rdi, %rdx)
    movq %r8, -16(%rdi, %rdx)
    movq %r9, -24(%rdi, %rdx)
    movq %r10, -32(%rdi, %rdx)
    subq $32, %rdx
    cmpq $32, %rdx
    ja 8b
    jmp 0b
    .size memmove, . - memmove
    .size memcpy, . - memcpy

    function memset
    movzbl %sil, %esi
    movabsq $0x0101010101010101, %rax
    imulq %rax, %rsi
    movq %rdi, %rax
    cmpq $16, %rdx
    ja 5f
    cmpl $8, %edx
    jb 1f
    movq %rsi, (%rdi)
    movq %rsi, -8(%rdi, %rdx)
    ret
1:  cmpl $4, %edx
    jb 2f
    movl %esi, (%rdi)
    movl %esi, -4(%rdi, %rdx)
    ret
2:  testl %edx, %edx
    je 3f
    movb %sil, (%rdi)
    movb %sil, -1(%rdi, %rdx)
    shrl $1, %edx
    movb %sil, (%rdi, %rdx)
3:  ret

5:  cmpq $64, %rdx
    ja 7f
    movq %rsi, (%rdi)
    movq %rsi, 8(%rdi)
    movq %rsi, -16(%rdi, %rdx)
    movq %rsi, -8(%rdi, %rdx)
    cmpl $32, %edx
    jbe 6f
    movq %rsi, 16(%rdi)
    movq %rsi, 24(%rdi)
    movq %rsi, -32(%rdi, %rdx)
    movq %rsi, -24(%rdi, %rdx)
6:  ret

7:  movq %rdi, %r8
    movq %rsi, %rax
    movq %rax, -8(%rdi, %rdx)
    movq %rdx, %rcx
    shrq $3, %rcx
    rep stosq
    movq %r8, %rax
    ret
    .size memset, . - memset

/* The sign of the first difference, bytes taken as unsigned: by words, whose first byte is made the highest. */
    function memcmp
    xorl %eax, %eax
    subq $8, %rdx
    jb 3f
1:  movq (%rdi), %rcx
    movq (%rsi), %r8
    cmpq %r8, %rcx
    jne 2f
    testq %rdx, %rdx
    je 6f
    addq $8, %rdi
    addq $8, %rsi
    subq $8, %rdx
    jae 1b
    addq %rdx, %rdi                             /* the last word overlaps the one before it */
    addq %rdx, %rsi
    xorl %edx, %edx
    jmp 1b
2:  bswapq %rcx
    bswapq %r8
    cmpq %r8, %rcx
    sbbl %eax, %eax
    orl $1, %eax
    ret
3:  addl $8, %edx
    je 6f
4:  movzbl (%rdi), %eax
    movzbl (%rsi), %ecx
    subl %ecx, %eax
    jne 6f
    incq %rdi
    incq %rsi
    decl %edx
    jne 4b
6:  ret
    .size memcmp, . - memcmp
#endif
