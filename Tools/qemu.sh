#!/usr/bin/env bash
# Boots Apus in QEMU. Everything is an environment variable; further arguments go to QEMU as they are.
#
#   BOOT=iso|kernel    from the ISO by GRUB (default), or the ELF by -kernel
#   ISO, KERNEL        the files to boot (build/apus.iso, build/apus.elf)
#   INITRAMFS=...      the initial file system, for BOOT=kernel; none by default
#   MACHINE=pc|q35     FIRMWARE=bios|uefi    CPUS=1    MEMORY=512M    CPU=max
#   ACCEL=tcg|kvm      APPEND=...            the kernel command line, for BOOT=kernel
#   ACCEL=icount       TCG with a clock that counts instructions, for one CPU
#   SCREEN=none|gtk|…  QEMU's display
set -euo pipefail
cd "$(dirname "$0")/.."

machine=${MACHINE:-q35} firmware=${FIRMWARE:-bios} accelerator=${ACCEL:-tcg} cpu=${CPU:-}
case "$accelerator" in
  tcg) acceleration="tcg,thread=multi" cpu=${cpu:-max} ;;
  icount) acceleration=tcg cpu=${cpu:-max} ;;
  kvm) acceleration=kvm cpu=${cpu:-host} ;;
  *) printf 'qemu: ACCEL=%s is none of tcg, icount and kvm\n' "$accelerator" >&2; exit 2 ;;
esac
command -v qemu-system-x86_64 >/dev/null || { printf 'qemu: qemu-system-x86_64 is missing; run make setup\n' >&2; exit 2; }

arguments=(
  -machine "$machine" -accel "$acceleration" -cpu "$cpu" -smp "${CPUS:-1}" -m "${MEMORY:-512M}"
  -display "${SCREEN:-none}" -nic none -no-reboot
)
[ "$accelerator" != icount ] || arguments+=(-icount shift=0,sleep=off)
case "${BOOT:-iso}" in
  iso) arguments+=(-cdrom "${ISO:-build/apus.iso}" -boot d) ;;
  kernel)
    arguments+=(-kernel "${KERNEL:-build/apus.elf}" -append "${APPEND:-}")
    [ -z "${INITRAMFS:-}" ] || arguments+=(-initrd "$INITRAMFS")
    ;;
  *) printf 'qemu: BOOT=%s is neither iso nor kernel\n' "$BOOT" >&2; exit 2 ;;
esac
case "$firmware" in
  bios) ;;
  uefi)
    code=/usr/share/OVMF/OVMF_CODE_4M.fd variables=/usr/share/OVMF/OVMF_VARS_4M.fd
    [ -r "$code" ] || { printf 'qemu: %s is missing; run make setup\n' "$code" >&2; exit 2; }
    # Not committed to the image: every boot starts from the firmware's defaults.
    arguments+=(
      -drive "if=pflash,format=raw,unit=0,readonly=on,file=$code"
      -drive "if=pflash,format=raw,unit=1,snapshot=on,file=$variables"
    )
    ;;
  *) printf 'qemu: FIRMWARE=%s is neither bios nor uefi\n' "$firmware" >&2; exit 2 ;;
esac
exec qemu-system-x86_64 "${arguments[@]}" "$@"
