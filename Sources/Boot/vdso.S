#include "include/layout.h"

/* The shared object that every program gets: clocks and the CPU's number without a system call.
 *
 * A whole ELF file of one page, written out by hand, because the package builds one image and has no step that links another.
 * Programs find it by AT_SYSINFO_EHDR, and its functions by name and version as in any shared object; `readelf -a` reads it.
 * It is mapped right behind the page that the kernel keeps time in (see ClockPage.swift), and holds nothing that depends on where.
 * What cannot be told from that page is left to the system call of the same name.
 *
 * Sources: vdso(7); System V ABI, chapters 4 and 5; Linux Standard Base Core, symbol versioning and .eh_frame. */

#define AT(label) (label - image)
#define FUNCTION 0x12                   /* global, a function */
#define TEXT_SECTION 1

    .section .rodata.vdso, "a", @progbits
    .globl apus_vdso_start
    .balign 4096
apus_vdso_start:
image:
    .byte 0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0
    .short 3, 62                          /* a shared object for x86-64 */
    .long 1
    .quad 0
    .quad AT(program_headers), AT(section_headers)
    .long 0
    .short 64, 56, 3, 64, 11, 10

program_headers:
    .long 1, 5                           /* PT_LOAD, readable and executable */
    .quad 0, 0, 0, AT(file_end), AT(file_end), 4096
    .long 2, 4                           /* PT_DYNAMIC */
    .quad AT(dynamic), AT(dynamic), AT(dynamic), dynamic_end - dynamic, dynamic_end - dynamic, 8
    .long 0x6474e550, 4                  /* PT_GNU_EH_FRAME */
    .quad AT(frame_header), AT(frame_header), AT(frame_header), frame_header_end - frame_header
    .quad frame_header_end - frame_header, 4

    /* A hash table with one bucket is a list: all symbols of this object. */
    .balign 8
hash:
    .long 1, (symbols_end - symbols) / 24
    .long 1
    .long 0, 2, 3, 4, 5, 6, 0
hash_end:

.macro symbol name, start, end, kind, section
    .long \name - strings
    .byte \kind, 0
    .short \section
    .quad \start, \end - \start
.endm
    .balign 8
symbols:
    .fill 24, 1, 0
    symbol name_clock_gettime, AT(clock_gettime), AT(clock_gettime_end), FUNCTION, TEXT_SECTION
    symbol name_gettimeofday, AT(gettimeofday), AT(gettimeofday_end), FUNCTION, TEXT_SECTION
    symbol name_clock_getres, AT(clock_getres), AT(clock_getres_end), FUNCTION, TEXT_SECTION
    symbol name_time, AT(time), AT(time_end), FUNCTION, TEXT_SECTION
    symbol name_getcpu, AT(getcpu), AT(getcpu_end), FUNCTION, TEXT_SECTION
    symbol name_version, 0, 0, 0x11, 0xfff1
symbols_end:

strings:
    .byte 0
name_object: .asciz "linux-vdso.so.1"
name_version: .asciz "LINUX_2.6"
name_clock_gettime: .asciz "__vdso_clock_gettime"
name_gettimeofday: .asciz "__vdso_gettimeofday"
name_clock_getres: .asciz "__vdso_clock_getres"
name_time: .asciz "__vdso_time"
name_getcpu: .asciz "__vdso_getcpu"
strings_end:

    /* All symbols are of version 2 of the list below. */
    .balign 2
versions:
    .short 0, 2, 2, 2, 2, 2, 2
versions_end:

.macro version flags, index, hash, name, next
    .short 1, \flags, \index, 1
    .long \hash, 20, \next
    .long \name - strings, 0
.endm
    .balign 8
version_definitions:
    version 1, 1, 0x0deebfa1, name_object, 28
    version 0, 2, 0x03ae75f6, name_version, 0
version_definitions_end:

    .balign 8
dynamic:
    .quad 14, name_object - strings     /* DT_SONAME */
    .quad 4, AT(hash)                   /* DT_HASH */
    .quad 5, AT(strings)                /* DT_STRTAB */
    .quad 6, AT(symbols)                /* DT_SYMTAB */
    .quad 10, strings_end - strings     /* DT_STRSZ */
    .quad 11, 24                        /* DT_SYMENT */
    .quad 0x6ffffff0, AT(versions)      /* DT_VERSYM */
    .quad 0x6ffffffc, AT(version_definitions) /* DT_VERDEF */
    .quad 0x6ffffffd, 2                 /* DT_VERDEFNUM */
    .quad 0, 0
dynamic_end:

    /* How to unwind: nothing here moves the stack pointer, so one rule holds everywhere. */
    .balign 8
frame_header:
    .byte 1, 0x1b, 0x03, 0x3b           /* version; pc-relative, plain and table-relative 32-bit numbers */
    .long frames - ., 1
    .long text - frame_header, frame - frame_header
frame_header_end:
    .balign 8
frames:
    .long common_end - common
common:
    .long 0
    .byte 1
    .asciz "zR"
    .uleb128 1
    .sleb128 -8
    .byte 16                            /* the return address's column */
    .uleb128 1
    .byte 0x1b
    .byte 0x0c, 7, 8                    /* DW_CFA_def_cfa: rsp + 8 */
    .byte 0x80 | 16, 1                  /* DW_CFA_offset: the return address at -8 */
    .balign 8, 0
common_end:
frame:
    .long frame_end - 1f
1:  .long . - frames
    .long text - ., text_end - text
    .uleb128 0
    .balign 8, 0
frame_end:
    .long 0
frames_end:

/* The time of the line at %r9 in the clock page: seconds in %r11, nanoseconds in %rdx. Goes to `ask` when it is not told there.
 * Changes %rax, %rcx and %r10. */
#define PAGE(offset) (image - 4096 + offset)(%rip)
.macro read_clock ask
1:  movq PAGE(APUS_CLOCK_SEQUENCE), %r10
    movq APUS_CLOCK_MULTIPLIER(%r9), %r11
    testb $1, %r10b
    jnz 3f
    testq %r11, %r11
    jz \ask
    lfence
    rdtsc
    shlq $32, %rdx
    orq %rdx, %rax
    xorl %ecx, %ecx
    subq PAGE(APUS_CLOCK_BASE_TICKS), %rax
    /* Another CPU, a little ahead, may have written the page. */
    cmovsq %rcx, %rax
    mulq %r11
    addq APUS_CLOCK_FRACTION(%r9), %rax
    adcq $0, %rdx
    shrdq $APUS_CLOCK_FRACTION_BITS, %rdx, %rax
    addq APUS_CLOCK_NANOSECONDS(%r9), %rax
    movq APUS_CLOCK_SECONDS(%r9), %r11
    cmpq PAGE(APUS_CLOCK_SEQUENCE), %r10
    jne 1b
    movq %rax, %rdx
    cmpq $1000000000, %rax
    jb 4f
    /* A second or more has passed since the page was written. */
    xorl %edx, %edx
    movl $1000000000, %ecx
    divq %rcx
    addq %rax, %r11
    jmp 4f
3:  pause
    jmp 1b
4:
.endm

    .balign 16
text:
/* int __vdso_clock_gettime(clockid_t clock, struct timespec *time) */
clock_gettime:
    cmpl $APUS_CLOCK_COUNT, %edi
    jae 9f
    movl %edi, %ecx
    shll $5, %ecx
    leaq PAGE(APUS_CLOCK_LINES), %r9
    addq %rcx, %r9
    read_clock 9f
    movq %r11, (%rsi)
    movq %rdx, 8(%rsi)
    xorl %eax, %eax
    ret
9:  movl $228, %eax
    syscall
    ret
clock_gettime_end:

    .balign 16
/* int __vdso_gettimeofday(struct timeval *time, struct timezone *zone) */
gettimeofday:
    testq %rsi, %rsi
    jnz 9f
    testq %rdi, %rdi
    jz 8f
    leaq PAGE(APUS_CLOCK_LINES), %r9
    read_clock 9f
    /* A division by 1,000 of what is below 2^30. */
    imulq $274877907, %rdx, %rdx
    shrq $38, %rdx
    movq %r11, (%rdi)
    movq %rdx, 8(%rdi)
8:  xorl %eax, %eax
    ret
9:  movl $96, %eax
    syscall
    ret
gettimeofday_end:

    .balign 16
/* time_t __vdso_time(time_t *time) */
time:
    leaq PAGE(APUS_CLOCK_LINES), %r9
    read_clock 9f
    movq %r11, %rax
    testq %rdi, %rdi
    jz 8f
    movq %rax, (%rdi)
8:  ret
9:  movl $201, %eax
    syscall
    ret
time_end:

    .balign 16
/* int __vdso_clock_getres(clockid_t clock, struct timespec *resolution): a nanosecond for clocks that count on between updates. */
clock_getres:
    cmpl $APUS_CLOCK_COUNT, %edi
    jae 9f
    movl $APUS_CLOCK_FINE, %eax
    btl %edi, %eax
    jnc 9f
    testq %rsi, %rsi
    jz 8f
    movq $0, (%rsi)
    movq $1, 8(%rsi)
8:  xorl %eax, %eax
    ret
9:  movl $229, %eax
    syscall
    ret
clock_getres_end:

    .balign 16
/* int __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused): the number is the limit of a segment that each CPU has. */
getcpu:
    testq %rsi, %rsi
    jnz 9f
    movl $APUS_NUMBER_SELECTOR, %ecx
    lsl %ecx, %eax
    jnz 9f
    testq %rdi, %rdi
    jz 8f
    movl %eax, (%rdi)
8:  xorl %eax, %eax
    ret
9:  movl $309, %eax
    syscall
    ret
getcpu_end:
text_end:

section_names:
    .byte 0
name_text: .asciz ".text"
name_hash: .asciz ".hash"
name_symbols: .asciz ".dynsym"
name_strings: .asciz ".dynstr"
name_versions: .asciz ".gnu.version"
name_definitions: .asciz ".gnu.version_d"
name_dynamic: .asciz ".dynamic"
name_frame_header: .asciz ".eh_frame_hdr"
name_frames: .asciz ".eh_frame"
name_names: .asciz ".shstrtab"
section_names_end:

.macro section name, kind, flags, start, end, link, information, alignment, entry
    .long \name - section_names, \kind
    .quad \flags, AT(\start), AT(\start), \end - \start
    .long \link, \information
    .quad \alignment, \entry
.endm
    .balign 8
section_headers:
    .fill 64, 1, 0
    section name_text, 1, 6, text, text_end, 0, 0, 16, 0
    section name_hash, 5, 2, hash, hash_end, 3, 0, 8, 4
    section name_symbols, 11, 2, symbols, symbols_end, 4, 1, 8, 24
    section name_strings, 3, 2, strings, strings_end, 0, 0, 1, 0
    section name_versions, 0x6fffffff, 2, versions, versions_end, 3, 0, 2, 2
    section name_definitions, 0x6ffffffd, 2, version_definitions, version_definitions_end, 4, 2, 8, 0
    section name_dynamic, 6, 2, dynamic, dynamic_end, 4, 0, 8, 16
    section name_frame_header, 1, 2, frame_header, frame_header_end, 0, 0, 8, 0
    section name_frames, 1, 2, frames, frames_end, 0, 0, 8, 0
    section name_names, 3, 0, section_names, section_names_end, 0, 0, 1, 0
file_end:
    /* Fails when the object outgrows its page. */
    .org image + APUS_VDSO_SIZE, 0

    .section .note.GNU-stack, "", @progbits
