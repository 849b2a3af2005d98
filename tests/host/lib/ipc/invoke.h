// The host port of invoke.h: whoever links it plays the kernel. Put tests/host before the root on a test's include path.
#pragma once
#include "abi/handle.h"

namespace pith {

/// The words of a message that travel in registers.
struct Words {
  u64 w[6];
};

/// Defined by the test.
Status invoke(u64 handle, Words& words);

}  // namespace pith
