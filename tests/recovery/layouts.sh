#!/usr/bin/env bash
# Types of vaults are the same when their fields are, and what a vault cannot hold is refused.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What pith-layout says of a program whose state is the structure $1; $2: what the program has before it.
describe() {
  clang++-19 -std=c++20 -O1 -g -c -o "$work/program.o" -x c++ - <<END
typedef unsigned long u64;
${2-}
struct State { static constexpr u64 kLayout = 7; $1 };
template <class T> [[gnu::noinline]] void open_state(T* state) { asm volatile("" : : "r"(state), "r"(sizeof(T))); }
void run(void* vault) { open_state<State>((State*)vault); }
END
  "$PITH_BUILD/bin/pith-layout" "$work/program.o" 2>"$work/said"
}

hash_of() { describe "$@" | awk '$1 == "keeps" && NF == 3 { print $2; found = 1 } END { exit !found }'; }

same() {
  [ "$(hash_of "$1" "${3-}")" = "$(hash_of "$2" "${3-}")" ] || { echo "not the same: $1 and $2"; exit 1; }
}

different() {
  [ "$(hash_of "$1" "${3-}")" != "$(hash_of "$2" "${3-}")" ] || { echo "the same: $1 and $2"; exit 1; }
}

refused() {
  if describe "$1" "${2-}" >/dev/null; then
    echo "accepted: $1"
    exit 1
  fi
  grep -q 'its vault cannot be kept' "$work/said" || { cat "$work/said"; exit 1; }
}

[ "$(describe 'u64 a;' | awk '$1 == "keeps" && NF == 3 { print $3 }')" = 7 ]
pair='struct Pair { int a, b; }; struct Same { int a, b; }; enum One { kOne }; enum Two { kOther }; struct Bits { u64 a : 3, b : 61; }; struct Other { u64 a : 4, b : 60; };'
same 'u64 a; int b[3];' 'unsigned long a; int b[3];'
same 'Pair a;' 'Same a;' "$pair"
same 'u64 a;' 'const u64 a = 0;'
different 'u64 a;' 'u64 b;'
different 'u64 a;' 'long a;'
different 'u64 a;' 'u64 a; char b;'
different 'u64 a, b;' 'u64 b, a;'
different 'int a[3];' 'int a[4];'
different 'int a[2][3];' 'int a[3][2];'
different 'alignas(16) u64 a; u64 b;' 'alignas(16) u64 a; alignas(16) u64 b;'
different 'One a;' 'Two a;' "$pair"
different 'Bits a;' 'Other a;' "$pair"
different 'Pair a;' 'u64 a;' "$pair"
refused 'void (*a)();'
refused 'void (*a[4])();'
refused 'struct { typedef void (*Function)(); Function b; } a;'
refused 'void (State::*a)();'
refused 'virtual void a() {}'
refused 'int& a;'
