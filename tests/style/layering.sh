#!/usr/bin/env bash
# Includes go downwards only: tests/style/layers.txt says from where to where; tests (files _test, folders test…) may reach everywhere.
set -euo pipefail
cd "$PITH_ROOT"

git grep --untracked -E '^#include "[a-z_]+/' -- '*.h' '*.cpp' '*.S' |
  grep -vE '^([^:]*/)?([^:]*_test\.(h|cpp)|test_[^:/]*|((lib)?[a-z]*_?tests?)/[^:]*):' |
  awk '
  BEGIN {
    while ((getline line < "tests/style/layers.txt") > 0) {
      if (line ~ /^#/ || line !~ /:/) continue
      folder = line; sub(/:.*/, "", folder); sub(/^[^:]*:/, "", line)
      allowed[folder] = " " folder " " line " "
    }
  }
  # The longest entry that the path lies in.
  function layer_of(path, best, folder) {
    best = ""
    for (folder in allowed) if (index(path, folder "/") == 1 && length(folder) > length(best)) best = folder
    return best
  }
  {
    file = $0; sub(/:.*/, "", file)
    header = $0; sub(/^[^"]*"/, "", header); sub(/".*/, "", header)
    from = layer_of(file); to = layer_of(header)
    if (from == "") { print file ": its folder is not in tests/style/layers.txt"; bad = 1; next }
    if (to == "" || to == from) next
    # A folder inside an allowed folder is allowed, too.
    n = split(allowed[from], list, " "); ok = 0
    for (i = 1; i <= n; i++) if (to == list[i] || index(to, list[i] "/") == 1 || (from != "kernel/arch/contract" && index(from, to "/") == 1)) ok = 1
    if (!ok) { print file ": may not include " header; bad = 1 }
  }
  END { exit bad }'
