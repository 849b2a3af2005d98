#!/usr/bin/env bash
# 300 kills and hangs in all services, drivers, file systems and the network stack, with a fresh seed, which is printed, while clients compare every answer and byte: none is lost, doubled or wrong.
set -euo pipefail
"$PITH_BUILD/bin/pith-torture" --build "$PITH_BUILD" --faults 300 --kinds kill,hang
