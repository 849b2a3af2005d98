#!/usr/bin/env bash
# A machine whose root does not run any more is reset by the hardware's watchdog, and one whose root runs is not; without the hardware it hangs.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# run STATUS OPTION…: boots the system, which is quiet for 6 s of guest time and then hangs, and compares how it ended. The launcher answers 0 for a
# machine that was reset and 124 for one that it had to end.
run() {
  local status=$1 actual=0
  shift
  "$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" --system watchdog --timeout 30 -- -trace tco_timer_expired "$@" >"$work/out" 2>&1 </dev/null || actual=$?
  [ "$actual" = "$status" ] || { echo "exit status $actual instead of $status"; cat "$work/out"; exit 1; }
}

start=$EPOCHREALTIME
run 0
end=$EPOCHREALTIME
expired=$(grep -c tco_timer_expired "$work/out" || true)
[ "$expired" = 2 ] || { echo "the watchdog has expired $expired times instead of 2"; cat "$work/out"; exit 1; }
# It was fed for the first 6 s.
awk -v a="$start" -v b="$end" 'BEGIN { exit !(b - a > 7) }' || { echo "reset too early"; exit 1; }
run 124 -global ICH9-LPC.noreboot=on
