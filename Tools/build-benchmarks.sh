#!/usr/bin/env bash
# Tools/build-benchmarks.sh OUTPUT: the initramfs that measures a kernel's system calls, the same for Linux and Apus; and beside it
# profile.so, by which QEMU counts instructions.
set -euo pipefail
cd "$(dirname "$0")/.."
output=$(realpath -m "${1:?usage: Tools/build-benchmarks.sh OUTPUT}")
sources=Tests/Benchmarks/Programs
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
compile() { "${CC:-cc}" -std=gnu17 -O2 -static -pthread -Wall -Wextra -Werror -o "$@"; }

mkdir -p "$root"/{bin,dev,proc,tmp} "$(dirname "$output")"
compile "$root/init" "$sources"/{init,measure,calls,files,memory,messages,processes,signals,waiting}.c
compile "$root/bin/empty" "$sources/empty.c"
strip "$root/init" "$root/bin/empty"
cp /bin/busybox "$root/bin/busybox"
(cd "$root" && find . | LC_ALL=C sort | cpio --quiet --create --format=newc --owner=0:0 --reproducible) >"$output.new"
mv "$output.new" "$output"
"${CC:-cc}" -std=gnu17 -O2 -Wall -Wextra -Werror -fPIC -shared -fvisibility=hidden \
  -o "$(dirname "$output")/profile.so" Tests/Benchmarks/Profile/profile.c
