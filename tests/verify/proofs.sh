#!/usr/bin/env bash
# Every entry that is not listed as open is proved; what is proved already and has not changed is not repeated.
set -euo pipefail
"$PITH_BUILD/bin/pith-prove" --open "$PITH_ROOT/verify/open.txt" --cache "$PITH_BUILD/proofs" --seconds 120 "$PITH_BUILD/proof.bc"
