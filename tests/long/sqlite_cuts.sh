#!/usr/bin/env bash
# The machine is ended at random moments while SQLite commits in WAL mode on ext4: the database is sound each time, and every transaction that was answered is in it whole. PITH_CUTS: how often.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
cuts=${PITH_CUTS:-50}
work=$(mktemp -d)
guest=0
trap '[ "$guest" = 0 ] || kill -9 "$guest" 2>/dev/null || true; rm -rf "$work"' EXIT
sqlite=$PITH_BUILD/tests/linux/sqlite3
"$PITH_ROOT/tools/disk-image" --size 64M "$work/disk"
last=0 total=0
for cut in $(seq "$cuts"); do
  : >"$work/out"
  "$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" --disk "$work/disk" --file "$PITH_ROOT/tests/recovery/data/sqlite_load.sh=/load.sh" --file "$sqlite=/bin/sqlite3" --exec "sh /load.sh 1000000" \
    >"$work/out" 2>"$work/log" </dev/null &
  guest=$!
  for _ in $(seq 300); do
    ! grep -q committed "$work/out" || break
    sleep 0.1
  done
  grep -q committed "$work/out" || { echo "cut $cut: nothing was committed"; tail -n 20 "$work/out" "$work/log"; exit 1; }
  sleep $((RANDOM % 2)).$((RANDOM % 900 + 100))
  # The machine at once, not by way of the launcher; then the launcher has nothing left to wait for.
  pkill -9 -P "$guest"
  wait "$guest" || true
  guest=0
  if grep -v '^committed\|^wal$\|^full$\|^40$' "$work/out"; then exit 1; fi
  newest=$(sed -n 's/^committed \([0-9][0-9]*\)$/\1/p' "$work/out" | tail -n 1)
  cp "$work/disk" "$work/copy"
  e2fsck -fy -E journal_only "$work/copy" >"$work/check" 2>&1 || [ $? -le 1 ] || { cat "$work/check"; exit 1; }
  e2fsck -fn "$work/copy" >"$work/check" 2>&1 || { echo "cut $cut:"; cat "$work/check"; exit 1; }
  # One that was under way may be there: whole.
  there=$("$PITH_ROOT/tests/recovery/data/sqlite_check.sh" "$work/copy" "$newest" $((newest + 1))) || {
    echo "cut $cut: committed $newest, there $there"
    [ -z "${PITH_KEEP:-}" ] || cp "$work/disk" "$PITH_KEEP"
    exit 1
  }
  total=$((total + newest - last))
  last=$there
done
echo "$cuts cuts, $total transactions committed in between, $last in the database"
