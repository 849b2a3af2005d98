#!/usr/bin/env bash
# The fuzz with a seed of its own each time; the seed stands in the report.
set -euo pipefail
seed=${PITH_SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
echo "seed $seed (again with PITH_SEED=$seed)"
"$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" --system fuzz --append "seed=$seed" --timeout 120 </dev/null
