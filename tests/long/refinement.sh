#!/usr/bin/env bash
# Operations of verify/open-refinement.txt that are only long do what the specification says.
set -euo pipefail
only=()
while read -r name; do only+=(--only "$name"); done < <(sed -n 's/ is long: .*//p' "$PITH_ROOT/verify/open-refinement.txt")
"$PITH_BUILD/bin/pith-prove" --refines "${only[@]}" --cache "$PITH_BUILD/proofs" --seconds 900 "$PITH_BUILD/proof-refined.bc"
