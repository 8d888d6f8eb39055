/* The Multiboot2 header and the PVH note: what GRUB and QEMU look for in the file.
 * Sources: Multiboot2 Specification 2.0, section 3.1; Xen public/elfnote.h and the x86/HVM direct boot ABI. */
#ifndef __linux__
#include "include/layout.h"

    .section .multiboot2, "a"
    .balign 8
header:
    .long 0xe85250d6                            /* magic */
    .long 0                                     /* architecture: i386, 32-bit protected mode */
    .long header_end - header
    .long -(0xe85250d6 + 0 + (header_end - header))

    /* Information request, optional: command line, modules, memory map, framebuffer, both RSDP forms, EFI map. */
    .balign 8
request:
    .word 1, 1
    .long request_end - request
    .long 1, 3, 6, 8, 14, 15, 17
request_end:

    /* Framebuffer, optional: 1024 x 768, 32 bits a pixel. */
    .balign 8
    .word 5, 1
    .long 20
    .long 1024, 768, 32

    /* Modules on page boundaries. */
    .balign 8
    .word 6, 1
    .long 8

    .balign 8
    .word 0, 0
    .long 8
header_end:

    .section .note.pvh, "a", @note
    .balign 4
    .long 4                                     /* name size */
    .long 8                                     /* descriptor size */
    .long 18                                    /* XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .quad apus_pvh_entry
#endif
