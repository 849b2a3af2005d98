#!/usr/bin/env bash
# The ext4 service: a million random operations on file systems of five forms against a model, e2fsck clean; 10,000 mutated images; killed before every 997th instruction of a script of calls.
set -euo pipefail
ninja -C "$PITH_BUILD" ext4_test ext4_mutation_test ext4_crash_test >/dev/null
# Five forms of three seeds each.
operations=${PITH_ALL_OPERATIONS:-1000000}
PITH_OPERATIONS=$(((operations + 14) / 15)) "$PITH_BUILD/tests/ext4_test" --gtest_brief=1 --gtest_filter='*Random*'
PITH_MUTATIONS=2500 "$PITH_BUILD/tests/ext4_mutation_test" --gtest_brief=1
PITH_CRASH_STEP=997 "$PITH_BUILD/tests/ext4_crash_test" --gtest_brief=1
