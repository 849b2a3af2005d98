#!/usr/bin/env bash
# 300 faults with fresh seeds, which are printed, while clients compare every answer: each that shows is recovered from, no result is lost, doubled or wrong. Hangs are
# made where no device is driven: one that tears a device access from its store (docs/guides/torture.md) has nobody to complete it.
set -euo pipefail
"$PITH_BUILD/bin/pith-torture" --build "$PITH_BUILD" --faults 200 --kinds kill
"$PITH_BUILD/bin/pith-torture" --build "$PITH_BUILD" --faults 100 --kinds hang --targets clock,entropy,bank,clearing
