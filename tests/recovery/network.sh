#!/usr/bin/env bash
# The network stack is killed fifty times while a connection carries two megabytes: none is lost, and the gateway answers echoes after each kill.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
actual=0
"$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" --system network --timeout 120 >"$work/out" 2>&1 </dev/null || actual=$?
[ "$actual" = 0 ] || { echo "exit status $actual"; cat "$work/out"; exit 1; }
grep -o 'surfer: [0-9].*' "$work/out"
grep -q '2097152 bytes .* 50 kills' "$work/out"
