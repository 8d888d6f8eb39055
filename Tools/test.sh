#!/usr/bin/env bash
# Every test but benchmarks and long fuzzing. Says what it does, keeps going after a failure, and ends with the totals.
set -uo pipefail
cd "$(dirname "$0")/.."

hostflags=$(cat Tools/host-flags)
build=build/test
mkdir -p "$build"
counts=$build/counts
: >"$counts"

section() { printf '\n== %s (after %d s)\n' "$1" "$SECONDS"; }

# check NAME COMMAND...: one test that is a command.
check() {
  local name=$1 log=$build/check.log
  shift
  if "$@" >"$log" 2>&1; then
    printf '  passed   %s\n' "$name"
    echo 1 0 0 >>"$counts"
  else
    printf '  FAILED   %s\n' "$name"
    sed 's/^/  | /' "$log"
    echo 0 1 0 >>"$counts"
  fi
}

section 'format and builds'
# The compiler works on one module of the kernel for long, so the host's part goes on meanwhile, after it where both want a CPU.
kernellog=$build/kernel-build.log
make --no-print-directory kernel >"$kernellog" 2>&1 &
kernelbuild=$!
check 'swift-format finds nothing' swift format lint --strict --recursive Package.swift Generators Sources Tests
check 'tools and tests build for the host' nice -n 5 swift build --quiet $hostflags --build-tests

section 'generators and host tests'
rm -f "$build"/host*.xml
log=$build/host.log
swift test $hostflags --parallel --skip-build --xunit-output "$build/host.xml" >"$log" 2>&1
status=$?
grep -E '^(✘|↳.*[Ee]xpectation)|recorded an issue|error:' "$log" | head -n 200
totals=$(sed -n 's/.*<testsuite .*tests="\([0-9]*\)".*failures="\([0-9]*\)".*skipped="\([0-9]*\)".*/\1 \2 \3/p' "$build"/host*.xml 2>/dev/null |
  awk '{ tests += $1; failures += $2; skipped += $3 } END { print tests - failures - skipped, failures, skipped }')
if [ -z "$totals" ] || [ "${totals%% *}" = 0 ]; then
  printf '  FAILED   the host tests did not run\n'
  tail -n 60 "$log" | sed 's/^/  | /'
  totals='0 1 0'
elif [ $status -ne 0 ] && [ "$(echo "$totals" | cut -d' ' -f2)" = 0 ]; then
  printf '  FAILED   swift test ended with %d\n' $status
  tail -n 60 "$log" | sed 's/^/  | /'
  totals="${totals%% *} 1 ${totals##* }"
fi
printf 'host tests: %d passed, %d failed, %d skipped\n' $totals
echo "$totals" >>"$counts"

section 'kernel and specs'
if wait $kernelbuild; then builds=true; else builds=false; fi
check 'the kernel compiles' sh -c "cat '$kernellog'; $builds"
check 'the kernel gets its symbol table' make --no-print-directory symbols
check 'the specs hold' sh -c "swift build --quiet $hostflags --product SpecGen && .build/debug/SpecGen check"
check 'the reference tables are what the specs say' .build/debug/SpecGen docs --check
check 'the kernel image keeps its rules' Tools/check-image.sh build/apus.elf

section 'kernel tests in QEMU'
swift build --quiet $hostflags --product TestRunner || echo 0 1 0 >>"$counts"
.build/debug/TestRunner kernel --counts "$counts" || true

section 'PCI lists in QEMU'
.build/debug/TestRunner pci --counts "$counts" || true

section 'power and malformed ACPI tables in QEMU'
.build/debug/TestRunner firmware --counts "$counts" || true

section 'boot matrix in QEMU'
Tools/make-iso.sh build/apus.elf "$build/boot.iso" 'test=boot' || echo 0 1 0 >>"$counts"
.build/debug/TestRunner matrix --counts "$counts" || true

section 'drivers in QEMU'
make --no-print-directory build/initramfs.cpio.gz || echo 0 1 0 >>"$counts"
.build/debug/TestRunner drivers --counts "$counts" || true

section 'programs in QEMU'
make --no-print-directory test-initramfs || echo 0 1 0 >>"$counts"
.build/debug/TestRunner system --counts "$counts" || true
.build/debug/TestRunner platform --counts "$counts" || true

section 'random system calls in QEMU'
.build/debug/TestRunner fuzz --seconds 20 --counts "$counts" || true

section 'all of it'
awk '{ passed += $1; failed += $2; skipped += $3 }
  END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped; exit failed > 0 || passed == 0 }' "$counts"
