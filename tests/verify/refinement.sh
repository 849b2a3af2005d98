#!/usr/bin/env bash
# Operations that are not listed as open do what the specification says; what is proved already and has not changed is not repeated.
set -euo pipefail
"$PITH_BUILD/bin/pith-prove" --refines --open "$PITH_ROOT/verify/open-refinement.txt" --cache "$PITH_BUILD/proofs" "$PITH_BUILD/proof-refined.bc"
