#!/usr/bin/env bash
# A network card's driver is killed a hundred times while its client asks for echoes: each one is answered, once, and every frame is whole.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# run STATUS OPTION…: boots the system and compares how it ended.
run() {
  local status=$1 actual=0
  shift
  "$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" --system netcard --timeout 120 "$@" >"$work/out" 2>&1 </dev/null || actual=$?
  [ "$actual" = "$status" ] || { echo "exit status $actual instead of $status"; cat "$work/out"; exit 1; }
}

# On a CPU of its own the client kills the driver in the middle of its work; on the same one between its turns.
for cpus in 2 1; do
  run 0 --cpus $cpus
  grep -o 'pinger: .*' "$work/out"
  grep -q ' 100 kills, 0 lost, 0 malformed' "$work/out"
done
# Without the card the driver says so, and its client is told.
run 1 --no-net
grep -q 'netcard: there is no network card: NotFound' "$work/out"
