#!/usr/bin/env bash
# The interactive shell on a terminal: a prompt, line editing, ctrl-c, and ctrl-a x leaves.
set -euo pipefail
script -qec true /dev/null >/dev/null 2>&1 || {
  echo "this machine has no pseudo-terminals: not tested"
  exit 0
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

touch "$work/screen"

# wait_for COUNT PATTERN: until the screen shows the pattern that often, for at most 30 s.
wait_for() {
  local try
  for try in {1..300}; do
    [ "$(grep -ac -- "$2" "$work/screen" 2>/dev/null)" -lt "$1" ] || return 0
    sleep 0.1
  done
  echo "the screen does not show $2 ($1 times, $try tries):" >&2
  cat -v "$work/screen" >&2
  return 1
}

# Whatever fails here leaves the machine running until the time-out, which fails the test.
type_in() {
  wait_for 1 'pith:' || return 1
  # shellcheck disable=SC2016 # the guest's shell is to expand it
  printf 'echo answer $((6 * 7))\n'
  wait_for 1 'answer 42' || return 1
  printf 'cat; echo left\n'
  sleep 1
  printf 'typed\n'
  wait_for 2 '^typed' || return 1
  printf '\003'
  wait_for 3 'pith:' || return 1
  printf '\001x'
  # The line stays open until the machine has ended.
  sleep 2
}

type_in | timeout 60 script -qefc "'$PITH_BUILD/bin/pith-launch' run --build '$PITH_BUILD'" "$work/screen" >/dev/null
