// Lazy switching of vector registers: they stay in the CPU until somebody else needs them.
#include "kernel/object/vector_state.h"

#include "kernel/arch/contract/memory.h"
#include "kernel/object/capability_space.h"
#include "kernel/object/guest.h"
#include "kernel/object/page_table.h"
#include "kernel/object/thread.h"

namespace pith {

namespace {

/// The frame is Data of the same region. Errors: BadFrame, WrongType.
Result<DataPage&> page_of_same_owner(FrameNumber self, FrameNumber frame) {
  if (frame.raw == 0 || frame.raw >= frame_count || info(frame).owner != info(self).owner) return Error::BadFrame;
  if (info(frame).type != ObjectType::Data) return Error::WrongType;
  return view<DataPage>(frame);
}

}  // namespace

[[gnu::noinline]] bool release_vector_state(FrameNumber frame) {
  if (frame.raw == 0) return true;
  if (!evict_vector_state(frame)) return false;
  VectorState& state = view<VectorState>(frame);
  if (state.user.raw == 0) return true;
  if (info(state.user).type == ObjectType::Thread)
    view<Thread>(state.user).vector_state = FrameNumber();
  else
    view<Guest>(state.user).vector_state = FrameNumber();
  state.user = FrameNumber();
  return true;
}

bool evict_vector_state(FrameNumber frame) {
  VectorState& state = view<VectorState>(frame);
  if (state.holder == 0) return true;
  Cpu& cpu = cpus[(state.holder - 1) % kMaximumCpus];
  if (&cpu != &this_cpu()) {
    cpu.vector_wanted = true;
    arch::send_interruption(cpu.number);
    return false;
  }
  arch::enable_vector();
  arch::save_vector(state.image);
  arch::disable_vector();
  cpu.vector_live = 0;
  cpu.vector_owner = FrameNumber();
  state.holder = 0;
  if (state.user.raw != 0 && info(state.user).type == ObjectType::Thread) view<Thread>(state.user).key &= ~Key::kVectorLive;
  return true;
}

bool load_vector_state(Thread& thread) {
  bool in_guest = (thread.key & Key::kInGuest) != 0;
  FrameNumber frame = in_guest ? view<Guest>(thread.guest).vector_state : thread.vector_state;
  if (frame.raw == 0) return false;
  Cpu& cpu = this_cpu();
  bool is_loaded = cpu.vector_owner == frame;
  if (!is_loaded) {
    if (!evict_vector_state(frame)) return true;
    if (cpu.vector_owner.raw != 0) evict_vector_state(cpu.vector_owner);
  }
  arch::enable_vector();
  if (!is_loaded) arch::load_vector(view<VectorState>(frame).image);
  cpu.vector_owner = frame;
  view<VectorState>(frame).holder = cpu.number + 1;
  cpu.vector_live = 1;
  if (!in_guest) thread.key |= Key::kVectorLive;
  return true;
}

Result<void> VectorState::save(Thread&, FrameNumber frame) {
  FrameNumber self = frame_of(*this);
  DataPage& page = TRY(page_of_same_owner(self, frame));
  if (!evict_vector_state(self)) return Error::Again;
  for (u64 i = 0; i < sizeof image / 8; i++) page.words[i] = image.word(i);
  return {};
}

Result<void> VectorState::load(Thread&, FrameNumber frame) {
  FrameNumber self = frame_of(*this);
  DataPage& page = TRY(page_of_same_owner(self, frame));
  if (!evict_vector_state(self)) return Error::Again;
  for (u64 i = 0; i < sizeof image / 8; i++) image.set_word(i, page.words[i]);
  return {};
}

Result<void> VectorState::copy(Thread& caller, CapabilitySlot source_slot) {
  Capability& source = TRY(check_capability(caller, source_slot, ObjectType::VectorState, right::VectorState::Use));
  if (!evict_vector_state(frame_of(*this)) || !evict_vector_state(source.frame)) return Error::Again;
  image = view<VectorState>(source.frame).image;
  return {};
}

}  // namespace pith
