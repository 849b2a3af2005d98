// What the C library's glue remembers: the component's heap and its start information.
#pragma once
#include "lib/libc/page_heap.h"

namespace pith {
struct StartInformation;
}

namespace pith::libc {

/// Set once, before the C library starts; needs no constructor.
struct State {
  const StartInformation* information = nullptr;
  PageHeap heap;
};

extern State state;

}  // namespace pith::libc
