// The bytes of the step that lib/vault/commit.cpp makes of an operation and its stores, for whoever must not cut it in two.
#pragma once
#include "base/types.h"

namespace pith {

/// syscall; mov %dil, (%r13); mov %r12, (%rbx). It lies in one page of the program.
inline constexpr u8 kCommitSequence[] = {0x0f, 0x05, 0x41, 0x88, 0x7d, 0x00, 0x4c, 0x89, 0x23};

}  // namespace pith
