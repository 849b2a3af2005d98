#!/usr/bin/env bash
# Two Linux environments on one network stack: each serves the host on its own port, neither gets one that the manifest or being first gives the other, also after the stack was killed.
set -euo pipefail
work=$(mktemp -d)
guest=0
trap '[ "$guest" = 0 ] || kill "$guest" 2>/dev/null || true; rm -rf "$work"' EXIT
cat >"$work/first.sh" <<'END'
cd /tmp; echo the first >index.html
until ifconfig eth0 | grep -q 'inet addr:10\.'; do usleep 50000; done
httpd -p 80 -h /tmp || echo 'no port 80'
# The other one's port that nobody has bound, the one that it has, and one that it was first to take.
until netcat=$(nc -w 2 127.0.0.1 1080 </dev/null 2>&1); do usleep 100000; done
for port in 8001 8080; do
  nc -l -p $port </dev/null 2>&1
  httpd -p $port -h /tmp 2>&1
done
echo "the partner says: $(wget -q -O - http://127.0.0.1:8080/)"
echo kill >/svc/network/ctl
nc -l -p 8001 </dev/null 2>&1
echo ready
while [ ! -e /tmp/stop ]; do usleep 100000; done
END
first=$((20000 + RANDOM % 15000)) second=$((35000 + RANDOM % 15000))
"$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" --system two_networks --forward $first:80 --forward $second:8080 --file "$work/first.sh=/first.sh" \
  --exec 'sh /first.sh' --timeout 60 >"$work/out" 2>"$work/log" </dev/null &
guest=$!
for _ in $(seq 500); do
  ! grep -q '^ready' "$work/out" && kill -0 "$guest" 2>/dev/null || break
  sleep 0.1
done
fail() {
  echo "$*"
  cat "$work/out"
  tail -n 30 "$work/log"
  exit 1
}
grep -q '^ready' "$work/out" || fail "the guest is not ready"
[ "$(curl -s -m 20 "http://127.0.0.1:$first/")" = 'the first' ] || fail "the first one does not serve"
[ "$(curl -s -m 20 "http://127.0.0.1:$second/")" = 'the other' ] || fail "the other one does not serve"
cat >"$work/expected" <<'END'
nc: bind: Permission denied
httpd: bind: Permission denied
nc: bind: Permission denied
httpd: bind: Permission denied
the partner says: the other
nc: bind: Permission denied
ready
END
diff "$work/expected" "$work/out" || fail "the first one"
grep -q 'nc: bind: Permission denied' "$work/log" || fail "the other one has got port 80"
