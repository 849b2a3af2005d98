#!/usr/bin/env bash
# Kernel and specification take the steps that a coverage-guided fuzzer chooses, for PITH_FUZZ_SECONDS (60), and never differ.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/corpus"
status=0
"$PITH_BUILD/tests/differential_fuzz" -max_total_time="${PITH_FUZZ_SECONDS:-60}" -max_len=4096 -len_control=0 -timeout=60 -print_final_stats=1 \
  -artifact_prefix="${PITH_FUZZ_ARTIFACTS:-$work}/" "$work/corpus" >"$work/output" 2>&1 || status=$?
grep -E '^(DIFFERENCE|stat::number_of_executed_units|SUMMARY)' "$work/output" || tail -n 20 "$work/output"
runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/output")
[ "$status" -eq 0 ] && [ "${runs:-0}" -ge 100 ]
