#!/usr/bin/env bash
# Tools/fetch-linux.sh [OUTPUT]: Debian's own Linux kernel, which benchmarks are compared with, as build/linux/vmlinuz.
#
# Downloads the package that linux-image-amd64 stands for and takes it apart; nothing is installed. Instant when it is there.
set -euo pipefail
cd "$(dirname "$0")/.."
output=${1:-build/linux/vmlinuz}
[ ! -s "$output" ] || exit 0

fail() {
  printf 'fetch-linux: %s\n' "$1" >&2
  exit 1
}
package_name() {
  apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/^ *Depends: *\(linux-image-[^ ]*\)$/\1/p' | head -n 1
}

folder=$(dirname "$output")
mkdir -p "$folder"
scratch=$(mktemp -d "$folder/package.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)
# Package lists that are absent or old are fetched once.
download() {
  package=$(package_name)
  [ -n "$package" ] && (cd "$scratch" && apt-get download "$package") >"$scratch/log" 2>&1
}
if ! download; then
  "${as_root[@]}" apt-get update >"$scratch/log" 2>&1 || true
  download || {
    cat "$scratch/log" >&2
    fail "apt-get could not download ${package:-what linux-image-amd64 stands for}"
  }
fi
dpkg-deb --fsys-tarfile "$scratch"/linux-image-*.deb | tar -xf - -C "$scratch" ./boot
mv "$scratch"/boot/vmlinuz-* "$output"
printf '%s\n' "$package" >"$folder/package"
