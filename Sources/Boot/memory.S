/* The C library's four memory functions, which the Swift runtime and the compiler call. Every x86_64 CPU of the last
 * decade has fast string operations (ERMS), and TCG translates them to block copies. */
#ifndef __linux__
    .text
    .globl memcpy, memmove, memset, memcmp
    .type memcpy, @function
memcpy:
    movq %rdi, %rax
    movq %rdx, %rcx
    rep movsb
    ret
    .size memcpy, . - memcpy

    .type memmove, @function
memmove:
    movq %rdi, %rax
    movq %rdi, %rcx
    subq %rsi, %rcx
    cmpq %rdx, %rcx                             /* forward unless the target starts inside the source */
    movq %rdx, %rcx
    jb 1f
    rep movsb
    ret
1:  leaq -1(%rdi, %rdx), %rdi
    leaq -1(%rsi, %rdx), %rsi
    std
    rep movsb
    cld
    ret
    .size memmove, . - memmove

    .type memset, @function
memset:
    movq %rdi, %r8
    movzbl %sil, %eax
    movq %rdx, %rcx
    rep stosb
    movq %r8, %rax
    ret
    .size memset, . - memset

    .type memcmp, @function
memcmp:
    xorl %eax, %eax
    testq %rdx, %rdx
    je 1f
    movq %rdx, %rcx
    repe cmpsb
    je 1f
    movzbl -1(%rdi), %eax
    movzbl -1(%rsi), %ecx
    subl %ecx, %eax
1:  ret
    .size memcmp, . - memcmp
#endif
