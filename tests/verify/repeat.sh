#!/usr/bin/env bash
# A proof takes the same way in every run: what is proved here is proved everywhere. Programs lie at other addresses each time, so that an order that depends on them
# shows as another number of questions.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
figures() { # KIND-OF-PASS MODULE ENTRY RUN
  "$PITH_BUILD/bin/pith-prove" $1 --only "$3" --cache "$work/$4" "$2" | sed -n "s/^\($3  *[a-z]*  *[0-9]* paths  *[0-9]* queries\).*/\1/p"
}
for run in 1 2 3 4; do
  { figures "" "$PITH_BUILD/proof.bc" RegionRenew $run; figures --refines "$PITH_BUILD/proof-refined.bc" RegionShareTime $run; } >"$work/figures.$run"
  [ "$(wc -l <"$work/figures.$run")" = 2 ] || { echo "no proof was made" && exit 1; }
  cmp "$work/figures.1" "$work/figures.$run" || { paste "$work/figures.1" "$work/figures.$run" && exit 1; }
done
cat "$work/figures.1"
