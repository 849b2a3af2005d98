#!/usr/bin/env bash
# A folder of the host's in the Linux environment: its service is killed every 100 ms while files go both ways; afterwards both sides have the same.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
kills=40
mkdir -p "$work/share/from"
for i in 1 2 3 4; do head -c 400000 /dev/urandom >"$work/share/from/file $i"; done
(cd "$work/share/from" && sha256sum -- *) >"$work/from"

# shellcheck disable=SC2016 # the guest's shell expands it
command='cd /share && mkdir to || exit 9
(i=0; while [ $i -lt '$kills' ]; do echo kill >/svc/share/ctl; usleep 100000; i=$((i + 1)); done; >/tmp/end) &
n=0
while [ ! -e /tmp/end ]; do
  n=$((n + 1))
  mkdir "to/$n" && cp from/* "to/$n/" && mv "to/$n" "to/moved $n" || exit 1
  (cd "to/moved $n" && sha256sum *) >"/tmp/sums" && sha256sum from/* | sed "s:from/::" | cmp - /tmp/sums || exit 2
  ln -s "moved $n" to/newest && rm to/newest || exit 3
  i=0; while [ $i -lt 10 ]; do
    echo "line $i of $n" >>to/log && echo $i >"to/new $i" && mv "to/new $i" to/last && touch "to/t$i" && rm "to/t$i" || exit 4
    i=$((i + 1))
  done
  exec 3<to/last && rm to/last && [ "$(cat <&3)" = 9 ] && exec 3<&- || exit 5
  [ $n -lt 3 ] || rm -r "to/moved $((n - 2))" || exit 6
done
wait; sync; echo "$n rounds"; grep restarts /svc/share/state; mount | grep share'
status=0
"$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" --timeout 100 --share "$work/share" --exec "$command" >"$work/out" 2>"$work/error" </dev/null || status=$?
cat "$work/out"
rounds=$(sed -n 's/ rounds$//p' "$work/out")
restarts=$(sed -n 's/^restarts //p' "$work/out")
check() {
  [ "$status" -eq 0 ] && [ "${restarts:-0}" -ge $((kills - 1)) ] && [ "${rounds:-0}" -ge 3 ] || return
  grep -q '^share on /share type 9p (rw)$' "$work/out" || return
  (cd "$work/share/to/moved $rounds" && sha256sum -- *) | cmp - "$work/from" || return
  for ((n = 1; n <= rounds; n++)); do for ((i = 0; i < 10; i++)); do echo "line $i of $n"; done; done | cmp - "$work/share/to/log" || return
  # Nothing else is there, neither shown nor hidden.
  printf '%s\n' log "moved $((rounds - 1))" "moved $rounds" | LC_ALL=C sort >"$work/expected"
  find "$work/share/to" -mindepth 1 -maxdepth 1 -printf '%f\n' | LC_ALL=C sort | cmp - "$work/expected" || return
  [ "$(find "$work/share" -mindepth 1 -maxdepth 1 | wc -l)" -eq 2 ]
}
check && exit
echo "exit status $status; standard error:"
tail -n 30 "$work/error"
exit 1
