// What the kernel knows of each 4 KiB frame of memory: type, owner, links, epoch.
#pragma once
#include "abi/error.h"
#include "abi/types.h"
#include "base/result.h"

namespace pith {

struct Region;

/// One entry per frame of physical memory. Invariant: an object of type T lies in frame f if and only if frames[f].type is T.
struct FrameInfo {
  ObjectType type;
  u16 level;           ///< PageTable: 0 leaf … 3 top
  u16 index;           ///< PageTable, Share, CapabilityTable: entry of `parent` that links it
  FrameNumber owner;   ///< the Region whose memory it is
  FrameNumber parent;  ///< PageTable, Share, CapabilityTable: what links it, 0 nothing
  u32 uses;            ///< Data: leaf entries and kernel links that name it
  u32 cursor;          ///< how far it has been taken apart
  u64 generation;      ///< flush generation at which it was freed
};
static_assert(sizeof(FrameInfo) == 32);

/// Frames below this number exist (2^24 frames are 64 GiB).
inline constexpr u32 kMaximumFrames = 1u << 24;
/// How deep regions nest.
inline constexpr u32 kRegionDepth = 8;
/// One step of an epoch word: epochs count in its upper 48 bits so that a capability's word is compared with one exclusive or.
inline constexpr u64 kEpochStep = 1u << 16;

extern "C" {
extern FrameInfo frames[];
/// Epoch of each frame, in bits 16…63; bits 0…15 are zero.
extern u64 epochs[];
extern u32 frame_count;
}

/// The entry of a frame that is known to exist.
inline FrameInfo& info(FrameNumber frame) { return frames[frame.raw]; }

/// Makes every capability to the frame stale.
inline void bump_epoch(FrameNumber frame) { epochs[frame.raw] += kEpochStep; }
/// True when the frame's epoch cannot be bumped once more.
inline bool epoch_exhausted(FrameNumber frame) { return epochs[frame.raw] >= ~u64{0} - 2 * kEpochStep; }

/// That the frame's number is in range and it is below `ancestor` (its owner is `ancestor` or a descendant). Error: BadFrame.
Result<void> check_below(FrameNumber ancestor, FrameNumber frame);

/// Closing if `region` or one of its ancestors is closing.
Result<void> check_open(FrameNumber region);

/// Gives an untyped frame its new type, zeroed in every view.
void retype(FrameNumber frame, ObjectType type);

/// Makes a frame untyped: nothing refers to it any more except translations that the hardware may still hold. Capabilities to it go stale.
void release_frame(FrameNumber frame);

/// Moves an untyped frame to another region's account.
void change_owner(FrameNumber frame, FrameNumber region);

}  // namespace pith
