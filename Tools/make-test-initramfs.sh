#!/usr/bin/env bash
# make-test-initramfs.sh busybox|debian OUTPUT: the file systems of the guests that TestRunner system drives.
#
# busybox is build/initramfs.cpio.gz with the programs of Tests/SystemTests behind it, as an archive of its own. debian has bash,
# coreutils, procps, python3, perl and strace of Debian's packages besides, which are downloaded and taken apart, not installed.
set -euo pipefail
cd "$(dirname "$0")/.."
kind=${1:?usage: Tools/make-test-initramfs.sh busybox|debian OUTPUT}
output=$(realpath -m "${2:?usage: Tools/make-test-initramfs.sh busybox|debian OUTPUT}")
base=build/initramfs.cpio.gz
packages_folder=build/test/packages
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

fail() {
  printf 'make-test-initramfs: %s\n' "$1" >&2
  exit 1
}
pack() { (cd "$1" && find . | LC_ALL=C sort | cpio --quiet --create --format=newc --owner=0:0 --reproducible) | gzip --no-name "$2"; }

# What every guest has: the loop that takes commands, and programs that misbehave.
mkdir -p "$root/tests/tests" "$(dirname "$output")"
cp Tests/SystemTests/loop "$root/tests/tests"
for source in Tests/SystemTests/Programs/*.c; do
  "${CC:-cc}" -static -std=gnu17 -O1 -Wall -Wextra -Werror -Wno-unused-value -s -o "$root/tests/tests/$(basename "$source" .c)" "$source"
done

# Prints the names of these packages and all that they need.
closure() {
  apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances "$@" |
    grep '^[a-z0-9]' | sort -u
}
download() {
  local names
  # Alternatives that nobody needs here, and what only packages' own scripts need.
  names=$(closure "$@" | grep -vxE '(c?debconf|libdebconf|libelogind|libnewt|libslang|libtextwrap|libdebian-installer).*|gawk|original-awk|perl|perl-modules.*|libperl.*|lib.*-perl|libgdbm.*|mime-support|media-types|mailcap|dpkg|tar|install-info|netbase|tzdata|init-system-helpers|base-files|libunwind8')
  rm -rf "$packages_folder.new" && mkdir -p "$packages_folder.new"
  # shellcheck disable=SC2086
  (cd "$packages_folder.new" && apt-get download $names) >"$packages_folder.log" 2>&1 || return
  rm -rf "$packages_folder" && mv "$packages_folder.new" "$packages_folder"
}

case "$kind" in
  busybox) { cat "$base"; pack "$root/tests" -6; } >"$output.new" ;;
  debian)
    wanted=(bash coreutils dash diffutils findutils grep gzip hostname libc-bin mawk ncurses-base ncurses-bin perl-base procps
      python3 sed strace util-linux)
    if [ ! -d "$packages_folder" ]; then
      as_root=()
      [ "$(id -u)" = 0 ] || as_root=(sudo)
      download "${wanted[@]}" || {
        "${as_root[@]}" apt-get update >/dev/null 2>&1 || true
        download "${wanted[@]}" || { cat "$packages_folder.log" >&2; fail 'apt-get could not download the packages'; }
      }
    fi
    # Debian 12 has /bin, /lib, /lib64 and /sbin in /usr.
    system=$root/system
    mkdir -p "$system"/usr/{bin,lib,lib64,sbin} "$system"/{dev,etc,home/user,mnt,proc,root,run,sys,tmp,var/tmp}
    for folder in bin lib lib64 sbin; do ln -s "usr/$folder" "$system/$folder"; done
    for package in "$packages_folder"/*.deb; do
      dpkg-deb --fsys-tarfile "$package" | tar -xf - -C "$system" --keep-directory-symlink \
        --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' --exclude='./usr/share/locale/*' \
        --exclude='./usr/share/info/*' --exclude='./usr/share/lintian/*' --exclude='./usr/lib/x86_64-linux-gnu/gconv/*' \
        --exclude='./usr/share/bash-completion/*' --exclude='./usr/lib/python3*/test/*'
    done
    cp /bin/busybox "$system/usr/bin/busybox"
    cp -R Tools/initramfs/. "$system"
    ln -sf bash "$system/usr/bin/sh"
    ln -sf /usr/bin/busybox "$system/usr/sbin/init"
    for applet in poweroff reboot halt vi ps-busybox; do [ -e "$system/usr/sbin/$applet" ] || ln -s /usr/bin/busybox "$system/usr/sbin/$applet"; done
    for applet in awk; do ln -sf mawk "$system/usr/bin/$applet"; done
    ln -sf /proc/mounts "$system/etc/mtab"
    sed -i 's|-/bin/sh|-/bin/bash|' "$system/etc/inittab"
    sed -i 's|root:/bin/sh|root:/bin/bash|' "$system/etc/passwd"
    chmod 700 "$system/root" && chmod 1777 "$system/tmp" "$system/var/tmp"
    # Python would compile these with every start.
    if command -v python3 >/dev/null; then
      python=$(echo "$system"/usr/lib/python3.*)
      python3 -m compileall -q -l -s "$system" -p / "$python" "$python"/{encodings,collections,importlib,json,re,concurrent,concurrent/futures,multiprocessing,asyncio,ctypes,email,urllib,http,logging,unittest} || true
    fi
    cp -R "$root/tests/tests" "$system/tests"
    pack "$system" -1 >"$output.new"
    ;;
  *) fail "$kind is neither busybox nor debian" ;;
esac
mv "$output.new" "$output"
