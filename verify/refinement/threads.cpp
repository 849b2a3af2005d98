// Threads: what the specification's cells mean.
#include "verify/refinement/meaning.h"

namespace pith {

namespace {

[[gnu::always_inline]] inline const Thread& at(FrameNumber thread) { return threads[thread.raw]; }
[[gnu::always_inline]] inline bool has(FrameNumber thread, u32 bit) { return (at(thread).key & bit) != 0; }

/// Its call is on its way: the message stays with it.
[[gnu::always_inline]] inline bool is_in_call(FrameNumber thread) {
  if (!is<Thread>(thread)) return false;
  ThreadState state = at(thread).state;
  return state == ThreadState::Calling || state == ThreadState::WaitingForReply || state == ThreadState::SetAside;
}

/// It goes on with what its last operation answers, perhaps not before it is resumed.
[[gnu::always_inline]] inline bool is_answered(FrameNumber thread) {
  if (!is<Thread>(thread)) return false;
  ThreadState state = at(thread).state;
  return (state == ThreadState::Ready || state == ThreadState::Inactive) && !has(thread, Key::kFullFrame | Key::kInGuest);
}

/// A signal will be its answer: one word, and the others stay what they are.
[[gnu::always_inline]] inline bool is_waiting(FrameNumber thread) { return is<Thread>(thread) && at(thread).state == ThreadState::Waiting; }

/// A handle of a short call says nothing of its message.
[[gnu::always_inline]] inline u32 message_words(FrameNumber thread) {
  Handle handle{at(thread).handle};
  return handle.kind() == Handle::Call ? kRegisterWords : handle.words();
}
[[gnu::always_inline]] inline u32 message_capabilities(FrameNumber thread) {
  Handle handle{at(thread).handle};
  return handle.kind() == Handle::Call ? 0 : handle.capabilities();
}

[[gnu::always_inline]] inline bool is_error(FrameNumber thread) { return at(thread).result >> 63 != 0; }

[[gnu::always_inline]] inline bool has_fault_endpoint(FrameNumber thread) { return is<Thread>(thread) && !at(thread).fault.is_empty(); }

}  // namespace

MEANING(thread_state, spec::threads[thread].state, at(thread).state, is<Thread>(thread), FrameNumber thread)
MEANING(thread_waiting_at, spec::threads[thread].waiting_at, at(thread).waiting_at,
        is<Thread>(thread) && at(thread).state != ThreadState::Ready, FrameNumber thread)
MEANING(thread_client, spec::threads[thread].client, at(thread).client, is<Thread>(thread), FrameNumber thread)
MEANING(thread_callee, spec::threads[thread].callee, at(thread).callee, is<Thread>(thread), FrameNumber thread)
MEANING(thread_endpoint, spec::threads[thread].endpoint, at(thread).endpoint, is<Thread>(thread), FrameNumber thread)
MEANING(thread_space, spec::threads[thread].space, at(thread).space, is<Thread>(thread), FrameNumber thread)
MEANING(thread_capabilities, spec::threads[thread].capabilities, at(thread).capabilities, is<Thread>(thread), FrameNumber thread)
MEANING(thread_buffer, spec::threads[thread].buffer, at(thread).buffer, is<Thread>(thread), FrameNumber thread)
MEANING(thread_notification, spec::threads[thread].notification, at(thread).notification, is<Thread>(thread), FrameNumber thread)
MEANING(thread_scheduling_context, spec::threads[thread].scheduling_context, at(thread).scheduling_context, is<Thread>(thread),
        FrameNumber thread)
MEANING(thread_vector_state, spec::threads[thread].vector_state, at(thread).vector_state, is<Thread>(thread), FrameNumber thread)
MEANING(thread_guest, spec::threads[thread].guest, at(thread).guest, is<Thread>(thread), FrameNumber thread)
MEANING(thread_window, spec::threads[thread].window, at(thread).window, is<Thread>(thread), FrameNumber thread)
MEANING_OF_CAPABILITY(thread_fault, spec::threads[thread].fault, at(thread).fault, is<Thread>(thread), has_fault_endpoint(thread),
                      FrameNumber thread)
MEANING(thread_cpu, spec::threads[thread].cpu, at(thread).key & Key::kCpuMask, is<Thread>(thread), FrameNumber thread)
MEANING(thread_priority_ceiling, spec::threads[thread].priority_ceiling, at(thread).priority_ceiling, is<Thread>(thread),
        FrameNumber thread)
MEANING(thread_interrupted, spec::threads[thread].interrupted, has(thread, Key::kInterrupted), is<Thread>(thread), FrameNumber thread)
MEANING(thread_faulted, spec::threads[thread].faulted, has(thread, Key::kFaulted), is<Thread>(thread), FrameNumber thread)
MEANING(thread_in_guest, spec::threads[thread].in_guest, has(thread, Key::kInGuest), is<Thread>(thread), FrameNumber thread)
MEANING(thread_stopping, spec::threads[thread].stopping, has(thread, Key::kStopping), is<Thread>(thread), FrameNumber thread)
MEANING(thread_trapped, spec::threads[thread].trapped, has(thread, Key::kFullFrame), is<Thread>(thread), FrameNumber thread)
MEANING(thread_set_aside_number, spec::threads[thread].set_aside_number, at(thread).set_aside_number, is<Thread>(thread),
        FrameNumber thread)
MEANING(thread_pointer, spec::threads[thread].pointer, at(thread).pointer, is<Thread>(thread), FrameNumber thread)
MEANING(thread_level, spec::threads[thread].level, at(thread).level, is<Thread>(thread) && at(thread).state == ThreadState::Calling,
        FrameNumber thread)
MEANING(thread_message_words, spec::threads[thread].message_words, message_words(thread), is_in_call(thread), FrameNumber thread)
MEANING(thread_message_capabilities, spec::threads[thread].message_capabilities, message_capabilities(thread), is_in_call(thread),
        FrameNumber thread)
MEANING(thread_caller_badge, spec::threads[thread].caller_badge, at(thread).caller_badge, is_in_call(thread), FrameNumber thread)
MEANING(thread_result, spec::threads[thread].result, at(thread).result, is_answered(thread), FrameNumber thread)

using WordIndex = Index<struct WordTag, kRegisterWords>;
MEANING(thread_word, spec::threads[thread].words[word.raw], at(thread).words.w[word.raw],
        word.raw < kRegisterWords && (is_in_call(thread) || is_waiting(thread) || (is_answered(thread) && !is_error(thread))),
        FrameNumber thread, WordIndex word)
using RegisterIndex = Index<struct RegisterTag, kRegisters>;
MEANING(thread_register, spec::threads[thread].registers[number.raw], at(thread).registers.value[number.raw],
        is<Thread>(thread) && number.raw < kRegisters, FrameNumber thread, RegisterIndex number)
MEANING(thread_instruction, spec::threads[thread].instruction, at(thread).instruction, is<Thread>(thread), FrameNumber thread)
MEANING(thread_stack, spec::threads[thread].stack, at(thread).stack, is<Thread>(thread), FrameNumber thread)

}  // namespace pith
