#!/usr/bin/env bash
# Boots the ISO stopped at its first instruction and attaches GDB with the kernel's symbols and its .gdbinit.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v gdb >/dev/null || { printf 'debug: gdb is missing; run make setup\n' >&2; exit 2; }
socket=$(mktemp -u)
Tools/qemu.sh -S -gdb "unix:$socket,server=on,wait=off" -serial file:build/debug-serial.log -monitor none &
trap 'kill %1 2>/dev/null || true; rm -f "$socket"' EXIT
for _ in $(seq 50); do [ -S "$socket" ] && break; sleep 0.1; done
gdb -nx -x .gdbinit -ex "target remote $socket" build/apus.elf
