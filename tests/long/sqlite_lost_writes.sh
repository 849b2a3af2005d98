#!/usr/bin/env bash
# SQLite commits in WAL mode on a disk that loses, at a power cut, what was not flushed: in every such state the database is sound and has what was committed. PITH_STATES: how many.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$PITH_ROOT/tools/disk-image" --size 32M "$work/before"
cp "$work/before" "$work/disk"
: >"$work/log"
ln -s "$PITH_ROOT/tests/recovery/data/sqlite_check.sh" "$work/check"
# The log's length after a line has come is at least what it was when the transaction was committed.
"$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" --file "$PITH_ROOT/tests/recovery/data/sqlite_load.sh=/load.sh" --file "$PITH_BUILD/tests/linux/sqlite3=/bin/sqlite3" \
  --exec 'sh /load.sh 200' --timeout 120 -- \
  -blockdev "driver=blklogwrites,node-name=disk0,file.driver=file,file.filename=$work/disk,log.driver=file,log.filename=$work/log" \
  -device virtio-blk-pci,disable-legacy=on,iommu_platform=on,drive=disk0 2>"$work/messages" </dev/null |
  while read -r word number; do
    [ "$word" != committed ] || echo "$number $(stat -c %s "$work/log")"
  done >"$work/acknowledged"
[ "$(wc -l <"$work/acknowledged")" = 200 ] || { tail -n 20 "$work/messages"; exit 1; }
seed=${PITH_SEED:-$RANDOM}
echo "seed $seed"
python3 "$PITH_ROOT/tests/recovery/data/lost_writes.py" "$work" "${PITH_STATES:-200}" "$seed" 1
# A disk that loses what was flushed must be noticed.
python3 "$PITH_ROOT/tests/recovery/data/lost_writes.py" "$work" 10 "$seed" 0
