#!/bin/sh
# Builds the program that makes random system calls: Tools/build-fuzz.sh OUTPUT
set -eu
cd "$(dirname "$0")/.."
output=${1:?usage: Tools/build-fuzz.sh OUTPUT}
tables=$(mktemp -d)
trap 'rm -rf "$tables"' EXIT
# shellcheck disable=SC2046
swift build --quiet $(cat Tools/host-flags) --product SpecGen
.build/debug/SpecGen generate --package-path . --target Tests/Fuzz/specs.json --entry 0 \
  --output-directory "$tables" --output SystemCalls.c
mkdir -p "$(dirname "$output")"
"${CC:-cc}" -std=c17 -O1 -static -Wall -Wextra -Werror "-DSYSTEM_CALLS=\"$tables/SystemCalls.c\"" \
  -o "$output" Tests/Fuzz/syscall-fuzz.c
