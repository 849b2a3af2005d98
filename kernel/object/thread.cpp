// Configuring, starting and stopping threads.
#include "kernel/object/thread.h"

#include "kernel/object/address_space.h"
#include "kernel/object/capability_space.h"
#include "kernel/object/endpoint.h"
#include "kernel/object/guest.h"
#include "kernel/object/notification.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/object/vector_state.h"
#include "kernel/sched/crossing.h"
#include "kernel/sched/scheduler.h"

namespace pith {

namespace {

Link& space_link_of(FrameNumber thread) { return view<Thread>(thread).space_link; }
Link& capability_link_of(FrameNumber thread) { return view<Thread>(thread).capability_link; }

/// Nobody waits patiently any more for the answer to the call that `client` may be in: its server is signalled, which must answer all the same.
void tell_server(const Thread& client) {
  if (client.state != ThreadState::WaitingForReply || (client.key & Key::kFaulted) != 0) return;
  FrameNumber notification = view<Thread>(client.callee).notification;
  if (notification.raw != 0) signal_notification(view<Notification>(notification), kCallCancelled);
}

bool is_stopped(const Thread& thread) {
  return thread.state == ThreadState::Inactive || (thread.key & Key::kFaulted) != 0;
}

}  // namespace

void initialise_thread(FrameNumber frame, u32 priority_ceiling) {
  Thread& thread = view<Thread>(frame);
  thread.self = frame;
  thread.priority_ceiling = priority_ceiling;
  // Tokens of a thread that lay in this frame before must not fit calls of this one: each epoch begins with numbers of its own.
  thread.set_aside_number = (epochs[frame.raw] / kEpochStep & 0x7fff) << 25;
}

Result<void> Thread::configure(Thread& caller, CapabilitySlot space_slot, CapabilitySlot capabilities_slot, FrameNumber new_buffer,
                               CapabilitySlot fault_slot, u64 fault_badge, CapabilitySlot new_window) {
  FrameNumber new_space = TRY(check_capability(caller, space_slot, ObjectType::AddressSpace, right::AddressSpace::Run)).frame;
  FrameNumber new_capabilities = TRY(check_capability(caller, capabilities_slot, ObjectType::CapabilitySpace, right::CapabilitySpace::Run)).frame;
  Capability new_fault{};
  if (fault_slot != kNoSlot) new_fault = TRY(check_capability(caller, fault_slot, ObjectType::Endpoint, right::Endpoint::Call));
  FrameNumber owner = info(self).owner;
  if (new_buffer.raw != 0) TRY(check_mappable(owner, new_buffer));
  if (fault_badge > ~u32{0} || new_window.raw >= kTablesPerSpace * kSlotsPerTable - kMessageCapabilities) return Error::BadArgument;
  if (new_fault.badge != Badge()) fault_badge = new_fault.badge.raw;
  if (state != ThreadState::Inactive) return Error::BadState;
  TRY(check_open(owner));
  TRY(check_open(info(new_space).owner));
  TRY(check_open(info(new_capabilities).owner));

  note_heavy_entry();
  if (space.raw != 0) detach_thread(*this);
  attach_thread(*this, new_space, new_capabilities, new_buffer);
  fault = new_fault;
  if (!fault.is_empty()) fault.badge = Badge(u32(fault_badge));
  window = new_window;
  return {};
}

[[gnu::noinline]] void attach_thread(Thread& thread, FrameNumber space, FrameNumber capabilities, FrameNumber buffer) {
  thread.space = space;
  push_back(view<AddressSpace>(space).threads, thread.self, space_link_of);
  thread.root = arch::root_of(view<AddressSpace>(space).top);
  thread.capabilities = capabilities;
  push_back(view<CapabilitySpace>(capabilities).threads, thread.self, capability_link_of);
  thread.buffer = buffer;
  if (buffer.raw != 0) info(buffer).uses++;
}

[[gnu::noinline]] void leave_address_space(Thread& thread) {
  if (thread.space.raw != 0) remove(view<AddressSpace>(thread.space).threads, thread.self, space_link_of);
  thread.space = FrameNumber();
  thread.root = 0;
}

[[gnu::noinline]] void leave_capability_space(Thread& thread) {
  if (thread.capabilities.raw != 0) remove(view<CapabilitySpace>(thread.capabilities).threads, thread.self, capability_link_of);
  thread.capabilities = FrameNumber();
}

[[gnu::noinline]] void detach_thread(Thread& thread) {
  leave_address_space(thread);
  leave_capability_space(thread);
  if (thread.buffer.raw != 0) info(thread.buffer).uses--;
  thread.buffer = FrameNumber();
  thread.fault = {};
}

Result<void> Thread::start(Thread&, u64 new_instruction, u64 new_stack, u64 new_pointer, u64 argument) {
  if (new_instruction >= arch::kUserEnd || new_stack > arch::kUserEnd || new_pointer >= arch::kUserEnd) return Error::BadAddress;
  if (state != ThreadState::Inactive) return Error::BadState;
  if (space.raw == 0 || capabilities.raw == 0) return Error::NotConfigured;
  TRY(check_open(info(self).owner));

  leave_guest(*this, GuestExit::Interrupted, 0, 0, 0);
  registers.start(new_instruction, new_stack, argument);
  pointer = new_pointer;
  key |= Key::kFullFrame;
  key &= ~Key::kInterrupted;
  wake(*this);
  return {};
}

[[gnu::noinline]] void stop_thread(Thread& thread) {
  if (thread.state != ThreadState::Inactive && thread.state != ThreadState::Ready) thread.result = error_status(Error::Cancelled);
  switch (thread.state) {
    case ThreadState::Calling:
    case ThreadState::SetAside:
      recheck_below(thread);
      withdraw_call(thread);
      break;
    case ThreadState::WaitingForReply: {
      recheck_below(thread);
      Thread& server = view<Thread>(thread.callee);
      server.client = FrameNumber();
      server.key &= ~Key::kSlowReply;
      thread.callee = FrameNumber();
      break;
    }
    case ThreadState::Receiving:
      view<Endpoint>(thread.waiting_at).receiver = FrameNumber();
      break;
    case ThreadState::Waiting:
      view<Notification>(thread.waiting_at).waiter = FrameNumber();
      break;
    case ThreadState::Inactive:
    case ThreadState::Ready:
      break;
  }
  disarm_timer(thread.self);
  thread.key &= ~(Key::kDeadline | Key::kFaulted | Key::kSlowReply | Key::kStopping | Key::kLentTime);
  thread.waiting_at = FrameNumber();
  thread.state = ThreadState::Inactive;
  return_call(thread);
}

namespace {

/// True when it is in a blocking operation that can be cut short.
bool can_be_cancelled(const Thread& thread) {
  switch (thread.state) {
    case ThreadState::Calling:
    case ThreadState::SetAside:
      return (thread.key & Key::kFaulted) == 0;
    case ThreadState::Waiting:
    case ThreadState::Receiving:
      return true;
    default:
      return false;
  }
}

/// Ends that operation. The thread has no deadline any more.
void cut_short(Thread& thread, Error error) {
  if (thread.state == ThreadState::Calling || thread.state == ThreadState::SetAside) {
    recheck_below(thread);
    withdraw_call(thread);
  } else if (thread.state == ThreadState::Waiting) {
    view<Notification>(thread.waiting_at).waiter = FrameNumber();
  }
  end_wait(thread, error_status(error));
}

}  // namespace

[[gnu::noinline]] bool cancel_wait(Thread& thread, Error error) {
  if (!can_be_cancelled(thread)) return false;
  if ((thread.key & Key::kDeadline) != 0) {
    disarm_timer(thread.self);
    thread.key &= ~Key::kDeadline;
  }
  cut_short(thread, error);
  return true;
}

Result<void> Thread::stop(Thread&) {
  if (!stop_or_ask(*this)) return Error::Again;
  return {};
}

Result<void> Thread::resume(Thread&) {
  if (state != ThreadState::Inactive) return Error::BadState;
  if (space.raw == 0 || capabilities.raw == 0) return Error::NotConfigured;
  TRY(check_open(info(self).owner));

  wake(*this);
  return {};
}

Result<ThreadReadRegistersResult> Thread::read_registers(Thread&, u64 first) {
  if (first >= kRegisters) return Error::BadArgument;
  if (!is_stopped(*this)) return Error::BadState;
  u64 values[6] = {};
  for (u64 i = 0; i < 6 && first + i < kRegisters; i++) values[i] = arch::register_of(*this, Register(first + i));
  return ThreadReadRegistersResult{values[0], values[1], values[2], values[3], values[4], values[5]};
}

Result<void> Thread::write_register(Thread&, u64 index, u64 value) {
  if (index >= kRegisters) return Error::BadArgument;
  if (!is_stopped(*this) || (key & Key::kFullFrame) == 0) return Error::BadState;
  return registers.write(Register(index), value);
}

Result<void> Thread::interrupt(Thread&) {
  if (state == ThreadState::WaitingForReply)
    tell_server(*this);
  else if (cancel_wait(*this, Error::Cancelled))
    return {};
  key |= Key::kInterrupted;
  if (runs_elsewhere(*this)) arch::send_interruption(key & Key::kCpuMask);  // it may be in its guest
  return {};
}

Result<void> Thread::set_pointer(Thread&, u64 new_pointer) {
  if (new_pointer >= arch::kUserEnd) return Error::BadAddress;
  pointer = new_pointer;
  return {};
}

Result<ThreadStatusResult> Thread::status(Thread&) {
  u64 priority = 0, used = 0;
  if (scheduling_context.raw != 0) {
    priority = view<SchedulingContext>(scheduling_context).priority;
    used = time_until_now(scheduling_context).used;
  }
  return ThreadStatusResult{u64(state), priority, used, callee, client};
}

Result<void> Thread::set_vector_state(Thread& caller, CapabilitySlot slot) {
  Capability& capability = TRY(check_capability(caller, slot, ObjectType::VectorState, right::VectorState::Use));
  VectorState& new_state = view<VectorState>(capability.frame);
  if (new_state.user.raw != 0) return Error::Busy;
  if (!release_vector_state(vector_state)) return Error::Again;

  vector_state = capability.frame;
  new_state.user = self;
  return {};
}

void timer_fired(FrameNumber frame) {
  if (info(frame).type == ObjectType::SchedulingContext) {
    replenish(frame);
    return;
  }
  Thread& thread = view<Thread>(frame);
  thread.key &= ~Key::kDeadline;
  if (can_be_cancelled(thread))
    cut_short(thread, Error::TimedOut);
  else
    tell_server(thread);
}

}  // namespace pith
