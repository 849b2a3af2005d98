// Finds the steps that stay whole and overwrites what lies between them.
#include "servers/root/injection/endless_code.h"

#include <cstring>

#include "lib/vault/commit_sequence.h"

namespace pith::root {

namespace {

constexpr u8 kNoOperation = 0x90, kJumpToItself[] = {0xeb, 0xfe};
constexpr usize kStep = sizeof kCommitSequence, kJump = sizeof kJumpToItself;

/// Where the first step lies; the code's size when there is none.
usize find_step(std::span<const u8> code) {
  for (usize at = 0; at + kStep <= code.size(); at++) {
    if (code[at] == kCommitSequence[0] && memcmp(&code[at], kCommitSequence, kStep) == 0) return at;
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
