// The ways into the kernel as the prover starts them: what holds when the port's entry code calls, then the call.
#include "kernel/ipc/fast.h"
#include "kernel/object/guest.h"
#include "kernel/object/interrupt.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/object/thread.h"
#include "kernel/object/vector_state.h"
#include "kernel/sched/crossing.h"
#include "kernel/sched/scheduler.h"
#include "kernel/syscall/syscall.h"
#include "spec/invariants/predicate.h"
#include "verify/entry.h"
#include "verify/machine.h"

namespace pith {

extern "C" {
PITH_FAST_CALL void fast_call(PITH_FAST_PARAMETERS);
PITH_FAST_CALL void fast_reply_receive(PITH_FAST_PARAMETERS);
PITH_FAST_CALL void fast_call_message(PITH_FAST_PARAMETERS);
PITH_FAST_CALL void fast_reply_message(PITH_FAST_PARAMETERS);
PITH_FAST_CALL void fast_receive(PITH_FAST_PARAMETERS);
PITH_FAST_CALL void fast_signal(PITH_FAST_PARAMETERS);
PITH_FAST_CALL void fast_run_guest(PITH_FAST_PARAMETERS);
Thread* guest_called();
}

namespace {

/// The thread that the entry interrupted: it runs on this processor.
Thread& running(FrameNumber frame) {
  verify_assume(is<Thread>(frame));
  Thread& thread = threads[frame.raw];
  verify_assume(this_cpu().current == &thread);
  verify_assume(thread.state == ThreadState::Ready);
  return thread;
}

/// It makes a system call: the port's code that went to user code took all registers from the thread, and it is not in its guest. The machine is as it
/// was then: every way out demands that.
Thread& calling(FrameNumber frame) {
  Thread& thread = running(frame);
  verify_assume((thread.key & (Key::kInGuest | Key::kFullFrame)) == 0);
  verify_assume(has_own_translations(thread));
  verify_assume(has_own_vectors(thread.vector_state));
  verify_assume(has_vectors_as_its_key_says(thread));
  return thread;
}

/// The types that have entries of their own.
constexpr ObjectType kCreated[] = {
    ObjectType::Data,   ObjectType::PageTable,         ObjectType::Region,   ObjectType::AddressSpace, ObjectType::CapabilitySpace, ObjectType::CapabilityTable,
    ObjectType::Thread, ObjectType::SchedulingContext, ObjectType::Endpoint, ObjectType::Notification, ObjectType::Share,           ObjectType::Guest,
    ObjectType::VectorState};

template <class Wants>
[[gnu::always_inline]] inline void creating(FrameNumber caller, CapabilitySlot slot, Wants wants) {
  running_cpu();
  Thread& thread = calling(caller);
  verify_assume(wants(thread.words.w[1]));
  thread.handle = Handle::operation(u32(Operation::RegionCreate), slot).raw;
  system_call(thread);
}

}  // namespace

extern "C" {

/// A system call off the fast path: `operation` is fixed by the prover, everything else is the caller's choice.
void entry_operation(u64 operation, FrameNumber caller, CapabilitySlot slot, u64 length) {
  running_cpu();
  Thread& thread = calling(caller);
  thread.handle = (length << 32) | Handle::operation(u32(operation), slot).raw;
  system_call(thread);
}

// Region::create writes to all that a type's objects are made of, so that each type has an entry of its own, and all that are not made one more.
#define CREATE_OF(type)                                                                 \
  void entry_RegionCreate_of_##type(FrameNumber caller, CapabilitySlot slot) {          \
    creating(caller, slot, [](u64 wanted) { return wanted == u64(ObjectType::type); }); \
  }
CREATE_OF(Data)
CREATE_OF(PageTable)
CREATE_OF(Region)
CREATE_OF(AddressSpace)
CREATE_OF(CapabilitySpace)
CREATE_OF(CapabilityTable)
CREATE_OF(Thread)
CREATE_OF(SchedulingContext)
CREATE_OF(Endpoint)
CREATE_OF(Notification)
CREATE_OF(Share)
CREATE_OF(Guest)
CREATE_OF(VectorState)
void entry_RegionCreate_of_others(FrameNumber caller, CapabilitySlot slot) {
  creating(caller, slot, [](u64 wanted) {
    for (ObjectType type : kCreated) {
      if (wanted == u64(type)) return false;
    }
    return true;
  });
}

// The choice of who runs next: each way in which the thread may go on that ran until now is an entry.
#define SCHEDULE_AFTER(kind, ...)                   \
  void entry_schedule_of_##kind() {                 \
    Cpu& cpu = running_cpu();                       \
    const Thread* current = cpu.current;            \
    u32 key = current == nullptr ? 0 : current->key; \
    verify_assume(__VA_ARGS__);                     \
    schedule(cpu);                                  \
  }
SCHEDULE_AFTER(nobody, current == nullptr)
SCHEDULE_AFTER(stopping, current != nullptr && (key & Key::kStopping) != 0)
SCHEDULE_AFTER(lent_time, current != nullptr && (key & Key::kStopping) == 0 && (key & Key::kLentTime) != 0)
SCHEDULE_AFTER(others, current != nullptr && (key & (Key::kStopping | Key::kLentTime)) == 0)

/// Who is entered is left as the scheduler chose it: a thread's guest, or the thread itself or nothing.
#define LEAVE_TO(kind, is_this_kind)                                                             \
  void entry_leave_of_##kind() {                                                                 \
    Cpu& cpu = running_cpu();                                                                    \
    bool in_guest = cpu.current != nullptr && (cpu.current->key & Key::kInGuest) != 0;           \
    verify_assume(is_this_kind);                                                                 \
    arch::leave(cpu);                                                                            \
  }
LEAVE_TO(guests, in_guest)
LEAVE_TO(others, !in_guest)

void entry_fast_call(u64 handle, u64 w0, u64 w1, u64 w2, u64 w3, u64 w4, FrameNumber caller, u64 w5) {
  running_cpu();
  verify_assume(Handle{handle}.kind() == Handle::Call);
  Thread* current = &calling(caller);
  fast_call(PITH_FAST_ARGUMENTS(handle, current));
}

void entry_fast_reply_receive(u64 handle, u64 w0, u64 w1, u64 w2, u64 w3, u64 w4, FrameNumber caller, u64 w5) {
  running_cpu();
  verify_assume(Handle{handle}.kind() == Handle::ReplyReceive);
  Thread* current = &calling(caller);
  fast_reply_receive(PITH_FAST_ARGUMENTS(handle, current));
}

void entry_fast_call_message(u64 handle, u64 w0, u64 w1, u64 w2, u64 w3, u64 w4, FrameNumber caller, u64 w5) {
  running_cpu();
  Thread* current = &calling(caller);
  fast_call_message(PITH_FAST_ARGUMENTS(handle, current));
}

void entry_fast_reply_message(u64 handle, u64 w0, u64 w1, u64 w2, u64 w3, u64 w4, FrameNumber caller, u64 w5) {
  running_cpu();
  Thread* current = &calling(caller);
  fast_reply_message(PITH_FAST_ARGUMENTS(handle, current));
}

void entry_fast_receive(u64 handle, u64 w0, u64 w1, u64 w2, u64 w3, u64 w4, FrameNumber caller, u64 w5) {
  running_cpu();
  Thread* current = &calling(caller);
  fast_receive(PITH_FAST_ARGUMENTS(handle, current));
}

void entry_fast_signal(u64 handle, u64 w0, u64 w1, u64 w2, u64 w3, u64 w4, FrameNumber caller, u64 w5) {
  running_cpu();
  Thread* current = &calling(caller);
  fast_signal(PITH_FAST_ARGUMENTS(handle, current));
}

void entry_fast_run_guest(u64 handle, u64 w0, u64 w1, u64 w2, u64 w3, u64 w4, FrameNumber caller, u64 w5) {
  running_cpu();
  Thread* current = &calling(caller);
  fast_run_guest(PITH_FAST_ARGUMENTS(handle, current));
}

/// A guest's system call, and the way to its thread.
void entry_guest_called(FrameNumber thread) {
  running_cpu();
  verify_assume((running(thread).key & Key::kInGuest) != 0);
  machine_leave_guest(guest_called());
}

/// The first use of a vector register since others had them.
void entry_vector_used(FrameNumber thread) {
  running_cpu();
  load_vector_state(running(thread));
}

/// A message from another processor.
void entry_interruption_received() { interruption_received(running_cpu()); }

/// The interrupt of the timer, whatever it finds to do.
void entry_timer_interrupted() { timer_interrupted(running_cpu()); }

void entry_fault_raised(FrameNumber thread, u32 kind, u64 address, u64 code) {
  running_cpu();
  fault_raised(running(thread), FaultKind(kind), address, code);
}

void entry_interrupt_raised(u32 line) {
  running_cpu();
  interrupt_raised(line);
}

}  // extern "C"

}  // namespace pith
