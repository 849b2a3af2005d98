#!/usr/bin/env bash
# Every kernel entry has a computed bound, none is longer than P2 allows, nothing measured is longer than computed, docs/bounds.md is about right.
set -euo pipefail
cd "$PITH_ROOT"
arguments=(--facts verify/bounds/facts.txt --facts verify/bounds/loops.txt)
for file in "$PITH_BUILD"/measured/*.txt; do
  [ ! -f "$file" ] || arguments+=(--measured "$file")
done
table=$("$PITH_BUILD/bin/pith-bounds" "$PITH_BUILD/kernel.elf" "${arguments[@]}")
awk -F ' *[|] *' '
  FNR == NR { if ($2 != "entry" && $3 ~ /^[0-9]+$/) documented[$2] = $3; next }
  FNR > 1 {
    split($0, word, " "); seen[word[1]] = 1
    if (!(word[1] in documented)) { print "docs/bounds.md: there is no row " word[1]; bad = 1 }
    else if (word[2] > documented[word[1]] * 1.3 || word[2] * 1.3 < documented[word[1]]) {
      print "docs/bounds.md: " word[1] " is " word[2] ", not " documented[word[1]] " (./pith verify --bounds --update)"; bad = 1
    }
  }
  END { for (name in documented) if (!(name in seen)) { print "docs/bounds.md: there is no entry " name; bad = 1 }; exit bad }
' docs/bounds.md - <<<"$table"
