// Operations that need no capability.
#pragma once
#include "base/result.h"
#include "kernel/object/thread.h"

namespace pith {

struct System {
  static Result<void> null(Thread& caller);
  static Result<void> yield(Thread& caller);
  static Result<u64> now(Thread& caller);
};

}  // namespace pith
