#!/usr/bin/env bash
# Kernel and specification never differ in an hour of steps that a coverage-guided fuzzer chooses.
set -euo pipefail
PITH_FUZZ_SECONDS=${PITH_FUZZ_SECONDS:-3600} "$PITH_ROOT/tests/fuzz/differential.sh"
