#!/usr/bin/env bash
# busybox's udhcpc, arping, ping, wget, nslookup, telnet, ftpget, ftpput, nc and httpd in the guest, with servers and clients of the host's on its loopback interface: every byte is right.
set -euo pipefail
work=$(mktemp -d)
guest=0
mkdir "$work/files"
head -c 3000000 /dev/urandom >"$work/files/page"
python3 "$PITH_ROOT/tests/recovery/data/host_servers.py" "$work/files" &
servers=$!
trap '[ "$guest" = 0 ] || kill "$guest" 2>/dev/null || true; kill "$servers" 2>/dev/null || true; rm -rf "$work"' EXIT
for _ in $(seq 100); do
  [ ! -e "$work/files/ports" ] || break
  sleep 0.1
done
cat >"$work/tools.sh" <<'END'
. /ports
host=10.0.2.2
sum() { md5sum | cut -c 1-32; }
say() { echo "$*"; }
until ifconfig eth0 | grep -q 'inet addr:10\.'; do usleep 50000; done
cat >/tmp/script <<'SCRIPT'
#!/bin/sh
[ "$1" != bound ] || { ifconfig $interface $ip netmask $subnet; route add default gw $router; echo "$ip $subnet $router $dns"; }
SCRIPT
chmod +x /tmp/script
ifconfig eth0 0.0.0.0
say "udhcpc: $(udhcpc -f -q -n -i eth0 -s /tmp/script 2>/dev/null)"
say "arping: $(arping -c 2 -I eth0 $host | grep -o 'Received 2 response')"
say "ping: $(ping -c 3 $host | grep -o '3 packets received')"
say "ping6: $(ping6 -c 2 fec0::2 | grep -o '2 packets received')"
say "wget: $(wget -q -O - http://$host:$http/page | sum)"
wget -q -O /dev/null http://$host:$http/none && say 'a page that is not there was found'
say "nslookup: $(nslookup pith.test $host:$dns | grep -A 9 pith.test | sed -n 's/^Address: *//p' | sort | xargs)"
nslookup other.test $host:$dns >/dev/null && say 'a name that is not there was found'
say "telnet: $( (echo one; echo two; echo quit; sleep 1) | telnet $host $telnet 2>/dev/null | grep -o 'heard [A-Z]*' | xargs)"
ftpget -u guest -p secret -P $ftp $host /tmp/page page && say "ftpget: $(sum </tmp/page)"
ftpget -u guest -p wrong -P $ftp $host /tmp/not page 2>/dev/null && say 'a wrong password was taken'
ftpput -u guest -p secret -P $ftp $host put /tmp/page || say 'ftpput has failed'
say "nc from the host: $(nc $host $source </dev/null | sum)"
i=0; while [ $i -lt 64 ]; do cat /bin/busybox; i=$((i + 16)); done >/tmp/large
nc $host $sink </tmp/large && say "nc to the host: $(wc -c </tmp/large) $(sum </tmp/large)"
mkdir /tmp/www && cp /tmp/page /tmp/www
httpd -h /tmp/www
# Its own side stays open until the host has sent everything.
mkfifo /tmp/open
nc -l -p 5000 >/tmp/received 3<>/tmp/open </tmp/open & listener=$!
say ready
wait $listener
say "nc listening: $(sum </tmp/received)"
while [ ! -e /tmp/www/stop ]; do usleep 50000; done
END
web=$((20000 + RANDOM % 15000)) netcat=$((35000 + RANDOM % 15000))
"$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" --forward $web:80 --forward $netcat:5000 --file "$work/files/ports=/ports" --file "$work/tools.sh=/tools.sh" \
  --exec 'sh /tools.sh' --timeout 90 >"$work/out" 2>"$work/log" </dev/null &
guest=$!
for _ in $(seq 600); do
  ! grep -q '^ready' "$work/out" && kill -0 "$guest" 2>/dev/null || break
  sleep 0.1
done
grep -q '^ready' "$work/out" || { echo "the guest is not ready:"; cat "$work/out"; tail -n 20 "$work/log"; exit 1; }
busybox nc 127.0.0.1 "$netcat" <"$work/files/page"
curl -s -m 30 "http://127.0.0.1:$web/page" | cmp - "$work/files/page"
kill "$guest"
wait "$guest" || true
guest=0
page=$(md5sum <"$work/files/page" | cut -c 1-32)
source=$(python3 -c 'import hashlib; print(hashlib.md5(hashlib.sha256(b"source").digest() * (8 << 15)).hexdigest())')
large=$(for _ in 1 2 3 4; do cat /bin/busybox; done | md5sum | cut -c 1-32)
size=$(($(stat -c %s /bin/busybox) * 4))
cat >"$work/expected" <<END
udhcpc: 10.0.2.15 255.255.255.0 10.0.2.2 10.0.2.3
arping: Received 2 response
ping: 3 packets received
ping6: 2 packets received
wget: $page
nslookup: 192.0.2.7 2001:db8::7
telnet: heard ONE heard TWO heard QUIT
ftpget: $page
nc from the host: $source
nc to the host: $size $large
ready
nc listening: $page
END
diff "$work/expected" "$work/out"
cmp "$work/files/page" "$work/files/put"
[ "$(cat "$work/files/sink")" = "$size $large" ]
