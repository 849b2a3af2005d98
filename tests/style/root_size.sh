#!/usr/bin/env bash
# Root, which everything trusts, stays small: code lines without comments, tests, and what only systems under test have.
set -euo pipefail
limit=1500
lines=$(find "$PITH_ROOT/servers/root" -maxdepth 1 \( -name '*.cpp' -o -name '*.h' \) ! -name '*_test.cpp' -exec cat {} + | grep -cvE '^\s*(//.*)?$')
echo "root lines: $lines of at most $limit"
[ "$lines" -gt 0 ] && [ "$lines" -le "$limit" ]
