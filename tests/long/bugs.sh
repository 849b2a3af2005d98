#!/usr/bin/env bash
# All bugs of verify/bugs/bugs.txt, put into the kernel one by one, must be found by the prover.
set -euo pipefail
"$PITH_ROOT/verify/bugs/run"
