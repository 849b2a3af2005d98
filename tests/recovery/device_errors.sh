#!/usr/bin/env bash
# A disk that fails to read and to write some of its sectors, is full, is read only, or vanishes: programs get the errors that Linux gives, other files stay as they are, and the system lives on.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/tree"
for name in good bad doomed; do head -c 200000 /dev/urandom >"$work/tree/$name"; done
sum=$(md5sum <"$work/tree/good")
(cd "$work/tree" && printf '%s\n' good bad doomed | busybox cpio -o -H newc 2>/dev/null) >"$work/archive"
"$PITH_ROOT/tools/disk-image" --size 20M --archive "$work/archive" "$work/disk"
# The first sector of a file's sixth block, for what is to fail there.
sector_of() { echo $(($(debugfs -R "blocks /$1" "$work/disk" 2>/dev/null | awk '{ print $6 }') * 8)); }
cat >"$work/errors" <<END
[inject-error]
event = "none"
iotype = "read"
errno = "5"
sector = "$(sector_of bad)"
once = "off"
[inject-error]
event = "none"
iotype = "write"
errno = "5"
sector = "$(sector_of doomed)"
once = "off"
END

# run DRIVE OPTION…: boots with the disk as QEMU's -drive says it, and runs the commands of standard input there; $work/lines is what they print.
run() {
  { echo 'exec 2>&1'; cat; echo 'echo alive'; } >"$work/commands"
  "$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" --file "$work/commands=/commands" --exec 'sh /commands' --timeout 60 -- \
    -drive "if=none,format=raw,id=disk0,$1" -device virtio-blk-pci,disable-legacy=on,iommu_platform=on,drive=disk0,werror=report,rerror=report \
    "${@:2}" >"$work/out" 2>"$work/log" </dev/null || { echo "$1: exit status $?"; tail -n 30 "$work/out" "$work/log"; exit 1; }
  tr -d '\r' <"$work/out" >"$work/lines"
  is alive
}
# is TEXT: a line of what was printed.
is() { grep -qxF -- "$1" "$work/lines" || { echo "missing: $1"; cat "$work/lines"; tail -n 20 "$work/log"; exit 1; }; }

# Sectors that cannot be read or written, and a full disk.
run "file=blkdebug:$work/errors:$work/disk" <<'END'
cd /disk
cat bad >/dev/null
dd if=/dev/zero of=doomed bs=4096 count=10 conv=notrunc,fsync
cat bad >/dev/null
md5sum <good
echo more >another && sync && cat another
dd if=/dev/zero of=all bs=65536
rm all && head -c 100000 /dev/zero >again && wc -c <again
END
[ "$(grep -cxF 'cat: read error: Input/output error' "$work/lines")" = 2 ]
is "dd: doomed: Input/output error"
is "$sum"
is more
is "dd: error writing 'all': No space left on device"
is 100000
e2fsck -fy -E journal_only "$work/disk" >/dev/null 2>&1 || true
e2fsck -fn "$work/disk" >"$work/check" 2>&1 || { cat "$work/check"; exit 1; }

# A disk that cannot be written.
cp "$work/disk" "$work/other"
run "file=$work/other,readonly=on" <<'END'
cd /disk
md5sum <good
echo text >new
echo text >>good
rm good
mkdir folder
mv good better
touch good
mount | grep /disk
END
is "$sum"
[ "$(grep -c 'Read-only file system$' "$work/lines")" = 6 ] || { cat "$work/lines"; exit 1; }
cmp "$work/disk" "$work/other"

# One that vanishes: what the programs have read stays readable, everything else is an error.
port=$((20000 + RANDOM % 20000))
{
  for _ in $(seq 300); do
    ! grep -q ready "$work/out" 2>/dev/null || break
    sleep 0.1
  done
  exec 3<>"/dev/tcp/127.0.0.1/$port"
  printf '%s\n' '{"execute":"qmp_capabilities"}' '{"execute":"human-monitor-command","arguments":{"command-line":"drive_del disk0"}}' >&3
  sleep 1
} &
run "file=$work/other" -qmp "tcp:127.0.0.1:$port,server=on,wait=off" <<'END'
cd /disk
md5sum <good
echo ready
n=0
while dd if=good of=growing bs=1000 count=3 conv=fsync 2>/dev/null && [ $n -lt 500 ]; do n=$((n + 1)); usleep 10000; done
echo "failed: $((n > 0 && n < 500))"
sync
cat bad doomed >/dev/null
md5sum <good
echo text >new
mkdir folder
mv good better
rm good
for server in disk ext4; do echo kill >/svc/$server/ctl; done
cat bad >/dev/null
echo text >new
ls
END
wait
is "failed: 1"
# The two readers, and one when driver and file system are new instances; of those who write the first fails as on Linux, the others find the file system read only.
[ "$(grep -cxF 'cat: read error: Input/output error' "$work/lines")" = 3 ] || { cat "$work/lines"; exit 1; }
is "$sum"
[ "$(grep -c 'Read-only file system$' "$work/lines")" = 5 ] || { cat "$work/lines"; exit 1; }
is growing
