#!/usr/bin/env bash
# make-initramfs.sh OUTPUT: the file system that `make run` begins with: Debian's busybox, its applets, and Tools/initramfs.
#
# The archive has no devices, so that everybody may make it; the kernel has /dev/console before it is unpacked, as Linux has.
set -euo pipefail
cd "$(dirname "$0")/.."
output=$(realpath -m "${1:?usage: Tools/make-initramfs.sh OUTPUT}")
busybox=/bin/busybox
[ -x "$busybox" ] || { printf 'make-initramfs: %s is missing; run make setup\n' "$busybox" >&2; exit 1; }

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{bin,dev,etc,home/user,mnt,proc,root,run,sbin,sys,tmp,usr/bin,usr/sbin,var/log,var/tmp}
cp -R Tools/initramfs/. "$root"
cp "$busybox" "$root/bin/busybox"
"$busybox" --list-full | while read -r applet; do
  [ -e "$root/$applet" ] || ln -s /bin/busybox "$root/$applet"
done
ln -sf /proc/mounts "$root/etc/mtab"
chmod 755 "$root"
chmod 700 "$root/root"
chmod 1777 "$root/tmp" "$root/var/tmp"

mkdir -p "$(dirname "$output")"
# The same files make the same archive.
find "$root" -exec touch --no-dereference --date=@0 {} +
(cd "$root" && find . | LC_ALL=C sort | cpio --quiet --create --format=newc --owner=0:0 --reproducible) |
  gzip --no-name >"$output.new"
mv "$output.new" "$output"
