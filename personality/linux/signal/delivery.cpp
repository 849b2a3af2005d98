// Delivery of signals to guests, and faults that become signals.
#include "personality/linux/signal/delivery.h"

#include "abi/message.h"
#include "lib/log.h"
#include "personality/linux/environment.h"
#include "personality/linux/time/clock.h"
#include "personality/linux/x86_64/machine.h"
#include "personality/linux/x86_64/signal_frame.h"

namespace pith::personality {

namespace {

/// Takes the next signal that is not blocked, the task's own first; number 0: none.
SignalInformation take_signal(Task& task) {
  SignalSet own = task.pending.set() & ~task.blocked;
  SignalSet shared = task.process.pending.set() & ~task.blocked;
  SignalInformation information;
  if (u32 signal = own.first())
    information = task.pending.take(signal);
  else if (u32 other = shared.first())
    information = task.process.pending.take(other);
  note_taken(task.process, information);
  return information;
}

/// Before a handler runs: a broken-off call answers EINTR, or is run again afterwards.
void settle_call(Task& task, const SignalAction& action) {
  Error error = std::exchange(task.broken_off, kSuccess);
  if (error == kSuccess) return;
  task.restart_deadline = 0;
  if (error == LinuxError::Restart && action.flags & SignalAction::kRestart)
    machine::rewind(task.registers(), task.call_number);
  else
    machine::set_answer(task.registers(), u64(-i64(errno_of(LinuxError::Interrupted))));
}

/// No core files are written, so wait never says that one was.
void terminate(Task& task, u32 signal) { begin_group_exit(task.process, i32(signal)); }

void run_handler(Task& task, const SignalInformation& information) {
  u32 signal = information.signal;
  SignalAction& slot = task.process.actions[signal - 1];
  SignalAction action = slot;
  settle_call(task, action);
  SignalSet return_mask = task.has_saved_blocked ? task.saved_blocked : task.blocked;
  task.has_saved_blocked = false;
  if (!machine::push_signal_frame(task, information, action, return_mask)) {
    slot.handler = SignalAction::Default;
    terminate(task, Signal::Segment);
    return;
  }
  task.blocked = (task.blocked | SignalSet(action.mask)) & ~kUnblockable;
  if (!(action.flags & SignalAction::kNoDefer)) task.blocked.add(signal);
  if (action.flags & SignalAction::kResetHandler) slot.handler = SignalAction::Default;
}

void deliver(Task& task, const SignalInformation& information) {
  u32 signal = information.signal;
  const SignalAction& action = task.process.actions[signal - 1];
  if (action.handler == SignalAction::Ignore) return;
  if (action.handler != SignalAction::Default) return run_handler(task, information);
  switch (default_action(signal)) {
    case DefaultAction::Ignore:
    case DefaultAction::Continue:
      return;
    case DefaultAction::Stop:
      return stop_process(task.process, signal);
    case DefaultAction::Terminate:
    case DefaultAction::DumpCore:
      return terminate(task, signal);
  }
}

void wait_while_stopped(Task& task) {
  while (task.process.state == ProcessState::Stopped && !task.must_end()) {
    Waiter waiter;
    waiter.join(task.process.continued, task);
    task.sleep_through_signals();
  }
}

}  // namespace

bool attend_signals(Task& task) {
  Lock lock(environment().lock);
  for (;;) {
    // relaxed: set again under the lock by whoever adds a signal.
    task.attention.store(0, std::memory_order_relaxed);
    if (task.must_end()) {
      finish_task(task);
      return false;
    }
    if (task.process.state == ProcessState::Stopped) {
      wait_while_stopped(task);
      continue;
    }
    SignalInformation information = take_signal(task);
    if (!information.signal) break;
    deliver(task, information);
  }
  if (task.broken_off != kSuccess) {
    if (task.broken_off != LinuxError::RestartDeadline) task.restart_deadline = 0;
    task.broken_off = kSuccess;
    machine::rewind(task.registers(), task.call_number);
  }
  if (task.has_saved_blocked) {
    task.blocked = task.saved_blocked;
    task.has_saved_blocked = false;
    if (task.has_signal()) task.attention.store(1, std::memory_order_relaxed);
  }
  return true;
}

void handle_guest_fault(Task& task, const GuestExitInfo& exit) {
  constexpr u64 kPresent = 1, kWrite = 2, kFetch = 16;
  Lock lock(environment().lock);
  task.registers().restore_all = 1;
  SignalInformation information{.signal = Signal::Segment, .code = SignalInformation::kMapError, .address = exit.address};
  switch (FaultKind(exit.fault_kind)) {
    case FaultKind::Memory: {
      Need need = exit.code & kFetch ? Need::Execute : exit.code & kWrite ? Need::Write : Need::Read;
      task.process.faults++;
      Result<void> done = task.memory().handle_fault(exit.address, need);
      if (done) return;
      if (done.error() == LinuxError::NoDevice) information.signal = Signal::Bus;
      if (done.error() == LinuxError::OutOfMemory) {
        log_line(LogLevel::Warning, "out of memory: killed process %d (%s)", task.process.pid, task.process.command.c_str());
        begin_group_exit(task.process, Signal::Kill);
        return;
      }
      if (exit.code & kPresent || task.memory().areas().find(exit.address)) information.code = SignalInformation::kAccessError;
      break;
    }
    case FaultKind::Instruction:
      information = {.signal = Signal::Illegal, .code = 2, .address = task.registers().rip};
      break;
    case FaultKind::Arithmetic:
      information = {.signal = Signal::FloatingPoint, .code = 1, .address = task.registers().rip};
      break;
    case FaultKind::Breakpoint:
      information = {.signal = Signal::Trap, .code = SignalInformation::kKernel};
      break;
    case FaultKind::Alignment:
      information = {.signal = Signal::Bus, .code = 1};
      break;
    case FaultKind::Vector:
      information = {.signal = Signal::FloatingPoint, .code = 7, .address = task.registers().rip};
      break;
    case FaultKind::Protection:
      information = {.signal = Signal::Segment, .code = SignalInformation::kKernel};
      break;
  }
  force_signal(task, information);
}

void park_guest(Guest& guest) {
  static GuestSpace* empty = [] {
    Result<std::unique_ptr<GuestSpace>> space = GuestSpace::create(environment().pool);
    return space ? (*space).release() : nullptr;
  }();
  if (empty) (void)guest.set_space(*empty);
}

}  // namespace pith::personality
