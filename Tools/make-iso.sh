#!/usr/bin/env bash
# make-iso.sh KERNEL ISO [COMMAND LINE [INITRAMFS]]: a GRUB ISO that boots KERNEL on BIOS and UEFI.
set -euo pipefail
kernel=$1 iso=$2 command_line=${3:-} initramfs=${4:-}

case "$command_line" in
  *[\'\"\\\$\;\{\}]*) printf 'make-iso: the kernel command line must not contain quotes, backslashes, $, ; or braces\n' >&2; exit 1 ;;
esac

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/boot/grub"
# Without debug information, which GRUB would read into memory: on UEFI machines of 64 MiB there is no room for it. The symbol
# table for backtraces is part of the image and stays.
objcopy=$(dirname "$(readlink -f "$(command -v swiftc)")")/llvm-objcopy
"$objcopy" --strip-all "$kernel" "$root/boot/apus.elf"
module_command=
if [ -n "$initramfs" ]; then
  cp "$initramfs" "$root/boot/initramfs"
  module_command='module2 --nounzip /boot/initramfs'
fi
cat >"$root/boot/grub/grub.cfg" <<GRUB
set timeout=0
set default=0
insmod all_video
set gfxpayload=1024x768x32
menuentry "Apus" {
  multiboot2 /boot/apus.elf $command_line
  $module_command
  boot
}
GRUB

log="$root.log"
if ! grub-mkrescue --output="$iso" --locales="" --fonts="" --themes="" "$root" >"$log" 2>&1; then
  cat "$log" >&2
  rm -f "$log"
  printf 'make-iso: grub-mkrescue failed; its output is above\n' >&2
  exit 1
fi
rm -f "$log"
