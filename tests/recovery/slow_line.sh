#!/usr/bin/env bash
# A console whose line takes nothing for a while is not taken to hang: nothing is restarted, and every byte arrives.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# More than the rings and pipes in between hold.
bytes=400000
"$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" --timeout 100 --exec "yes | head -c $bytes; grep restarts /svc/console/state >&2" 2>"$work/error" |
  { sleep 10; wc -c; } >"$work/count"
[ "$(cat "$work/count")" -eq "$bytes" ] && grep -qx 'restarts 0' "$work/error" && exit
echo "$(cat "$work/count") bytes of $bytes; standard error:"
tail -n 20 "$work/error"
exit 1
