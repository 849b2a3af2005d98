#!/usr/bin/env bash
# The machine is ended at 200 random moments while files are written and synced.
set -euo pipefail
PITH_CUTS=200 exec "$PITH_ROOT/tests/recovery/power_cuts.sh"
