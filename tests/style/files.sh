#!/usr/bin/env bash
# Every source file is at most 500 lines long, begins with a comment that says what it is, and names no path of one machine.
set -euo pipefail
cd "$PITH_ROOT"
bad=0
longest=500

while read -r file; do
  lines=$(wc -l <"$file")
  [ "$lines" -le $longest ] || { echo "$file has $lines lines; $longest are possible"; bad=1; }
  case $file in
    *.cpp | *.h | *.c | *.S | *.idl) grep -qE '^(//|/\*|# )' < <(head -n 1 "$file") || { echo "$file does not begin with a comment"; bad=1; } ;;
    *.cmake | *.toml) grep -q '^#' < <(head -n 1 "$file") || { echo "$file does not begin with a comment"; bad=1; } ;;
    *.sh) grep -q '^#' < <(head -n 2 "$file" | tail -n 1) || { echo "$file does not say what it is"; bad=1; } ;;
  esac
done < <(git ls-files -- '*.cpp' '*.h' '*.c' '*.S' '*.idl' '*.cmake' '*CMakeLists.txt' '*.toml' '*.sh' tools/commands pith)

found=$(git grep -nIE '(^|[^a-z.])/(w[o]rk|home/[a-z]+)/' -- . ':!*.md' || true)
[ -z "$found" ] || { printf 'paths of one machine:\n%s\n' "$found"; bad=1; }
exit $bad
