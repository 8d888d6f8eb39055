#!/usr/bin/env bash
# Installs what is missing of Tools/packages.txt and checks the Swift version. Instant, and offline, when nothing is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  printf 'setup: %s\n' "$1" >&2
  exit 1
}

wanted_swift=6.3
command -v swift >/dev/null ||
  fail "swift is not in PATH; install Swift $wanted_swift for Debian 12 from swift.org and put its usr/bin into PATH"
# `swift --version` prints "Swift version 6.3.1 (swift-6.3.1-RELEASE)" on a line of its own or behind the driver's version.
found_swift=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p' | head -n 1)
case "$found_swift" in
  "$wanted_swift" | "$wanted_swift".*) ;;
  *) fail "swift in PATH is version ${found_swift:-unknown}; Apus needs Swift $wanted_swift" ;;
esac

mapfile -t packages < <(sed -e 's/#.*//' -e '/^[[:space:]]*$/d' -e 's/[[:space:]].*//' Tools/packages.txt)
command -v dpkg-query >/dev/null ||
  fail "this is no Debian system (no dpkg-query); install by hand what Tools/packages.txt lists, then build with SETUP=skip"

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

printf 'setup: installing %s\n' "${missing[*]}"
command -v apt-get >/dev/null || fail "apt-get is missing, so these packages cannot be installed: ${missing[*]}"
as_root=()
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || fail "run as root or install sudo, to install: ${missing[*]}"
  as_root=(sudo)
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${missing[@]}" >"$log" 2>&1
}
if ! install; then
  # The package lists may be absent or old; fetch them once and try again.
  "${as_root[@]}" apt-get update >>"$log" 2>&1 || true
  install || {
    cat "$log" >&2
    fail "apt-get could not install: ${missing[*]}"
  }
fi
