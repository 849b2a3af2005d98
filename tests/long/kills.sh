#!/usr/bin/env bash
# Disk driver, network driver, file system and network stack are each killed every 100 ms while files are worked on, a file goes down and up, and a web server answers: no wrong byte, no lost connection, no failed request.
#
# PITH_KILLS_SECONDS (60): of the first and the third part. PITH_KILLS_MEGABYTES (200): of the second, which takes as long as it takes.
# PITH_KILLS_PERIOD_MS (100): from one kill of a service to its next.
# PITH_KILLS_CLOCK: `counted` for time by instructions (--icount), else the host's. PITH_KILLS_RESULTS: a file that the table is written to.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
seconds=${PITH_KILLS_SECONDS:-60}
megabytes=${PITH_KILLS_MEGABYTES:-200}
clock=${PITH_KILLS_CLOCK:-host}
period=${PITH_KILLS_PERIOD_MS:-100}
options=()
[ "$clock" != counted ] || options=(--icount)
work=$(mktemp -d)
load=$(cut -d ' ' -f 1 /proc/loadavg)
guest=0
server=0
trap '[ "$guest" = 0 ] || kill "$guest" 2>/dev/null || true; [ "$server" = 0 ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
port=$((20000 + RANDOM % 10000))
mkdir "$work/www"
head -c 3000000 /dev/urandom >"$work/www/large"
echo 'a small page' >"$work/www/index.html"
mkdir "$work/www/cgi-bin"
printf '#!/bin/sh\ntouch /tmp/stop\necho\n' >"$work/www/cgi-bin/stop"
chmod +x "$work/www/cgi-bin/stop"
(cd "$work" && find www | busybox cpio -o -H newc --quiet >archive 2>/dev/null)

fail() {
  echo "$1"
  tail -n 30 "$work/out" "$work/log"
  exit 1
}

# boot PART MEGABYTES: a disk, and the part's script in the guest, which has a killer beside it; the last one says `ready`.
boot() {
  local part=$1
  "$PITH_ROOT/tools/disk-image" --size "$2M" --archive "$work/archive" "$work/disk"
  : >"$work/out"
  "$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" --disk "$work/disk" --forward $((port + 2)):80 --file "$work/$part.sh=/part.sh" \
    --file "$PITH_BUILD/tests/linux/killer=/bin/killer" --exec 'sh /part.sh' --timeout 3000 "${options[@]}" >"$work/out" 2>"$work/log" </dev/null &
  guest=$!
}

# finish PART: waits for the guest's end, looks at its disk, and keeps what the killer has measured.
finish() {
  wait "$guest" || fail "$1: exit status $?"
  guest=0
  ! grep -v '^[0-9a-f]\{32\}  \|^[a-z0-9]* [0-9]* [0-9]* [0-9]* [0-9]*$\|^ready$' "$work/out" || fail "$1: an unexpected line"
  e2fsck -fn "$work/disk" >"$work/check" 2>&1 || fail "$1: $(cat "$work/check")"
  [ "$(grep -c '^[a-z0-9]* [0-9]* [0-9]* [0-9]* [0-9]*$' "$work/out")" = 4 ] || fail "$1: not all services were killed"
  awk -v part="$1" 'NF == 5 { printf "| %s | %s | %d | %.1f | %.1f | %.1f |\n", part, $1, $2, $3 / 1000, $4 / 1000, $5 / 1000 }' "$work/out" | tee -a "$work/table"
}

started() {
  for _ in $(seq 600); do
    ! grep -q '^ready$' "$work/out" || return 0
    sleep 0.2
  done
  fail "the guest is not up"
}

# Writes what one client of port $1 of the loopback interface sends.
receive() {
  python3 -c '
import socket, sys
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server, server.accept()[0] as client:
    while part := client.recv(1 << 16):
        sys.stdout.buffer.write(part)' "$1"
}

# Files: written, synced, renamed, copied, read back, removed.
cat >"$work/files.sh" <<END
killer $seconds $period ext4 disk network netcard &
mkdir /disk/load
round=0
begin=\$(date +%s)
while [ \$((\$(date +%s) - begin)) -lt $seconds ]; do
  round=\$((round + 1))
  for i in 1 2 3 4 5 6; do
    file=/disk/load/\$i
    head -c \$((i * 30000 + round)) /dev/urandom >\$file
    sync
    sum=\$(md5sum <\$file)
    mv \$file \$file.moved
    cp \$file.moved \$file.copy
    [ "\$sum" = "\$(md5sum <\$file.copy)" ] || echo "round \$round: file \$i is not what was written"
    rm \$file.copy
  done
done
wait
rm /disk/killer.* || echo "cannot remove"
cd /disk/load && md5sum *.moved
cd /
umount /disk || echo "cannot unmount"
END
boot files 64
finish "files with sync"
debugfs -R "rdump /load $work" "$work/disk" >/dev/null 2>&1
(cd "$work/load" && md5sum ./*.moved | sed 's#  \./#  #') >"$work/sums"
[ "$(grep -c moved "$work/sums")" = 6 ]
grep '\.moved$' "$work/out" | cmp - "$work/sums"

# A file down and up.
mkdir "$work/host"
head -c $((megabytes * 1000000)) /dev/urandom >"$work/host/data"
busybox httpd -f -p 127.0.0.1:$port -h "$work/host" &
server=$!
cat >"$work/transfer.sh" <<END
killer 3000 $period ext4 disk network netcard >/tmp/killed &
begin=\$(date +%s)
wget -q -O /disk/data http://10.0.2.2:$port/data || echo "the download failed"
middle=\$(date +%s)
md5sum </disk/data
sum=\$(date +%s)
nc 10.0.2.2 $((port + 1)) </disk/data || echo "the upload failed"
end=\$(date +%s)
touch /tmp/stop
wait
cat /tmp/killed
echo seconds \$((middle - begin)) \$((end - sum)) >&2
END
boot transfer $((megabytes * 2 + 64))
receive $((port + 1)) >"$work/up" &
finish "$megabytes MB down and up"
cp "$work/log" "$work/transfer.log"
sed 's/  .*//' <"$work/out" | grep -x '[0-9a-f]\{32\}' | cmp - <(md5sum <"$work/host/data" | cut -c 1-32) || fail "the file that came down is another one"
cmp "$work/up" "$work/host/data" || fail "the file that went up is another one"
kill "$server"
server=0

# A web server.
cat >"$work/web.sh" <<END
killer 3000 $period ext4 disk network netcard &
httpd -h /disk/www
echo ready
wait %1
END
boot web 64
started
ab -q -t "$seconds" -n 1000000 -c 4 -s 60 "http://127.0.0.1:$((port + 2))/" >"$work/ab" 2>&1 || fail "$(cat "$work/ab")"
curl -s -m 60 "http://127.0.0.1:$((port + 2))/cgi-bin/stop"
load="$load and $(cut -d ' ' -f 1 /proc/loadavg)"
finish "httpd under ab"
grep -q '^Failed requests: *0$' "$work/ab" || fail "$(cat "$work/ab")"
! grep -q 'Non-2xx' "$work/ab" || fail "$(cat "$work/ab")"
grep '^Complete requests\|^Requests per second\|  50%\|  99%\|100%' "$work/ab"

[ -z "${PITH_KILLS_RESULTS:-}" ] || cat >"$PITH_KILLS_RESULTS" <<END
# Services killed again and again

Made by

\`\`\`
PITH_KILLS_CLOCK=$clock PITH_KILLS_PERIOD_MS=$period PITH_KILLS_SECONDS=$seconds PITH_KILLS_MEGABYTES=$megabytes PITH_KILLS_RESULTS=docs/results/${PITH_KILLS_RESULTS##*/} ./pith test long/kills
\`\`\`

ext4, the disk's driver, the network stack and the network card's driver were each killed every $period ms, one after the other, in one system and at once; a kill that came due while its service
was still away was left out. *Away* is the time in milliseconds from the command that kills a service to the first answer that needed it: a changed file mode of ext4, a byte synced to the disk
(by ext4, which may be away itself), a socket opened by the network stack, an echo from the gateway through the card (and the stack). $(case $clock in
  counted) echo "It is the guest's time, one for each million instructions; while everybody waits for disk or network it runs ahead from one timer to the next, so what a busy host's disk takes is in the longest times." ;;
  *) echo "It is the host's time, with the rest of the system at work: a program of Linux competes with the load for the processor. The host has $(nproc) processors, and a load between $load." ;;
esac)

- *files with sync*: $seconds s of files written, synced, renamed, copied, read back and removed, all compared; e2fsck finds nothing, and another implementation reads the same bytes.
- *$megabytes MB down and up*: by wget to the disk in $(sed -n 's/^seconds \([0-9]*\) .*/\1/p' "$work/transfer.log") s, and by nc from it in $(sed -n 's/^seconds [0-9]* //p' "$work/transfer.log") s; both are what was sent.
- *httpd under ab*: $seconds s, 4 at a time: $(sed -n 's/^Complete requests: *//p' "$work/ab") requests, $(sed -n 's/^Failed requests: *//p' "$work/ab") failed; half within $(awk '/ 50%/ { print $2 }' "$work/ab") ms, 99 % within $(awk '/ 99%/ { print $2 }' "$work/ab") ms, the longest $(awk '/100%/ { print $2 }' "$work/ab") ms.

| during | killed | times | away: p50 | p99 | longest |
|---|---|---:|---:|---:|---:|
$(cat "$work/table")
END
