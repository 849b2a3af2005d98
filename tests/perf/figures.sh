#!/usr/bin/env bash
# No row of the benchmark is above its limit in limits.txt.
set -euo pipefail
# shellcheck disable=SC2034  # named in messages of common.sh
command=bench
# shellcheck source=/dev/null
. "$PITH_ROOT/tools/commands/common.sh"
# shellcheck source=/dev/null
. "$PITH_ROOT/tools/commands/bench.sh"
rows=$(measure --system bench && measure --system vault && measure --system overhead && measure --file "$PITH_BUILD/tests/linux/linux_rows=/bin/linux_rows" --exec linux_rows)
awk '
  FNR == NR { if ($1 == "row") value[$2] = $3; next }
  /^#/ || NF == 0 { next }
  !($1 in value) { print $1 ": not measured"; bad = 1; next }
  value[$1] > $2 { print $1 ": " value[$1] ", at most " $2 " allowed"; bad = 1; next }
  { print $1 ": " value[$1] " of " $2 }
  END { exit bad }' <(printf '%s\n' "$rows") "$PITH_ROOT/tests/perf/limits.txt"
