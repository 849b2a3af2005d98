#!/usr/bin/env bash
# The disk may lose, at a power cut, what was not flushed: in every such state the file system needs its journal only, and what was synced is there. PITH_STATES: how many.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$PITH_ROOT/tools/disk-image" --size 32M "$work/before"
cp "$work/before" "$work/disk"
: >"$work/log"
cat >"$work/load.sh" <<'END'
for i in $(seq 60); do
  seq $i $((i + 3000)) >/disk/new
  mv /disk/new /disk/f$i
  [ $((i % 4)) = 3 ] && mkdir /disk/d$i && ln /disk/f$i /disk/d$i/same
  sync
  echo "synced $i"
  rm -rf /disk/f$((i - 20)) /disk/d$((i - 9))
done
END
# The log's length after a line has come is at least what it was when the file was synced.
"$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" --file "$work/load.sh=/load.sh" --exec 'sh /load.sh' --timeout 60 -- \
  -blockdev "driver=blklogwrites,node-name=disk0,file.driver=file,file.filename=$work/disk,log.driver=file,log.filename=$work/log" \
  -device virtio-blk-pci,disable-legacy=on,iommu_platform=on,drive=disk0 2>"$work/messages" </dev/null |
  while read -r _ number; do
    echo "$number $(stat -c %s "$work/log")"
  done >"$work/acknowledged"
[ "$(wc -l <"$work/acknowledged")" = 60 ] || { tail -n 20 "$work/messages"; exit 1; }
seed=${PITH_SEED:-$RANDOM}
echo "seed $seed"
python3 "$PITH_ROOT/tests/recovery/data/lost_writes.py" "$work" "${PITH_STATES:-30}" "$seed" 1
# A disk that loses what was flushed must be noticed.
python3 "$PITH_ROOT/tests/recovery/data/lost_writes.py" "$work" 10 "$seed" 0
