// Makes a page of a program run for ever, for tests of hangs.
#pragma once
#include <span>

#include "base/types.h"

namespace pith::root {

/// Overwrites a page of code with no-operations that end in a jump to itself. A step that completes itself in the next instance
/// (lib/vault/commit_sequence.h) stays as it is, between two such jumps: nobody enters it, and who is inside of it comes to its end first.
/// Jumps are written before what leads to them, so that it holds for a thread that runs there meanwhile, too.
void make_endless(std::span<u8> code);

}  // namespace pith::root
