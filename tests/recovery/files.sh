#!/usr/bin/env bash
# Disk driver and file system are killed every 50 ms while a shell writes, renames, copies, reads back and removes files: every byte is there, and e2fsck finds nothing.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$PITH_ROOT/tools/disk-image" --size 64M "$work/disk"
cat >"$work/load.sh" <<'END'
while [ ! -e /tmp/stop ]; do
  for server in ext4 disk; do
    echo kill >/svc/$server/ctl
    usleep 50000
  done
done &
mkdir /disk/load
for round in $(seq 40); do
  for i in 1 2 3 4 5 6; do
    file=/disk/load/$i
    head -c $((i * 30000 + round)) /dev/urandom >$file
    sync
    sum=$(md5sum <$file)
    mv $file $file.moved
    cp $file.moved $file.copy
    [ "$sum" = "$(md5sum <$file.copy)" ] || echo "round $round: file $i is not what was written"
    rm $file.copy
  done
done
touch /tmp/stop
wait
umount /disk || echo "cannot unmount"
mount -t ext4 ext4 /disk || echo "cannot mount"
cd /disk/load && md5sum *.moved
cd /
umount /disk || echo "cannot unmount"
for server in ext4 disk; do
  sed -n "s/^restarts /$server restarts /p" /svc/$server/state
done
END
"$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" --disk "$work/disk" --file "$work/load.sh=/load.sh" --exec 'sh /load.sh' --timeout 240 \
  >"$work/out" 2>"$work/log" </dev/null || { echo "exit status $?"; tail -n 30 "$work/out" "$work/log"; exit 1; }
if grep -v '^[0-9a-f]\{32\}  \|restarts' "$work/out"; then exit 1; fi
[ "$(grep -c '\.moved$' "$work/out")" = 6 ]
for server in ext4 disk; do
  restarts=$(sed -n "s/^$server restarts //p" "$work/out")
  echo "$server: killed $restarts times"
  [ "$restarts" -ge 20 ]
done
e2fsck -fn "$work/disk" >"$work/check" 2>&1 || { cat "$work/check"; exit 1; }
# What was written is what another implementation reads.
debugfs -R "rdump /load $work" "$work/disk" >/dev/null 2>&1
(cd "$work/load" && md5sum ./*.moved | sed 's#  \./#  #') >"$work/sums"
grep '\.moved$' "$work/out" | cmp - "$work/sums"
