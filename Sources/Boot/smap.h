#pragma once
/* Opening and closing supervisor-mode access prevention, for assembly. Intel SDM vol. 2B, STAC, and 2A, CLAC.
 *
 * Each place is a no-operation of three bytes; `.smap_sites` holds its address and the last byte of the instruction that it
 * becomes on a CPU with SMAP. */
    .macro smap_site last_byte
7702:
    .byte 0x0f, 0x1f, 0x00                      /* nopl (%rax) */
    .pushsection .smap_sites, "a"
    .quad 7702b, \last_byte
    .popsection
    .endm

    .macro open_user_memory
    smap_site 0xcb
    .endm

    .macro close_user_memory
    smap_site 0xca
    .endm
