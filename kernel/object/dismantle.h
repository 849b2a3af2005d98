// Taking an object apart, step by step, so that its frame can be used again.
#pragma once
#include "kernel/memory/frame.h"

namespace pith {

enum class Progress : u32 {
  Done,     ///< nothing refers to the frame any more
  More,     ///< call again
  Blocked,  ///< something else must be taken apart first
};

/// Takes the object in `frame` (not Untyped, not Reserved) one bounded step further apart.
Progress dismantle(FrameNumber frame);

}  // namespace pith
