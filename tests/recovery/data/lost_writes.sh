# Runs a load on a disk whose writes and flushes QEMU logs, and looks at what of it is left when a power cut loses what was not flushed. For tests, which source it.
# shellcheck shell=bash
PATH=$PATH:/usr/sbin:/sbin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$PITH_ROOT/tools/disk-image" --size 32M "$work/before"
cp "$work/before" "$work/disk"

# acknowledged_load PATTERN COUNT OPTION...: boots with the options of pith-launch. The load prints lines of a word and a number; those whose word matches, COUNT of them,
# say that so much must be there.
acknowledged_load() {
  local acknowledged=$1 count=$2 word number
  shift 2
  : >"$work/log"
  # The log's length after a line has come is at least what it was when the line was written.
  "$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" "$@" -- \
    -blockdev "driver=blklogwrites,node-name=disk0,file.driver=file,file.filename=$work/disk,log.driver=file,log.filename=$work/log" \
    -device virtio-blk-pci,disable-legacy=on,iommu_platform=on,drive=disk0 2>"$work/messages" </dev/null |
    while read -r word number; do
      # shellcheck disable=SC2053  # a pattern
      [[ $word != $acknowledged ]] || echo "$number $(stat -c %s "$work/log")"
    done >"$work/acknowledged"
  [ "$(wc -l <"$work/acknowledged")" = "$count" ] || { tail -n 20 "$work/messages"; exit 1; }
}

# check_lost_writes STATES: so many states after a cut are right, and a disk that loses what was flushed, too, is noticed.
check_lost_writes() {
  local seed=${PITH_SEED:-$RANDOM}
  echo "seed $seed"
  python3 "$PITH_ROOT/tests/recovery/data/lost_writes.py" "$work" "$1" "$seed" 1
  python3 "$PITH_ROOT/tests/recovery/data/lost_writes.py" "$work" 10 "$seed" 0
}
