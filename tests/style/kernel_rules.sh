#!/usr/bin/env bash
# Neutral kernel code: no conditional compilation, no header of one port. Kernel code: no allocation, no recursion into the C library.
set -euo pipefail
cd "$PITH_ROOT"
bad=0
complain() {
  echo "$1"
  printf '%s\n' "$2"
  bad=1
}

neutral=(kernel ':!kernel/arch/*')
found=$(git grep -nE '^[[:space:]]*#[[:space:]]*(if|ifdef|ifndef|elif|else)\b' -- "${neutral[@]}" || true)
[ -z "$found" ] || complain "conditional compilation in neutral kernel code:" "$found"
found=$(git grep -nE '#include "kernel/arch/(x86_64|aarch64|riscv64|host)/' -- "${neutral[@]}" ':!*_test.cpp' ':!*/CMakeLists.txt' || true)
[ -z "$found" ] || complain "neutral kernel code includes one port:" "$found"
found=$(git grep -nE '\b(malloc|calloc|realloc|free) ?\(' -- kernel ':!*_test.cpp' | grep -vE '//.*\b(malloc|free)' || true)
[ -z "$found" ] || complain "allocation in the kernel:" "$found"
exit $bad
