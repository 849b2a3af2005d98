#!/usr/bin/env bash
# Bugs put into the kernel must be found by the prover: those of verify/bugs/quick.txt, of which each names one that is in the list.
set -euo pipefail
bugs=$PITH_ROOT/verify/bugs
unknown=$(grep -vE '^(#|$)' "$bugs/quick.txt" | grep -vxFf <(sed -n 's/ | .*//p' "$bugs/bugs.txt") || true)
[ -z "$unknown" ] || { printf 'verify/bugs/quick.txt names what is not in bugs.txt:\n%s\n' "$unknown" && exit 1; }
"$bugs/run" --quick
