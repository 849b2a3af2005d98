#!/usr/bin/env bash
# The lines that docs/proof-figures.md counts are at most a tenth away from what they are.
set -euo pipefail
cd "$PITH_ROOT"
awk -F ' *[|] *' '
  FNR == NR { if ($3 ~ /^[0-9]+$/) documented[$2] = $3; next }
  $3 ~ /^[0-9]+$/ {
    seen++
    if (!($2 in documented)) { print "docs/proof-figures.md: there is no row " $2; bad = 1 }
    else if ($3 > documented[$2] * 1.1 || $3 * 1.1 < documented[$2]) {
      print "docs/proof-figures.md: " $2 " is " $3 " lines, not " documented[$2] " (./pith verify --figures --update)"; bad = 1
    }
  }
  END { if (seen < 10) { print "only " seen + 0 " rows are counted"; bad = 1 }; exit bad }
' docs/proof-figures.md <(tools/proof-figures --lines)
