#!/usr/bin/env bash
# step.sh WHAT COMMAND...: runs a step of the build; if it fails, says which in one line and fails too.
what=$1
shift
printf '%s\n' "$what"
"$@" || {
  status=$?
  printf 'failed: %s (exit %d)\n' "$what" "$status" >&2
  exit "$status"
}
