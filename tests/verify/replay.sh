#!/usr/bin/env bash
# States in which the prover says that a bug shows are confirmed natively: the kernel with the bug fails there, and the kernel as it is does not.
# usage: replay.sh [BUG]...   names of verify/bugs/bugs.txt
set -euo pipefail
bugs=("$@")
if [ $# -eq 0 ]; then
  bugs=(
    debt-forgiven           # an invariant
    line-of-nobody          # a view of a frame of another type
    queued-without-time     # a function that does not do what its contract says
    translations-of-another # what the machine must hold where the kernel is left
  )
fi
# Of its own, because verify/bugs may be running.
export PITH_KEPT_BUGS=$PITH_BUILD/proofs/replayed
report=$("$PITH_ROOT/verify/bugs/run" "${bugs[@]}" 2>/dev/null) || true
echo "$report"
[ "$(grep -c '^caught.*, confirmed natively$' <<<"$report")" -eq ${#bugs[@]} ]
