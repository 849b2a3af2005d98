// Threads: what they run in, starting and stopping them, their registers.
#include "spec/parts.h"

namespace pith::spec {

namespace {

constexpr u64 kUserFlags = 0x240dd5;  ///< flags that user code may set
constexpr u64 kFixedFlags = 0x202;    ///< flags that are always set in it

/// Somebody else may look at its registers.
bool is_stopped(const Thread& thread) { return thread.state == ThreadState::Inactive || thread.faulted; }

/// It has somewhere to run.
bool is_configured(const Thread& thread) { return thread.space.raw != 0 && thread.capabilities.raw != 0; }

u64 register_of(FrameNumber frame, u64 index) {
  const Thread& thread = threads[frame];
  if (thread.trapped) return thread.registers[index];
  if (index == u64(Register::Rip)) return thread.instruction;
  if (index == u64(Register::Rsp)) return thread.stack;
  return spec_kept_register(frame.raw, u32(index));
}

}  // namespace

bool take_interruption(FrameNumber frame) {
  bool was = threads[frame].interrupted;
  threads[frame].interrupted = false;
  return was;
}

void tell_server(FrameNumber client) {
  if (threads[client].state != ThreadState::WaitingForReply || threads[client].faulted) return;
  FrameNumber notification = threads[threads[client].callee].notification;
  if (notification.raw != 0) signal(notification, kCallCancelled);
}

void complete(FrameNumber frame, u64 status) {
  Thread& thread = threads[frame];
  thread.deadline = 0;
  thread.waiting_at = FrameNumber();
  thread.result = status;
  thread.state = ThreadState::Ready;
}

bool cancel_wait(FrameNumber frame, Error error) {
  Thread& thread = threads[frame];
  bool in_call = thread.state == ThreadState::Calling || thread.state == ThreadState::SetAside;
  if (in_call && thread.faulted) return false;
  if (!in_call && thread.state != ThreadState::Receiving && thread.state != ThreadState::Waiting) return false;
  if (thread.state == ThreadState::Waiting) notifications[thread.waiting_at].waiter = FrameNumber();
  complete(frame, error_status(error));
  return true;
}

void stop(FrameNumber frame) {
  Thread& thread = threads[frame];
  if (thread.state == ThreadState::WaitingForReply) {
    threads[thread.callee].client = FrameNumber();
    thread.callee = FrameNumber();
  }
  if (thread.state == ThreadState::Waiting) notifications[thread.waiting_at].waiter = FrameNumber();
  if (thread.state != ThreadState::Inactive && thread.state != ThreadState::Ready) thread.result = error_status(Error::Cancelled);
  thread.deadline = 0;
  thread.faulted = false;
  thread.stopping = false;
  thread.waiting_at = FrameNumber();
  thread.state = ThreadState::Inactive;
  return_call(frame);
}

bool stop_or_ask(FrameNumber frame) {
  threads[frame].stopping = runs_elsewhere(frame);
  if (threads[frame].stopping) return false;
  stop(frame);
  return true;
}

void detach(FrameNumber frame) {
  Thread& thread = threads[frame];
  if (thread.buffer.raw != 0) frames[thread.buffer].uses--;
  thread.space = FrameNumber();
  thread.capabilities = FrameNumber();
  thread.buffer = FrameNumber();
  thread.fault = {};
}

Error thread_configure(FrameNumber caller, FrameNumber self, CapabilitySlot space_slot, CapabilitySlot capabilities_slot,
                       FrameNumber buffer, CapabilitySlot fault_slot, u64 fault_badge, CapabilitySlot window) {
  FrameNumber owner = frames[self].owner;
  FrameNumber space = TRY(lookup(caller, space_slot, ObjectType::AddressSpace, right::AddressSpace::Run)).frame;
  FrameNumber capabilities = TRY(lookup(caller, capabilities_slot, ObjectType::CapabilitySpace, right::CapabilitySpace::Run)).frame;
  Capability fault{};
  if (fault_slot != kNoSlot) fault = TRY(lookup(caller, fault_slot, ObjectType::Endpoint, right::Endpoint::Call));
  if (buffer.raw != 0) {
    if (Error error = check_mappable(owner, buffer); error != kSuccess) return error;
  }
  if (fault_badge > ~u32{0} || window.raw >= kTablesPerSpace * kSlotsPerTable - kMessageCapabilities) return Error::BadArgument;
  if (threads[self].state != ThreadState::Inactive) return Error::BadState;
  if (!is_open(owner) || !is_open(frames[space].owner) || !is_open(frames[capabilities].owner)) return Error::Closing;

  detach(self);
  Thread& thread = threads[self];
  thread.space = space;
  thread.space_ticket = state.last_ticket;
  thread.capabilities = capabilities;
  thread.capability_ticket = state.last_ticket++;
  thread.buffer = buffer;
  if (buffer.raw != 0) frames[buffer].uses++;
  // A badge that the capability has already stays.
  if (!is_empty(fault) && fault.badge == Badge()) fault.badge = Badge(u32(fault_badge));
  thread.fault = fault;
  thread.window = window;
  return kSuccess;
}

Error thread_start(FrameNumber, FrameNumber self, u64 instruction, u64 stack, u64 pointer, u64 argument) {
  Thread& thread = threads[self];
  if (instruction >= kUserEnd || stack > kUserEnd || pointer >= kUserEnd) return Error::BadAddress;
  if (thread.state != ThreadState::Inactive) return Error::BadState;
  if (!is_configured(thread)) return Error::NotConfigured;
  if (!is_open(frames[self].owner)) return Error::Closing;

  leave_guest(self, GuestExit::Interrupted, 0, 0, 0);
  for (u32 i = 0; i < kRegisters; i++) thread.registers[i] = 0;
  thread.registers[u64(Register::Rip)] = instruction;
  thread.registers[u64(Register::Rsp)] = stack;
  thread.registers[u64(Register::Rdi)] = argument;
  thread.registers[u64(Register::Rflags)] = kFixedFlags;
  thread.pointer = pointer;
  thread.trapped = true;
  thread.interrupted = false;
  thread.state = ThreadState::Ready;
  return kSuccess;
}

Error thread_stop(FrameNumber, FrameNumber self) { return stop_or_ask(self) ? kSuccess : Error::Again; }

Error thread_resume(FrameNumber, FrameNumber self) {
  if (threads[self].state != ThreadState::Inactive) return Error::BadState;
  if (!is_configured(threads[self])) return Error::NotConfigured;
  if (!is_open(frames[self].owner)) return Error::Closing;

  threads[self].state = ThreadState::Ready;
  return kSuccess;
}

Error thread_read_registers(FrameNumber, FrameNumber self, u64 first, Results& results) {
  if (first >= kRegisters) return Error::BadArgument;
  if (!is_stopped(threads[self])) return Error::BadState;
  for (u64 i = 0; i < 6; i++) results.word[i] = first + i < kRegisters ? register_of(self, first + i) : 0;
  return kSuccess;
}

Error thread_write_register(FrameNumber, FrameNumber self, u64 index, u64 value) {
  Thread& thread = threads[self];
  if (index >= kRegisters) return Error::BadArgument;
  if (!is_stopped(thread) || !thread.trapped) return Error::BadState;
  if (index == u64(Register::Rip) && value >= kUserEnd) return Error::BadAddress;

  thread.registers[index] = index == u64(Register::Rflags) ? (value & kUserFlags) | kFixedFlags : value;
  return kSuccess;
}

Error thread_interrupt(FrameNumber, FrameNumber self) {
  if (cancel_wait(self, Error::Cancelled)) return kSuccess;
  threads[self].interrupted = true;
  tell_server(self);
  return kSuccess;
}

Error thread_set_pointer(FrameNumber, FrameNumber self, u64 pointer) {
  if (pointer >= kUserEnd) return Error::BadAddress;
  threads[self].pointer = pointer;
  return kSuccess;
}

Error thread_status(FrameNumber, FrameNumber self, Results& results) {
  const Thread& thread = threads[self];
  u64 priority = 0, used = 0;
  if (thread.scheduling_context.raw != 0) {
    priority = scheduling_contexts[thread.scheduling_context].priority;
    used = scheduling_contexts[thread.scheduling_context].used + uncharged(thread.scheduling_context);
  }
  results = {{u64(ThreadState(thread.state)), priority, used, thread.callee.raw, thread.client.raw}};
  return kSuccess;
}

Error thread_set_vector_state(FrameNumber caller, FrameNumber self, CapabilitySlot slot) {
  FrameNumber vector_state = TRY(lookup(caller, slot, ObjectType::VectorState, right::VectorState::Use)).frame;
  if (vector_states[vector_state].user.raw != 0) return Error::Busy;
  if (!release_vector_state(threads[self].vector_state)) return Error::Again;

  threads[self].vector_state = vector_state;
  vector_states[vector_state].user = self;
  return kSuccess;
}

}  // namespace pith::spec
