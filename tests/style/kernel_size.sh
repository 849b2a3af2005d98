#!/usr/bin/env bash
# The kernel is as small as promise P1 says.
set -euo pipefail
"$PITH_ROOT/tools/kernel-size" | awk '{ print } $2 > $3 { print $1 " is above its limit"; bad = 1 } $2 == 0 { print $1 " was not measured"; bad = 1 } END { exit bad || NR != 3 }'
