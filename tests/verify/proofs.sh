#!/usr/bin/env bash
# Every entry that is not listed as open is proved; what is proved already and has not changed is not repeated.
set -euo pipefail
mkdir -p "$PITH_BUILD/proofs"
# verify/bugs waits for it, so that nothing is proved twice at the same time.
flock "$PITH_BUILD/proofs/lock" "$PITH_BUILD/bin/pith-prove" --open "$PITH_ROOT/verify/open.txt" --cache "$PITH_BUILD/proofs" "$PITH_BUILD/proof.bc"
