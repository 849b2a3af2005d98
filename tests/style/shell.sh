#!/usr/bin/env bash
# Shell scripts parse, and shellcheck warns of nothing where it is installed.
set -euo pipefail
cd "$PITH_ROOT"
mapfile -t scripts < <(git ls-files -- '*.sh' ':!tests/linux/data' pith .ci/run tools/test tools/kernel-size tools/code-lines tools/proof-figures tools/check-architecture | sort -u)
for script in "${scripts[@]}"; do bash -n "$script"; done
if command -v shellcheck >/dev/null; then shellcheck -x --severity=warning "${scripts[@]}"; fi
