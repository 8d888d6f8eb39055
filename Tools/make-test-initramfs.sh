#!/usr/bin/env bash
# make-test-initramfs.sh busybox|debian OUTPUT: the file systems of the guests that TestRunner system drives.
#
# busybox is build/initramfs.cpio.gz with the programs of Tests/SystemTests behind it, as an archive of its own. debian has bash,
# coreutils, procps, python3, perl, pciutils and udev besides, as Debian's packages have put them on this machine, and the libraries that
# they need.
set -euo pipefail
cd "$(dirname "$0")/.."
kind=${1:?usage: Tools/make-test-initramfs.sh busybox|debian OUTPUT}
output=$(realpath -m "${2:?usage: Tools/make-test-initramfs.sh busybox|debian OUTPUT}")
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

fail() {
  printf 'make-test-initramfs: %s\n' "$1" >&2
  exit 1
}
pack() { (cd "$1" && find . | LC_ALL=C sort | cpio --quiet --create --format=newc --owner=0:0 --reproducible); }

# What every guest has: what takes commands, and programs that misbehave.
mkdir -p "$root/tests/tests" "$(dirname "$output")"
cp Tests/SystemTests/{run,loop,fuzz,pci-drivers,device-control} "$root/tests/tests"
cp Specs/pci/drivers.json "$root/tests/tests/pci-drivers.json"
for source in Tests/SystemTests/Programs/*.c; do
  "${CC:-cc}" -static -std=gnu17 -O1 -Wall -Wextra -Werror -Wno-unused-value -s \
    -o "$root/tests/tests/$(basename "$source" .c)" "$source"
done
[ ! -x build/syscall-fuzz ] || cp build/syscall-fuzz "$root/tests/tests"

# Prints the files of installed packages whose names match, without what no program reads.
installed() {
  local name names
  for name; do
    names=$(dpkg-query --show --showformat='${db:Status-Status} ${binary:Package}\n' "$name" 2>/dev/null | sed -n 's/^installed //p')
    [ -n "$names" ] || fail "$name is not installed; run make setup"
    # shellcheck disable=SC2086
    dpkg --listfiles $names
  done | grep -vE '^/usr/(share/(doc|man|locale|info|lintian|bash-completion|bug|menu|pixmaps|applications)|include)/' |
    grep -vE '^/etc/|/udev/hwdb|/python3[^/]*/(test|idlelib|tkinter|turtledemo|ensurepip|lib2to3|pydoc_data)/' || true
}

# Copies files of this machine to the same place in the folder, where everything is in /usr.
take() {
  while IFS= read -r file; do
    if [ ! -d "$file" ] || [ -L "$file" ]; then printf '%s\0' "${file#/}"; fi
  done | tar --create --directory=/ --null --files-from=- --ignore-failed-read --warning=no-failed-read \
    --transform 'flags=rh;s,^\(bin\|sbin\|lib\|lib64\)/,usr/\1/,' | tar --extract --directory="$1"
}

# Prints the libraries that programs and modules in the folder load, with the links to them.
libraries() {
  find "$1/usr" -type f \( -perm -u+x -o -name '*.so*' \) -print0 |
    { xargs -0 -n 50 ldd 2>/dev/null || true; } |
    sed -n -e 's/.*=> \(\/[^ ]*\) (.*/\1/p' -e 's/^[[:space:]]*\(\/[^ ]*\) (.*/\1/p' | sort -u |
    while read -r library; do printf '%s\n%s\n' "$library" "$(realpath "$library")"; done | sort -u
}

case "$kind" in
  busybox) { cat build/initramfs.cpio.gz; pack "$root/tests" | gzip --no-name; } >"$output.new" ;;
  debian)
    # Debian has /bin, /lib, /lib64 and /sbin in /usr.
    system=$root/system
    mkdir -p "$system"/usr/{bin,lib,lib64,sbin} "$system"/{dev,etc,home/user,mnt,proc,root,run,sys,tmp,var/tmp}
    for folder in bin lib lib64 sbin; do ln -s "usr/$folder" "$system/$folder"; done
    installed bash coreutils dash diffutils findutils grep gzip tar hostname libc-bin mawk ncurses-base ncurses-bin perl-base perl \
      'perl-modules-*' 'libperl5*' procps python3-minimal 'python3.[0-9]*-minimal' 'libpython3.[0-9]*-minimal' \
      'libpython3.[0-9]*-stdlib' sed util-linux util-linux-extra bsdutils mount pciutils pci.ids udev | sort -u >"$root/files"
    # What Python has compiled lies beside, and is nobody's.
    find /usr/lib/python3.* -name '*.pyc' | grep -vE '/(test|idlelib|tkinter|turtledemo|ensurepip|lib2to3|pydoc_data)/' >>"$root/files"
    take "$system" <"$root/files"
    libraries "$system" | take "$system"
    cp /bin/busybox "$system/usr/bin/busybox"
    cp -R Tools/initramfs/. "$system"
    ln -sf bash "$system/usr/bin/sh"
    # The rest is busybox's.
    /bin/busybox --list-full | while read -r applet; do
      case "$applet" in usr/*) ;; *) applet=usr/$applet ;; esac
      name=$(basename "$applet")
      [ -e "$system/usr/bin/$name" ] || [ -e "$system/usr/sbin/$name" ] || ln -s /usr/bin/busybox "$system/$applet"
    done
    ln -sf mawk "$system/usr/bin/awk"
    ln -sf /proc/mounts "$system/etc/mtab"
    sed -i 's|/bin/sh|/bin/bash|' "$system/etc/inittab" "$system/etc/passwd"
    chmod 700 "$system/root" && chmod 1777 "$system/tmp" "$system/var/tmp"
    cp -R "$root/tests/tests" "$system/tests"
    pack "$system" >"$output.new"
    ;;
  *) fail "$kind is neither busybox nor debian" ;;
esac
mv "$output.new" "$output"
