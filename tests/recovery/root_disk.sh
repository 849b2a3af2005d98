#!/usr/bin/env bash
# The file system that is the root and the disk's driver are killed every 100 ms while a shell runs programs from it, writes and renames: no byte is lost, and e2fsck finds nothing.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# A program for each round, which no cache has.
mkdir -p "$work/tree/load"
(cd "$work/tree" && busybox cpio -i -d -m --quiet <"$PITH_BUILD/rootfs.cpio")
for round in $(seq 20); do
  cp /bin/busybox "$work/tree/load/busybox.$round"
done
"$PITH_ROOT/tools/disk-image" --root --folder "$work/tree" --size 128M "$work/disk"
cat >"$work/load.sh" <<'END'
while [ ! -e /tmp/stop ]; do
  for server in ext4 disk; do
    usleep 50000
    echo kill >/svc/$server/ctl
  done
done &
for round in $(seq 20); do
  /load/busybox.$round sh -c 'seq 20000' >/load/$round
  sync
  mv /load/$round /load/$round.moved
  mv /load/busybox.$round /load/busybox
  [ "$(md5sum </load/$round.moved)" = "$(seq 20000 | md5sum)" ] || echo "round $round is not what was written"
  [ "$(find /load | wc -l)" = 22 ] || echo "round $round: names are wrong"
done
touch /tmp/stop
wait
for server in ext4 disk; do
  sed -n "s/^restarts /$server restarts /p" /svc/$server/state
done
END
"$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" --system disk --disk "$work/disk" --file "$work/load.sh=/load.sh" --exec 'sh /load.sh' --timeout 120 \
  >"$work/out" 2>"$work/log" </dev/null || { echo "exit status $?"; tail -n 30 "$work/out" "$work/log"; exit 1; }
if grep -v restarts "$work/out"; then exit 1; fi
for server in ext4 disk; do
  restarts=$(sed -n "s/^$server restarts //p" "$work/out")
  echo "$server: killed $restarts times"
  [ "$restarts" -ge 10 ]
done
e2fsck -fn "$work/disk" >"$work/check" 2>&1 || { cat "$work/check"; exit 1; }
# What was written is there at the next boot.
"$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" --system disk --disk "$work/disk" --exec 'cat /load/*.moved | md5sum; /load/busybox echo again' --timeout 60 >"$work/out" 2>"$work/log" </dev/null
{
  for _ in $(seq 20); do seq 20000; done | md5sum
  echo again
} | diff "$work/out" -
