#!/usr/bin/env bash
# Bugs put into the kernel must be found by the prover.
set -euo pipefail
"$PITH_ROOT/verify/bugs/run"
