// Finds the steps that stay whole and overwrites what lies between them.
#include "servers/root/injection/endless_code.h"

#include <cstring>

#include "lib/vault/commit_sequence.h"

namespace pith::root {

namespace {

constexpr u8 kNoOperation = 0x90, kJumpToItself[] = {0xeb, 0xfe};
constexpr usize kStep = sizeof kCommitSequence, kJump = sizeof kJumpToItself;

/// How far a step is away at the least, by the byte at which one that begins here would end.
struct Distances {
  u8 of[256];
  constexpr Distances() : of() {
    for (u8& distance : of) distance = kStep;
    for (usize i = 0; i + 1 < kStep; i++) of[kCommitSequence[i]] = u8(kStep - 1 - i);
  }
};
constexpr Distances kDistances;

/// Where the first step lies; the code's size when there is none. Quick: while root does this for a large program nobody else runs, and the
/// supervisor would be late.
usize find_step(std::span<const u8> code) {
  for (usize at = 0; at + kStep <= code.size(); at += kDistances.of[code[at + kStep - 1]]) {
    if (code[at + kStep - 1] == kCommitSequence[kStep - 1] && memcmp(&code[at], kCommitSequence, kStep) == 0) return at;
  }
  return code.size();
}

/// Code without a step in it.
void fill(std::span<u8> code) {
  if (code.size() < kJump) return;
  memcpy(code.last(kJump).data(), kJumpToItself, kJump);
  memset(code.data(), kNoOperation, code.size() - kJump);
}

}  // namespace

void make_endless(std::span<u8> code) {
  usize step = find_step(code);
  fill(code.first(step));
  while (step < code.size()) {
    code = code.subspan(step + kStep);
    step = find_step(code);
    if (step < kJump) continue;
    memcpy(code.data(), kJumpToItself, kJump);
    fill(code.subspan(kJump, step - kJump));
  }
}

}  // namespace pith::root
