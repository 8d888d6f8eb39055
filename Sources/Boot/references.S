/* Reference counting, which the compiler calls by C names. The runtime's own functions are weak; these are shorter, and most calls
 * of the kernel are paid for in them.
 *
 * An object's count is the word behind its metadata: the references to it; all bits but the highest for one that is never freed or
 * is being freed; the highest bit for one that lies on a stack. So the low half is all ones exactly for what is not counted: four
 * thousand million references would need more memory than that many words. What is no object's address, zero or with bit 63, is
 * left alone. Source: Swift's EmbeddedRuntime.swift, "Reference counting". */
#ifndef __linux__
#include "include/layout.h"

    .macro function name
    .balign 16
    .globl \name
    .type \name, @function
\name:
    .endm

    .section .text.references, "ax"
    .code64

/* void *swift_retain(void *object) */
    function swift_retain
    movq %rdi, %rax
    testq %rdi, %rdi
    jle 1f
    cmpl $-1, 8(%rdi)
    je 1f
    lock incq 8(%rdi)
1:  ret
    .size swift_retain, . - swift_retain

/* void swift_release(void *object) */
    function swift_release
    testq %rdi, %rdi
    jle 1f
    cmpl $-1, 8(%rdi)
    je 1f
    lock decq 8(%rdi)
    jle 2f
1:  ret
2:  jz 3f
    /* Negative: it lies on a stack, so only the thread of that stack counts, and the word may be looked at again. */
    movq 8(%rdi), %rax
    btrq $63, %rax
    testq %rax, %rax
    jnz 1b
3:  movq $-1, %rax                              /* nothing counts it while it is being destroyed, and it stays what it was */
    shrq %rax
    orq %rax, 8(%rdi)
    pushq %rbp
    movq %rsp, %rbp
    pushq %r13
    subq $8, %rsp
    movq (%rdi), %rax
    movq %rdi, %r13
    call *8(%rax)
    addq $8, %rsp
    popq %r13
    popq %rbp
    ret
    .size swift_release, . - swift_release

/* void *swift_retain_n(void *object, uint32_t count) */
    function swift_retain_n
    movq %rdi, %rax
    testq %rdi, %rdi
    jle 1f
    cmpl $-1, 8(%rdi)
    je 1f
    movl %esi, %esi
    lock addq %rsi, 8(%rdi)
1:  ret
    .size swift_retain_n, . - swift_retain_n

/* void *swift_allocObject(void *metadata, size_t byteCount, size_t alignmentMask): a mask of all ones is the heap's own choice. */
    function swift_allocObject
    pushq %rbp
    movq %rsp, %rbp
    pushq %rbx
    subq $8, %rsp
    movq %rdi, %rbx
    movq %rsi, %rdi
    movl $16, %eax
    movl $8, %esi
    incq %rdx
    cmovzq %rax, %rdx
    cmpq %rsi, %rdx
    cmovgq %rdx, %rsi
    call apus_allocate
    testq %rax, %rax
    jz 1f
    movq %rbx, (%rax)
    movq $1, 8(%rax)
    addq $8, %rsp
    popq %rbx
    popq %rbp
    ret
1:  ud2                                         /* out of memory: as the runtime does */
    .size swift_allocObject, . - swift_allocObject

/* void swift_deallocClassInstance(void *object, size_t byteCount, size_t alignmentMask) */
    function swift_deallocClassInstance
    cmpq $0, 8(%rdi)
    jns apus_release
    ret
    .size swift_deallocClassInstance, . - swift_deallocClassInstance

/* void swift_deallocPartialClassInstance(void *object, void *metadata, size_t byteCount, size_t alignmentMask): an initializer of the
 * class `metadata` has thrown and has let go of that class's properties; those of classes derived from it are let go of here. The
 * runtime's own leaves the object's memory behind. Source: Swift's EmbeddedShims.h, `EmbeddedClassMetadata`. */
    function swift_deallocPartialClassInstance
    pushq %rbp
    movq %rsp, %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    movq %rdi, %rbx
    movq %rsi, %r12
    movq (%rdi), %r14
1:  cmpq %r12, %r14
    je 3f
    movq 16(%r14), %rax
    testq %rax, %rax
    jz 2f
    movq %rbx, %r13
    call *%rax
2:  movq (%r14), %r14
    testq %r14, %r14
    jnz 1b
3:  movq %rbx, %rdi
    call swift_deallocClassInstance
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size swift_deallocPartialClassInstance, . - swift_deallocPartialClassInstance
#endif
