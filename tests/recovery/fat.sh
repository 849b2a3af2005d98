#!/usr/bin/env bash
# A FAT volume in the Linux environment: its service and the disk's driver are killed while files are copied; the host's tools find them whole afterwards.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
kills=25
truncate -s 64M "$work/disk"
mkfs.vfat -F 16 -s 8 "$work/disk" >/dev/null
head -c 1000000 /dev/urandom >"$work/from the host"
mcopy -i "$work/disk" "$work/from the host" ::/

# shellcheck disable=SC2016 # the guest's shell expands it
command='cd /disk && mkdir "a folder"; n=0
(i=0; while [ $i -lt '$kills' ]; do echo kill >/svc/ext4/ctl; usleep 10000; echo kill >/svc/disk/ctl; usleep 10000; i=$((i + 1)); done; >/tmp/end) &
while [ ! -e /tmp/end ]; do
  n=$((n + 1))
  cp "from the host" "a folder/copy number $n" && sync && mv "a folder/copy number $n" "a folder/moved" || exit 1
  cmp "from the host" "a folder/moved" || exit 2
done
wait; sync; echo "$n copies"; grep restarts /svc/ext4/state; grep restarts /svc/disk/state'
status=0
"$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" --system fat --timeout 120 --disk "$work/disk" --exec "$command" >"$work/out" 2>"$work/error" </dev/null || status=$?
cat "$work/out"
fsck.vfat -n "$work/disk"
mtype -i "$work/disk" "::/a folder/moved" | cmp - "$work/from the host"
restarts=$(sed -n 's/^restarts //p' "$work/out")
read -r -d '' of_service of_driver <<<"$restarts" || true
[ "$status" -eq 0 ] && [ "${of_service:-0}" -ge "$kills" ] && [ "${of_driver:-0}" -ge "$kills" ] && exit
echo "exit status $status; standard error:"
tail -n 30 "$work/error"
exit 1
