#!/usr/bin/env bash
# The protocols between CPUs, checked exhaustively by spin, each with models that lack a step and must fail.
set -euo pipefail
"$PITH_ROOT/verify/models/run"
