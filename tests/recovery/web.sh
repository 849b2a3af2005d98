#!/usr/bin/env bash
# Network card's driver, network stack, file system and disk driver are killed in turn, one every 50 ms, while programs of the host ask a web server in the guest: no request fails.
set -euo pipefail
work=$(mktemp -d)
guest=0
trap '[ "$guest" = 0 ] || kill "$guest" 2>/dev/null || true; rm -rf "$work"' EXIT
mkdir "$work/www"
head -c 3000000 /dev/urandom >"$work/www/large"
echo 'a small page' >"$work/www/index.html"
(cd "$work" && find www | busybox cpio -o -H newc --quiet >archive 2>/dev/null)
"$PITH_ROOT/tools/disk-image" --size 64M --archive "$work/archive" "$work/disk"
cat >"$work/load.sh" <<'END'
httpd -h /disk/www
echo ready
i=0
while [ ! -e /tmp/stop ] && [ $i -lt 400 ]; do
  for server in network netcard ext4 disk; do
    echo kill >/svc/$server/ctl
    usleep 50000
  done
  i=$((i + 1))
  [ $i != 40 ] || for server in network netcard ext4 disk; do sed -n "s/^restarts /$server restarts /p" /svc/$server/state; done
done
END
port=$((20000 + RANDOM % 20000))
"$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" --disk "$work/disk" --forward $port:80 --file "$work/load.sh=/load.sh" --exec 'sh /load.sh' \
  --timeout 120 >"$work/out" 2>"$work/log" </dev/null &
guest=$!
for _ in $(seq 200); do
  ! grep -q ready "$work/out" || break
  sleep 0.2
done
grep -q ready "$work/out" || { echo "the guest is not up"; tail -n 20 "$work/log"; exit 1; }
ab -q -n 300 -c 3 -s 30 "http://127.0.0.1:$port/" >"$work/ab" 2>&1 || { cat "$work/ab"; exit 1; }
grep -q '^Complete requests: *300$' "$work/ab" && grep -q '^Failed requests: *0$' "$work/ab" || { cat "$work/ab"; exit 1; }
for _ in 1 2 3; do
  curl -s -m 60 "http://127.0.0.1:$port/large" | cmp - "$work/www/large"
done
for _ in $(seq 100); do
  ! grep -q 'disk restarts' "$work/out" || break
  sleep 0.5
done
sed -n 's/ restarts \(.*\)/: killed \1 times and more/p' "$work/out"
grep '^Requests per second\|99%\|100%' "$work/ab"
[ "$(awk '/ restarts / && $3 >= 38' "$work/out" | wc -l)" = 4 ]
