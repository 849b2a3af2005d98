#!/usr/bin/env bash
# The file system and the disk's driver are killed again and again while Linux programs copy, compare, rename and remove: nothing is lost, nobody sees an error, and e2fsck finds nothing.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$PITH_ROOT/tools/disk-image" --size 64M "$work/disk"

# shellcheck disable=SC2016 # the guest's shell expands these
script='cd /disk
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
  mkdir w$i
  (cp /bin/busybox w$i/a && cp w$i/a w$i/b && sync && mv w$i/b w$i/c && cmp /bin/busybox w$i/c && rm w$i/a w$i/c && echo $i >w$i/f || echo wrong) &
  echo kill >/svc/ext4/ctl
  [ $((i % 3)) != 0 ] || echo kill >/svc/disk/ctl
  echo kill >/svc/ext4/ctl
  wait
done
cat w*/f | wc -l
grep restarts /svc/ext4/state
sync'
"$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" --timeout 120 --disk "$work/disk" --exec "$script" >"$work/out" 2>&1 </dev/null ||
  { echo "exit status $?"; cat "$work/out"; exit 1; }
grep -q wrong "$work/out" && { cat "$work/out"; exit 1; }
grep -qx '12' <(tr -d '\r' <"$work/out") || { cat "$work/out"; exit 1; }
grep -E "^restarts (2[0-9]|3[0-9])" <(tr -d "\r" <"$work/out") || { cat "$work/out"; exit 1; }
# What the machine has left is what a power cut leaves: the journal is replayed first.
e2fsck -fy -E journal_only "$work/disk" >"$work/check" 2>&1 || [ $? -le 1 ] || { cat "$work/check"; exit 1; }
e2fsck -fn "$work/disk" >"$work/check" 2>&1 || { cat "$work/check"; exit 1; }
