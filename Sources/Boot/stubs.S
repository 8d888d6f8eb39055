#ifndef __linux__
    .altmacro
    .macro stub n
    .balign 16
stub_\n:
    .if (\n == 8) || ((\n >= 10) && (\n <= 14)) || (\n == 17) || (\n == 21) || (\n == 29) || (\n == 30)
    .else
    pushq $0
    .endif
    pushq $\n
    jmp apus_interrupt_common
    .endm
    .macro row n
    .quad stub_\n
    .if \n == 8
    .byte 1
    .elseif \n == 2
    .byte 2
    .else
    .byte 0
    .endif
    .byte 0, 0xe, 0, 0, 0, 0, 0
    .endm
    .section .text.interrupts, "ax"
    .set i, 0
    .rept 256
    stub %i
    .set i, i + 1
    .endr
    .section .rodata
    .globl apus_gate_table
    .balign 8
apus_gate_table:
    .set i, 0
    .rept 256
    row %i
    .set i, i + 1
    .endr
#endif
