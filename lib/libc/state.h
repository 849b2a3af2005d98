// What the C library's glue remembers of the page that the component was started with.
#pragma once
#include "abi/types.h"
#include "lib/libc/page_heap.h"

namespace pith::libc {

/// Set once, before the C library starts; needs no constructor.
struct State {
  PageHeap heap;
  u64 counter_multiplier = 0, counter_start = 0;  ///< as in StartInformation
  u64 wall_clock = 0;                             ///< seconds since 1970 at boot
  CapabilitySlot thread;                          ///< the first thread
};

extern State state;

}  // namespace pith::libc
