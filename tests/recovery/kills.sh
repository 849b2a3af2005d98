#!/usr/bin/env bash
# Console, log and clock are killed 100 times each, at least 30 % inside a request, while a checksum runs and lines are typed: the checksum is right,
# every typed byte arrives once and in order, and each is back within 10 ms of guest time.
set -euo pipefail

lines=150
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Typed slowly, so that the kills fall between the bytes; the torture of about one guest second takes some ten seconds and more.
type_lines() {
  for ((i = 1; i <= lines; i++)); do
    echo "line $i of what is typed while the console is killed"
    [ $# -eq 0 ] || sleep "$1"
  done
}

# shellcheck disable=SC2016 # the guest's shell expands it
command='yes | head -c 10000000 | sha256sum; head -n '$lines' | sha256sum; sleep 1
for name in console log clock; do grep -E "^(state|restarts)" /svc/$name/state; done'
status=0
type_lines 0.1 | "$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" --system torture --icount --timeout 500 --exec "$command" \
  >"$work/out" 2>"$work/err" || status=$?
{
  head -c 10000000 < <(yes) | sha256sum
  type_lines | sha256sum
  for _ in console log clock; do printf 'state running\nrestarts 100\n'; done
} >"$work/expected"

[ "$status" -eq 0 ] && cmp -s "$work/out" "$work/expected" && grep -qaE 'torture: passed: 300 faults' "$work/err" && {
  grep -aE 'torture: passed' "$work/err"
  exit 0
}
echo "exit status $status; expected:"
cat "$work/expected"
echo "standard output:"
cat "$work/out"
echo "standard error:"
tail -n 20 "$work/err"
exit 1
