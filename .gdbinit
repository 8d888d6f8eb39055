# GDB for Apus: used by `make debug`; `gdb -nx -x .gdbinit build/apus.elf` works too.
set confirm off
set pagination off
set disassembly-flavor att
set print demangle on
set architecture i386:x86-64

define apus-boot
  hbreak apus_start
  continue
end
document apus-boot
Run to the first Swift code, past the firmware and the loader.
end

define apus-fault
  hbreak apus_interrupt
  continue
end
document apus-fault
Run to the next interrupt or exception; then `apus-frame $rdi` shows what it interrupted.
end

define apus-frame
  set $frame = (unsigned long *) $arg0
  printf "vector %lu error 0x%lx\n", $frame[15], $frame[16]
  printf "rip 0x%016lx  cs 0x%lx  rflags 0x%lx  rsp 0x%016lx\n", $frame[17], $frame[18], $frame[19], $frame[20]
  printf "rax 0x%016lx  rcx 0x%016lx  rdx 0x%016lx  rbx 0x%016lx\n", $frame[14], $frame[13], $frame[12], $frame[11]
  printf "rbp 0x%016lx  rsi 0x%016lx  rdi 0x%016lx  r8  0x%016lx\n", $frame[10], $frame[9], $frame[8], $frame[7]
  printf "r9  0x%016lx  r10 0x%016lx  r11 0x%016lx  r12 0x%016lx\n", $frame[6], $frame[5], $frame[4], $frame[3]
  printf "r13 0x%016lx  r14 0x%016lx  r15 0x%016lx\n", $frame[2], $frame[1], $frame[0]
  info symbol $frame[17]
end
document apus-frame
Show the trap frame at an address.
end

define apus-gdt
  x/8gx &apus_segments
end
document apus-gdt
Show the boot CPU's segment descriptors.
end

define apus-gate
  set $low = apus_interrupt_table[2 * $arg0]
  set $high = apus_interrupt_table[2 * $arg0 + 1]
  set $target = ($low & 0xffff) | (($low >> 32) & 0xffff0000) | ($high << 32)
  printf "vector %d: ist %lu, dpl %lu, ", $arg0, ($low >> 32) & 7, ($low >> 45) & 3
  info symbol $target
end
document apus-gate
Show where an interrupt vector goes: apus-gate 14
end

define apus-translate
  set $address = (unsigned long) $arg0
  set $table = $cr3 & 0xffffffffff000
  set $level = 3
  while $level >= 0
    set $entry = *(unsigned long *) (0x600000000000 + $table + (($address >> (12 + 9 * $level)) & 511) * 8)
    printf "level %d: 0x%016lx\n", $level + 1, $entry
    if ($entry & 1) == 0 || ($level < 3 && ($entry & 0x80) != 0)
      set $level = -1
    else
      set $table = $entry & 0xffffffffff000
      set $level = $level - 1
    end
  end
end
document apus-translate
Walk the page tables for a virtual address.
end

printf "Apus: apus-boot, apus-fault, apus-frame, apus-gate, apus-gdt, apus-translate; `help user-defined` explains them.\n"
