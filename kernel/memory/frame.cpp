// Ownership, retyping and release of frames.
#include "kernel/memory/frame.h"

#include "kernel/arch/contract/memory.h"
#include "kernel/memory/flush.h"
#include "kernel/memory/view.h"
#include "kernel/object/address_space.h"
#include "kernel/object/endpoint.h"
#include "kernel/object/guest.h"
#include "kernel/object/notification.h"
#include "kernel/object/region.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/object/thread.h"

namespace pith {

namespace {

/// What comes behind a base class begins in that class's padding: here, right behind the last field of T.
template <class T>
struct Followed : T {
  u8 next;
};

/// How many words of a frame must be zero for an object of each type: up to its last field. No view reads the padding behind it, and before the
/// frame is seen as something else it is retyped again.
struct ObjectWords {
  static constexpr u32 kTypes = 32;
  u16 words[kTypes];

  template <class T>
  constexpr void end_with_fields() {
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Winvalid-offsetof"
    words[u32(T::kType)] = (offsetof(Followed<T>, next) + 7) / 8;
#pragma clang diagnostic pop
  }

  constexpr ObjectWords() {
    for (u16& whole : words) whole = kPageSize / 8;
    end_with_fields<Region>();
    end_with_fields<AddressSpace>();
    end_with_fields<Thread>();
    end_with_fields<SchedulingContext>();
    end_with_fields<Endpoint>();
    end_with_fields<Notification>();
    end_with_fields<Guest>();
  }
};
constexpr ObjectWords kObjectWords;
static_assert(kObjectWords.words[u32(ObjectType::Notification)] == 2 && kObjectWords.words[u32(ObjectType::Data)] == 512);

}  // namespace

[[gnu::noinline]] Result<void> check_below(FrameNumber ancestor, FrameNumber frame) {
  if (frame.raw == 0 || frame.raw >= frame_count) return Error::BadFrame;
  const FrameInfo& entry = info(frame);
  if (entry.type == ObjectType::Reserved) return Error::BadFrame;
  FrameNumber region = entry.owner;
  for (u32 depth = 0; depth <= kRegionDepth; depth++) {
    if (region == ancestor) return {};
    if (region.raw == 0) break;
    region = view<Region>(region).parent;
  }
  return Error::BadFrame;
}

[[gnu::noinline]] Result<void> check_open(FrameNumber region) {
  for (u32 depth = 0; depth <= kRegionDepth && region.raw != 0; depth++) {
    const Region& here = view<Region>(region);
    if (here.closing) return Error::Closing;
    region = here.parent;
  }
  return {};
}

void retype(FrameNumber frame, ObjectType type) {
  FrameInfo& entry = info(frame);
  arch::clear_frame(frame, kObjectWords.words[u32(type) % ObjectWords::kTypes]);
  entry.type = type;
  entry.level = 0;
  entry.index = 0;
  entry.parent = FrameNumber();
  entry.uses = 0;
  entry.cursor = 0;
}

void release_frame(FrameNumber frame) {
  FrameInfo& entry = info(frame);
  bump_epoch(frame);
  entry.type = ObjectType::Untyped;
  entry.cursor = 0;
  entry.generation = current_generation();
}

void change_owner(FrameNumber frame, FrameNumber region) {
  FrameInfo& entry = info(frame);
  if (entry.owner.raw != 0) view<Region>(entry.owner).frames--;
  entry.owner = region;
  view<Region>(region).frames++;
}

}  // namespace pith
