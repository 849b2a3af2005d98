#!/usr/bin/env bash
# The ext4 service on 10,000 mutated images, and killed before every 997th instruction of a script of calls.
set -euo pipefail
PITH_MUTATIONS=2500 "$PITH_BUILD/tests/ext4_mutation_test" --gtest_brief=1
PITH_CRASH_STEP=997 "$PITH_BUILD/tests/ext4_crash_test" --gtest_brief=1
