#!/usr/bin/env bash
# The machine is ended at random moments while a shell writes and syncs files: the file system needs its journal only, and every file that was synced is there. PITH_CUTS: how often.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
cuts=${PITH_CUTS:-3}
work=$(mktemp -d)
guest=0
trap '[ "$guest" = 0 ] || kill -9 "$guest" 2>/dev/null || true; rm -rf "$work"' EXIT
"$PITH_ROOT/tools/disk-image" --size 64M "$work/disk"
cat >"$work/load.sh" <<'END'
i=$1
while :; do
  i=$((i + 1))
  seq $i $((i + 3000)) >/disk/new
  mv /disk/new /disk/f$i
  sync
  echo "synced $i"
  rm -f /disk/f$((i - 100))
done
END
last=0
for cut in $(seq "$cuts"); do
  : >"$work/out"
  "$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" --disk "$work/disk" --file "$work/load.sh=/load.sh" --exec "sh /load.sh $last" >"$work/out" 2>"$work/log" </dev/null &
  guest=$!
  for _ in $(seq 300); do
    ! grep -q synced "$work/out" || break
    sleep 0.1
  done
  grep -q synced "$work/out" || { echo "cut $cut: nothing was synced"; tail -n 20 "$work/log"; [ -z "${PITH_KEEP:-}" ] || cp "$work/disk" "$PITH_KEEP"; exit 1; }
  sleep 0.$((RANDOM % 900 + 100))
  # The machine at once, not by way of the launcher; then the launcher has nothing left to wait for.
  pkill -9 -P "$guest"
  wait "$guest" || true
  guest=0
  newest=$(sed -n 's/^synced \([0-9]*\).*/\1/p' "$work/out" | tail -n 1)
  cp "$work/disk" "$work/copy"
  e2fsck -fy -E journal_only "$work/copy" >"$work/check" 2>&1 || [ $? -le 1 ] || { cat "$work/check"; exit 1; }
  e2fsck -fn "$work/copy" >"$work/check" 2>&1 || { echo "cut $cut:"; cat "$work/check"; exit 1; }
  for i in $(seq $((newest > 50 ? newest - 50 : 1)) "$newest"); do
    debugfs -R "cat /f$i" "$work/copy" 2>/dev/null | cmp -s - <(seq "$i" $((i + 3000))) || { echo "cut $cut: file $i was synced and is not there"; exit 1; }
  done
  last=$newest
done
echo "$cuts cuts, $last files synced"
