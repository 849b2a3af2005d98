#!/usr/bin/env bash
# Clang's plugin refuses what it cannot log, and accepts the same on the stack.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# True when the function compiles with the plugin; what it says is in $work/said.
compiles() {
  clang++-19 -O2 -fpass-plugin="$PITH_BUILD/bin/pith-undo-log.so" -c -o /dev/null -x c++ - <<<"$1" 2>"$work/said"
}

refused() {
  compiles "$1" && echo "accepted: $1" && return 1
  grep -q 'undo log: .* cannot be logged' "$work/said" && return
  cat "$work/said"
  return 1
}

compiles 'struct alignas(16) State { unsigned long word[64]; }; void f(int* p) { State s; __builtin_ia32_fxsave(&s); *p = int(s.word[1]); }' || { cat "$work/said" && exit 1; }
refused 'void f(unsigned long* p) { __builtin_ia32_fxsave(p); }'
refused 'extern "C" void* memcpy(void*, const void*, unsigned long); void* g; void f() { g = (void*)memcpy; }'
