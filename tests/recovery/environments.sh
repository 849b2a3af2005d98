#!/usr/bin/env bash
# A Linux environment is restarted as a whole, by its own end or by an operator; another one keeps its processes and files and does not notice.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

kills=20
# shellcheck disable=SC2016 # the guest's shell expands it
command='echo kept >/tmp/file; yes | head -c 20000000 | sha256sum & i=0
while [ $i -lt '$kills' ]; do sleep 0.03; echo kill >/svc/other/ctl; i=$((i + 1)); done
wait; cat /tmp/file; grep restarts /svc/linux/state; grep -E "^(state|restarts)" /svc/other/state >&2; sleep 0.5'
status=0
"$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" --system environments --icount --timeout 300 --exec "$command" >"$work/out" 2>"$work/error" </dev/null || status=$?
{
  head -c 20000000 < <(yes) | sha256sum
  printf 'kept\nrestarts 0\n'
} >"$work/expected"
digest=$(head -c 300000 < <(yes) | sha256sum)
ended=$(grep -ac 'other: process 1 has ended with status 3' "$work/error" || true)
right=$(grep -acxF "$digest" "$work/error" || true)
restarts=$(sed -n 's/^restarts //p' "$work/error")
echo "other: $restarts restarts, ended by itself $ended times, with the right result $right times"
[ "$status" -eq 0 ] && cmp "$work/out" "$work/expected" && [ "$restarts" -gt "$kills" ] && [ "$ended" -ge 3 ] && [ "$right" -ge "$ended" ] && exit
echo "exit status $status; standard output:"
cat "$work/out"
echo "standard error:"
tail -n 30 "$work/error"
exit 1
