// Calls about signals.
#include "personality/linux/calls/handlers.h"
#include "personality/linux/environment.h"
#include "personality/linux/memory/user_copy.h"
#include "personality/linux/time/clock.h"
#include "personality/linux/x86_64/machine.h"
#include "personality/linux/x86_64/signal_frame.h"

namespace pith::personality {

namespace {

constexpr u64 kSetSize = 8;

bool is_valid(u32 signal) { return signal >= 1 && signal <= Signal::Last; }

/// May `sender` signal `receiver`?
bool may_signal(const Process& sender, const Process& receiver, u32 signal) {
  const Credentials& from = sender.credentials;
  const Credentials& to = receiver.credentials;
  if (from.is_root() || (signal == Signal::Continue && sender.session == receiver.session)) return true;
  return from.effective_uid == to.uid || from.effective_uid == to.saved_uid || from.uid == to.uid || from.uid == to.saved_uid;
}

SignalInformation information_of(Task& task, u32 signal, i32 code) {
  return {.signal = signal, .code = code, .pid = task.process.pid, .uid = task.process.credentials.uid};
}

void set_mask(Task& task, SignalSet mask) {
  task.blocked = mask & ~kUnblockable;
  if (task.has_signal()) task.attention.store(1, std::memory_order_relaxed);  // relaxed: read by this thread itself
}

}  // namespace

Result<u64> call_rt_sigaction(Task& task, u32 signal, GuestAddress action, GuestAddress old, u64 size) {
  if (size != kSetSize || !is_valid(signal)) return LinuxError::Invalid;
  if (action.raw && kUnblockable.has(signal)) return LinuxError::Invalid;
  SignalAction& slot = task.process.actions[signal - 1];
  SignalAction before = slot;
  if (action.raw) {
    slot = TRY(read_guest<SignalAction>(task.memory(), action));
    slot.mask &= ~kUnblockable.bits();
    if (is_ignored(slot, signal)) {
      task.process.pending.discard(SignalSet::of(signal));
      for (Task* other : task.process.tasks) other->pending.discard(SignalSet::of(signal));
    }
  }
  if (old.raw) TRY(write_guest(task.memory(), old, before));
  return u64{0};
}

Result<u64> call_rt_sigprocmask(Task& task, u32 how, GuestAddress set, GuestAddress old, u64 size) {
  constexpr u32 kBlock = 0, kUnblock = 1, kSet = 2;
  if (size != kSetSize) return LinuxError::Invalid;
  SignalSet before = task.blocked;
  if (set.raw) {
    SignalSet change(TRY(read_guest<u64>(task.memory(), set)));
    if (how > kSet) return LinuxError::Invalid;
    set_mask(task, how == kBlock ? before | change : how == kUnblock ? before & ~change : change);
  }
  if (old.raw) TRY(write_guest(task.memory(), old, before.bits()));
  return u64{0};
}

Result<u64> call_rt_sigpending(Task& task, GuestAddress set, u64 size) {
  if (size > kSetSize) return LinuxError::Invalid;
  u64 bits = ((task.pending.set() | task.process.pending.set()) & task.blocked).bits();
  TRY(copy_to_guest(task.memory(), set, &bits, size));
  return u64{0};
}

Result<u64> call_rt_sigsuspend(Task& task, GuestAddress set, u64 size) {
  if (size != kSetSize) return LinuxError::Invalid;
  SignalSet mask(TRY(read_guest<u64>(task.memory(), set)));
  task.saved_blocked = task.blocked;
  task.has_saved_blocked = true;
  task.blocked = mask & ~kUnblockable;
  for (;;) {
    Result<void> slept = task.sleep();
    if (!slept) return LinuxError::RestartNoHandler;
  }
}

Result<u64> call_pause(Task& task) {
  for (;;) {
    Result<void> slept = task.sleep();
    if (!slept) return LinuxError::RestartNoHandler;
  }
}

Result<u64> call_rt_sigtimedwait(Task& task, GuestAddress set, GuestAddress information, GuestAddress timeout, u64 size) {
  if (size != kSetSize) return LinuxError::Invalid;
  SignalSet wanted = SignalSet(TRY(read_guest<u64>(task.memory(), set))) & ~kUnblockable;
  u64 deadline = timeout.raw ? now() + TRY(read_duration(task, timeout)) : 0;
  SignalSet before = task.blocked;
  for (;;) {
    SignalSet ready = (task.pending.set() | task.process.pending.set()) & wanted;
    if (u32 signal = ready.first()) {
      task.blocked = before;
      SignalInformation item = task.pending.set().has(signal) ? task.pending.take(signal) : task.process.pending.take(signal);
      note_taken(task.process, item);
      if (information.raw) TRY(write_guest(task.memory(), information, raw_information(item)));
      return u64(signal);
    }
    task.blocked = before & ~wanted;  // so that they wake this task
    Result<void> slept = task.sleep(deadline);
    task.blocked = before;
    if (slept || !((task.pending.set() | task.process.pending.set()) & wanted).is_empty()) continue;
    return slept.error() == LinuxError::TimedOut ? LinuxError::TryAgain : LinuxError::Interrupted;
  }
}

Result<u64> call_rt_sigreturn(Task& task) {
  if (!machine::pop_signal_frame(task)) {
    force_signal(task, {.signal = Signal::Segment, .code = SignalInformation::kKernel});
    return u64{0};
  }
  if (task.has_signal()) task.attention.store(1, std::memory_order_relaxed);  // relaxed: read by this thread itself
  return machine::call_number(task.registers());                              // the answer's register keeps what the frame said
}

Result<u64> call_sigaltstack(Task& task, GuestAddress stack, GuestAddress old) {
  constexpr u64 kSmallest = 2048;
  SignalStack before = task.signal_stack;
  u64 pointer = task.registers().rsp;
  bool active = before.size && pointer > before.pointer && pointer - before.pointer <= before.size;
  if (active) before.flags |= SignalStack::kOnStack;
  if (stack.raw) {
    SignalStack fresh = TRY(read_guest<SignalStack>(task.memory(), stack));
    if (active) return LinuxError::NotPermitted;
    if (fresh.flags & ~(SignalStack::kOnStack | SignalStack::kDisabled)) return LinuxError::Invalid;
    if (fresh.flags & SignalStack::kDisabled) {
      fresh = {};
    } else {
      if (fresh.size < kSmallest) return LinuxError::OutOfMemory;
      fresh.flags = 0;
    }
    task.signal_stack = fresh;
  }
  if (old.raw) TRY(write_guest(task.memory(), old, before));
  return u64{0};
}

namespace {

/// What kill and its relatives check once they have found whom: the signal's number, then rights.
Result<void> check_signal(Task& task, const Process& receiver, u32 signal) {
  if (signal > Signal::Last) return LinuxError::Invalid;
  if (!may_signal(task.process, receiver, signal)) return LinuxError::NotPermitted;
  return {};
}

/// Whether a real-time signal finds room in the receiver's queue: TryAgain.
Result<void> check_queue(const Process& receiver, u32 signal) {
  if (signal >= Signal::FirstRealTime && PendingSignals::queued() >= receiver.limits[Resource::PendingSignals].current)
    return LinuxError::TryAgain;
  return {};
}

/// A siginfo_t that a program sends along.
Result<SignalInformation> read_information(Task& task, u32 signal, GuestAddress from) {
  RawSignalInformation raw = TRY(read_guest<RawSignalInformation>(task.memory(), from));
  return SignalInformation{.signal = signal,
                           .code = raw.code,
                           .pid = i32(raw.words[0]),
                           .uid = u32(raw.words[0] >> 32),
                           .status = i32(raw.words[1]),
                           .address = raw.words[1]};
}

/// Only the kernel may say that a signal is its own, or of tkill; of itself a process may say what it likes.
bool is_forged(const SignalInformation& information) { return information.code >= 0 || information.code == SignalInformation::kThread; }

}  // namespace

Result<u64> call_kill(Task& task, i32 pid, u32 signal) {
  if (pid > 0) {
    Process* process = environment().processes.find(pid);
    if (!process) return LinuxError::NoProcess;
    TRY(check_signal(task, *process, signal));
    if (signal) send_signal(*process, information_of(task, signal, SignalInformation::kUser));
    return u64{0};
  }
  std::vector<i32> targets;
  for (const auto& [number, process] : environment().processes.all()) {
    bool chosen = pid == 0    ? process->group == task.process.group
                  : pid == -1 ? number > 1 && process != &task.process
                              : process->group == -pid;
    if (chosen) targets.push_back(number);
  }
  Error error = LinuxError::NoProcess;
  u32 allowed = 0;
  for (i32 number : targets) {
    Process* process = environment().processes.find(number);
    if (!process) continue;
    Result<void> checked = check_signal(task, *process, signal);
    if (!checked) {
      error = checked.error();
      continue;
    }
    allowed++;
    if (signal) send_signal(*process, information_of(task, signal, SignalInformation::kUser));
  }
  return allowed ? Result<u64>(u64{0}) : Result<u64>(error);
}

Result<u64> call_tgkill(Task& task, i32 pid, i32 tid, u32 signal) {
  if (tid <= 0 || pid <= 0) return LinuxError::Invalid;
  Task* target = environment().processes.find_task(tid);
  if (!target || target->process.pid != pid) return LinuxError::NoProcess;
  TRY(check_signal(task, target->process, signal));
  if (!signal) return u64{0};
  TRY(check_queue(target->process, signal));
  send_signal(*target, information_of(task, signal, SignalInformation::kThread));
  return u64{0};
}

Result<u64> call_tkill(Task& task, i32 tid, u32 signal) {
  if (tid <= 0) return LinuxError::Invalid;
  Task* target = environment().processes.find_task(tid);
  return target ? call_tgkill(task, target->process.pid, tid, signal) : Result<u64>(LinuxError::NoProcess);
}

Result<u64> call_rt_sigqueueinfo(Task& task, i32 pid, u32 signal, GuestAddress information) {
  SignalInformation item = TRY(read_information(task, signal, information));
  if (is_forged(item) && pid != task.process.pid) return LinuxError::NotPermitted;
  Process* process = environment().processes.find(pid);
  if (!process) return LinuxError::NoProcess;
  TRY(check_signal(task, *process, signal));
  if (!signal) return u64{0};
  TRY(check_queue(*process, signal));
  send_signal(*process, item);
  return u64{0};
}

Result<u64> call_rt_tgsigqueueinfo(Task& task, i32 pid, i32 tid, u32 signal, GuestAddress information) {
  SignalInformation item = TRY(read_information(task, signal, information));
  if (pid <= 0 || tid <= 0) return LinuxError::Invalid;
  if (is_forged(item) && pid != task.process.pid) return LinuxError::NotPermitted;
  Task* target = environment().processes.find_task(tid);
  if (!target || target->process.pid != pid) return LinuxError::NoProcess;
  TRY(check_signal(task, target->process, signal));
  if (!signal) return u64{0};
  TRY(check_queue(target->process, signal));
  send_signal(*target, item);
  return u64{0};
}

}  // namespace pith::personality
