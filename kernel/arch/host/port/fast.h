// The fast path's calling convention on the fake machine: the ordinary one.
#pragma once
#include "base/types.h"

#define PITH_FAST_CALL
#define PITH_FAST_PARAMETERS                                                                                                  \
  [[maybe_unused]] ::u64 handle, [[maybe_unused]] ::u64 w0, [[maybe_unused]] ::u64 w1, [[maybe_unused]] ::u64 w2,               \
      [[maybe_unused]] ::u64 w3, [[maybe_unused]] ::u64 w4, [[maybe_unused]] ::u64 w5, Thread *current
#define PITH_FAST_ARGUMENTS(handle, current) handle, w0, w1, w2, w3, w4, w5, current
#define PITH_FAST_ARGUMENTS_AS_NOTED(current) 0, 0, 0, 0, 0, 0, 0, current
