#!/usr/bin/env bash
# What ARCHITECTURE.md and README.md point to exists.
set -euo pipefail
cd "$PITH_ROOT"
files=()
for file in ARCHITECTURE.md README.md; do [ ! -f "$file" ] || files+=("$file"); done
exec tools/check-architecture "${files[@]}"
