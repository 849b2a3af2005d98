#!/usr/bin/env bash
# 300 kills and hangs with a fresh seed, which is printed, while clients compare every answer: each is recovered from, no result is lost, doubled or wrong.
set -euo pipefail
"$PITH_BUILD/bin/pith-torture" --build "$PITH_BUILD" --faults 300 --kinds kill,hang
