#!/usr/bin/env bash
# Each way in which a run can end has its exit status, and standard output has only what the terminal got.
set -euo pipefail
# shellcheck source=tests/launch/common.sh
. "$PITH_ROOT/tests/launch/common.sh"

expect 7 out --append exit
says '^error text$'
! grep -q 'pith-exit' "$work/error" || exit 1
expect 7 out --exec 'true' --icount
expect 126 '' --append panic
says 'kernel panic: stub'
says '^more$'
expect 125 '' --append stop
says 'stopped before'
expect 124 out --append wait --timeout 1
says 'ended after 1 s'

# A terminated run ends its machine.
"$launch" run --build "$work" --memory 64M --append wait </dev/null >/dev/null 2>&1 &
pid=$!
sleep 1
machine=$(cat "/proc/$pid/task/$pid/children")
kill "$pid"
status=0
wait "$pid" || status=$?
[ "$status" = 143 ] || { echo "status $status after a signal"; exit 1; }
[ ! -d "/proc/${machine% }" ] || { echo "the machine still runs"; exit 1; }
