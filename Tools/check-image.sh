#!/usr/bin/env bash
# check-image.sh KERNEL: the rules that only the linked image can show.
set -euo pipefail
kernel=$1
tools=$(dirname "$(readlink -f "$(command -v swiftc)")")
objdump=$tools/llvm-objdump nm=$tools/llvm-nm
failed=0
complain() {
  printf '%s\n' "$*"
  failed=1
}

# No lazily initialized global may be reached from a trap handler or a second CPU; the image has none at all.
disassembly=$("$objdump" --disassemble --no-show-raw-insn "$kernel")
calls=$(grep -E '(call|jmp).*<swift_once>' <<<"$disassembly" || true)
[ -z "$calls" ] || complain "swift_once is called; make these globals constants or use BootCell:" "$calls"

# The kernel owns no vector state, so it may not touch any. (Every XMM use would corrupt a user program's.)
vector=$(grep -E '%(xmm|ymm|zmm|mm)[0-9]' <<<"$disassembly" | head -n 5 || true)
[ -z "$vector" ] || complain "vector registers are used:" "$vector"

# A kernel stack is 32 KiB: what runs on one may not take half of it for itself. Boot, its tests and what makes a CPU's
# area have larger stacks.
frames=$(awk '/^[0-9a-f]+ <.*>:$/ { name = $2 }
  /sub.*\$0x([4-9a-f]|[0-9a-f][0-9a-f])[0-9a-f][0-9a-f][0-9a-f], *%rsp/ { print name, $NF }' <<<"$disassembly" |
  grep -vE 'Boot|ProcessorArea|Tests|Benchmarks' || true)
[ -z "$frames" ] || complain "frames of 16 KiB and more; see MagazineRack.objectCount:" "$frames"

# No segment is both writable and executable.
segments=$("$objdump" --private-headers "$kernel" | grep -A1 -E '^ +LOAD' | grep -E 'flags' || true)
[ -n "$segments" ] || complain "no loadable segments found"
! grep -q 'rwx' <<<"$segments" || complain "a segment is writable and executable"

# Unicode tables and floating point do not belong into the kernel.
symbols=$("$nm" "$kernel")
for name in _swift_stdlib_getNormData ceil floor; do
  ! grep -qw "$name" <<<"$symbols" || complain "$name is linked in"
done
exit $failed
