// The fast path's calling convention on the fake machine: the ordinary one.
#pragma once
#include "base/types.h"

#define PITH_FAST_CALL
#define PITH_FAST_PARAMETERS ::u64 handle, ::u64 w0, ::u64 w1, ::u64 w2, ::u64 w3, ::u64 w4, ::u64 w5, Thread *current
#define PITH_FAST_ARGUMENTS(handle, current) handle, w0, w1, w2, w3, w4, w5, current
