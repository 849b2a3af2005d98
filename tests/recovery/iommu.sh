#!/usr/bin/env bash
# A driver has its device reach for memory that is not its own, and the bus is killed meanwhile: the device is stopped, the log says so, all others go on.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
truncate -s 16M "$work/good" "$work/bad"

# run STATUS OPTION…: boots the system and compares how it ended.
run() {
  local status=$1 actual=0
  shift
  "$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" --system iommu --timeout 60 "$@" >"$work/out" 2>&1 </dev/null || actual=$?
  [ "$actual" = "$status" ] || { echo "exit status $actual instead of $status"; cat "$work/out"; exit 1; }
}
# said TEXT: it is in the log.
said() { grep -q "$1" "$work/out" || { echo "the log does not say: $1"; cat "$work/out"; exit 1; }; }

run 0 --disk "$work/good" --disk "$work/bad"
treasure=$(sed -n 's/.*treasure at 0x//p' "$work/out")
said "of trespasser was kept from writing 0x$treasure "
said "of trespasser was kept from reading 0x$(printf %x $((0x$treasure + 4096))) "
said 'of trespasser was kept from writing 0x118000 '
said 'all as it was'
if grep -q 'of disk was kept' "$work/out"; then cat "$work/out"; exit 1; fi

# Without the unit nothing stops the device: what the test looks at is what a device reaches.
run 1 --no-iommu --disk "$work/good" --disk "$work/bad"
said 'devices reach all memory'
said 'the treasure is not what it was'
