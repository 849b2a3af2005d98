// Taking an object apart, step by step, so that its frame can be used again.
#pragma once
#include "kernel/memory/frame.h"

namespace pith {

struct Thread;

enum class Progress : u32 {
  Done,     ///< nothing refers to the frame any more, and it is untyped
  More,     ///< call again
  Blocked,  ///< something else must be taken apart first
};

/// Takes the object in `frame` (not Untyped, not Reserved) one bounded step further apart. Its epoch can be counted up once more.
Progress dismantle(FrameNumber frame);

// The parts of such a step: each of the first three takes out the next entry, if there is one left.

/// Of a page table: the page is used once less, or the table below stands alone afterwards.
void drop_entry(FrameNumber table);
/// Of a share: the page is used once less.
void drop_shared_entry(FrameNumber share);
/// Of a capability space.
void drop_capability_table(FrameNumber space);
/// Takes an inactive thread out of its guest and its spaces, and away from its notification.
void cut_ties(Thread& thread);

}  // namespace pith
