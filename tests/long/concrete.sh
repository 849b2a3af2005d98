#!/usr/bin/env bash
# The same as verify/concrete with more paths of every entry.
set -euo pipefail
"$PITH_ROOT/tests/verify/concrete.sh" 8
