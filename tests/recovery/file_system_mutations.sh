#!/usr/bin/env bash
# Each of the file systems that tests/mutations/CMakeLists.txt changes a line or two of must turn its test red: a test that cannot fail shows nothing.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# noticed NAME TEST FILTER PATTERN: the mutated test fails, and says so in a line like PATTERN.
noticed() {
  local status=0
  timeout 60 "$PITH_BUILD/mutations/$1/$2" --gtest_brief=1 --gtest_filter="$3" >"$work/output" 2>&1 || status=$?
  # 1: a test has failed. Anything else (a crash, the time) shows nothing.
  if [ $status -ne 1 ] || ! grep -aqE "$4" "$work/output"; then
    tail -n 20 "$work/output"
    echo "$1: exit status $status"
    exit 1
  fi
  echo "$1: noticed"
}

power='Ext4.WhenThePowerIsCutWhatWasSyncedIsThere'
noticed no-journal ext4_test "$power" 'Filesystem still has errors|UNEXPECTED INCONSISTENCY'
noticed no-flush ext4_test "$power" 'seed [0-9]+ cut [0-9]+'
noticed early-reply ext4_test "$power" 'seed [0-9]+ cut [0-9]+'
noticed vault-not-rolled-back ext4_crash_test '*' 'method [0-9]+ died at instruction'
