// What the specification asks of the world around it, answered as the kernel found it: lists are the kernel's, and what a device or the clock said is what it
// said to the kernel. answer_of_NAME is what the kernel's function NAME answered last, as the prover notes it.
#include "spec/oracle.h"

#include "kernel/memory/flush.h"
#include "kernel/syscall/measure.h"
#include "spec/invariants/property.h"
#include "verify/refinement/meaning.h"

extern "C" {
extern u64 answer_of_is_flushed, answer_of_message_address, answer_of_message_data, answer_of_read_port;
}

namespace pith::spec {

u32 spec_first_waiting(u32 endpoint) {
  return old([=] {
    const pith::Endpoint& door = at<pith::Endpoint>(FrameNumber(endpoint));
    return door.callers == 0 ? 0 : door.queue[63 - __builtin_clzll(door.callers)].first.raw;
  });
}

u32 spec_first_set_aside(u32 endpoint) {
  return old([=] { return at<pith::Endpoint>(FrameNumber(endpoint)).set_aside_calls.first.raw; });
}

u32 spec_last_set_aside(u32 endpoint) {
  return old([=] { return at<pith::Endpoint>(FrameNumber(endpoint)).set_aside_calls.last.raw; });
}

u32 spec_first_thread_of_space(u32 space) {
  return old([=] { return at<pith::AddressSpace>(FrameNumber(space)).threads.first.raw; });
}

u32 spec_first_guest_of_space(u32 space) {
  return old([=] { return at<pith::AddressSpace>(FrameNumber(space)).guests.first.raw; });
}

u32 spec_first_thread_of_capabilities(u32 space) {
  return old([=] { return at<pith::CapabilitySpace>(FrameNumber(space)).threads.first.raw; });
}

/// Nobody changes a word of user memory while the kernel is at work: it reads each once, so that it makes no difference when.
u64 spec_user_word(u32 frame, u32 index) { return data_pages[frame].words[index]; }
/// User memory is no part of what is compared.
void spec_set_user_word(u32, u32, u64) {}
void spec_clear_user_page(u32) {}

u64 spec_read_port(u32, u32) { return answer_of_read_port; }
void spec_write_port(u32, u32, u64) {}
u64 spec_message_address(u32) { return answer_of_message_address; }
u64 spec_message_data(u32) { return answer_of_message_data; }

u64 spec_kept_register(u32 thread, u32 index) {
  return old([=] { return arch::register_of(at<pith::Thread>(FrameNumber(thread)), pith::Register(index)); });
}

/// Vector registers are no part of what is compared either.
u64 spec_initial_vector_word(u32) { return 0; }
u64 spec_allowed_vector_word(u32, u64) { return 0; }

u8 spec_level_without_time(u32 thread) {
  return u8(old([=] { return at<pith::Thread>(FrameNumber(thread)).level; }));
}

u64 spec_measured(u32 index) {
  return old([=] { return index == 0 ? measured.entries : index == 1 ? measured.longest : measured.operation; });
}

/// Whether the kernel has still to ask other CPUs is its own affair, and so are the generations that it counts meanwhile.
bool spec_is_flushed(u64) {
  state.generation = flushes.generation;
  return answer_of_is_flushed != 0;
}

}  // namespace pith::spec
