#!/usr/bin/env bash
# Every source file is at most 500 lines long, begins with a comment that says what it is, and names no path of one machine.
set -euo pipefail
cd "$PITH_ROOT"
bad=0
longest=500

mapfile -t files < <(git ls-files -- '*.cpp' '*.h' '*.c' '*.S' '*.idl' '*.cmake' '*CMakeLists.txt' '*.toml' '*.sh' tools/commands pith)
awk -v longest=$longest '
  function complain(text) { print text; bad = 1 }
  function end_of(file, lines) { if (lines > longest) complain(file " has " lines " lines; " longest " are possible") }
  FNR == 1 {
    if (last != "") end_of(last, lines)
    last = FILENAME
    if (FILENAME ~ /\.(cpp|h|c|S|idl)$/ && !/^(\/\/|\/\*|# )/) complain(FILENAME " does not begin with a comment")
    if (FILENAME ~ /\.(cmake|toml)$/ && !/^#/) complain(FILENAME " does not begin with a comment")
  }
  FNR == 2 && FILENAME ~ /\.sh$/ && !/^#/ { complain(FILENAME " does not say what it is") }
  { lines = FNR }
  END { end_of(last, lines); exit bad }' "${files[@]}" || bad=1

found=$(git grep -nIE '(^|[^a-z.])/(w[o]rk|home/[a-z]+)/' -- . ':!*.md' || true)
[ -z "$found" ] || { printf 'paths of one machine:\n%s\n' "$found"; bad=1; }
exit $bad
