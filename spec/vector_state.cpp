// Vector states: the vector registers of one thread or guest, wherever they are at the moment.
#include "spec/events.h"
#include "spec/parts.h"

namespace pith::spec {

namespace {

/// `frame` is Data of the region that owns the state. Errors: BadFrame, WrongType.
Error check_page(FrameNumber self, FrameNumber frame) {
  if (!is_frame(frame) || frames[frame].owner != frames[self].owner) return Error::BadFrame;
  return frames[frame].type == ObjectType::Data ? kSuccess : Error::WrongType;
}

}  // namespace

bool evict_vector_state(FrameNumber self) {
  u8 holder = vector_states[self].holder;
  if (holder == 0) return true;
  Cpu& cpu = state.cpus[holder - 1];
  if (holder - 1 != state.here) {
    cpu.vector_wanted = true;
    return false;
  }
  cpu.vector_owner = FrameNumber();
  vector_states[self].holder = 0;
  return true;
}

bool use_vector_registers(FrameNumber thread) {
  FrameNumber self = threads[thread].in_guest ? guests[threads[thread].guest].vector_state : threads[thread].vector_state;
  Cpu& cpu = state.cpus[state.here];
  if (self.raw == 0) return false;
  if (cpu.vector_owner == self) return true;
  if (!evict_vector_state(self)) return true;  // it tries again
  if (cpu.vector_owner.raw != 0) evict_vector_state(cpu.vector_owner);
  cpu.vector_owner = self;
  vector_states[self].holder = state.here + 1;
  return true;
}

bool release_vector_state(FrameNumber self) {
  if (self.raw == 0) return true;
  if (!evict_vector_state(self)) return false;
  FrameNumber user = vector_states[self].user;
  if (user.raw == 0) return true;
  if (frames[user].type == ObjectType::Thread)
    threads[user].vector_state = FrameNumber();
  else
    guests[user].vector_state = FrameNumber();
  vector_states[self].user = FrameNumber();
  return true;
}

Error vector_state_save(FrameNumber, FrameNumber self, FrameNumber frame) {
  if (Error error = check_page(self, frame); error != kSuccess) return error;
  if (!evict_vector_state(self)) return Error::Again;

  for (u32 i = 0; i < kVectorWords; i++) spec_set_user_word(frame.raw, i, vector_states[self].word[i]);
  return kSuccess;
}

Error vector_state_load(FrameNumber, FrameNumber self, FrameNumber frame) {
  if (Error error = check_page(self, frame); error != kSuccess) return error;
  if (!evict_vector_state(self)) return Error::Again;

  for (u32 i = 0; i < kVectorWords; i++) vector_states[self].word[i] = spec_allowed_vector_word(i, spec_user_word(frame.raw, i));
  return kSuccess;
}

Error vector_state_copy(FrameNumber caller, FrameNumber self, CapabilitySlot slot) {
  FrameNumber source = TRY(lookup(caller, slot, ObjectType::VectorState, right::VectorState::Use)).frame;
  if (!evict_vector_state(self) || !evict_vector_state(source)) return Error::Again;

  for (u32 i = 0; i < kVectorWords; i++) vector_states[self].word[i] = vector_states[source].word[i];
  return kSuccess;
}

}  // namespace pith::spec
