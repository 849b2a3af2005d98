#!/usr/bin/env bash
# A disk's driver is killed a hundred times while its client writes and reads 20,000 blocks: every block holds what was written last, and every request is done once.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
truncate -s 16M "$work/disk"

# run STATUS OPTION…: boots the system and compares how it ended.
run() {
  local status=$1 actual=0
  shift
  "$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" --system scribe --timeout 120 "$@" >"$work/out" 2>&1 </dev/null || actual=$?
  [ "$actual" = "$status" ] || { echo "exit status $actual instead of $status"; cat "$work/out"; exit 1; }
}

run 0 --disk "$work/disk"
grep -o 'scribe: [0-9]* operations.*' "$work/out"
grep -q ' 100 kills, 0 wrong' "$work/out"
# Without the disk the driver says so, and its client is told.
run 1
grep -q 'disk: there is no disk: NotFound' "$work/out"
