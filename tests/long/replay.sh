#!/usr/bin/env bash
# The same as verify/replay with bugs that take longer to find.
set -euo pipefail
"$PITH_ROOT/tests/verify/replay.sh" first-region-closed region-opens-again no-period share-read-as-table token-out-of-range parked-as-if-at-a-door
