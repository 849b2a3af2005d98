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
      task.process.pending.set.remove(signal);
      for (Task* other : task.process.tasks) other->pending.set.remove(signal);
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
  u64 bits = ((task.pending.set | task.process.pending.set) & task.blocked).bits();
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
    SignalSet ready = (task.pending.set | task.process.pending.set) & wanted;
    if (u32 signal = ready.first()) {
      task.blocked = before;
      SignalInformation item = task.pending.set.has(signal) ? task.pending.take(signal) : task.process.pending.take(signal);
      if (information.raw) {
        i32 raw[32] = {i32(item.signal), 0, item.code, 0, item.pid, i32(item.uid), item.status};
        TRY(write_guest(task.memory(), information, raw));
      }
      return u64(signal);
    }
    task.blocked = before & ~wanted;  // so that they wake this task
    Result<void> slept = task.sleep(deadline);
    task.blocked = before;
    if (slept || !((task.pending.set | task.process.pending.set) & wanted).is_empty()) continue;
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

Result<u64> call_kill(Task& task, i32 pid, u32 signal) {
  if (signal > Signal::Last) return LinuxError::Invalid;
  if (pid > 0) {
    Process* process = environment().processes.find(pid);
    if (!process) return LinuxError::NoProcess;
    if (!may_signal(task.process, *process, signal)) return LinuxError::NotPermitted;
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
  if (targets.empty()) return LinuxError::NoProcess;
  u32 allowed = 0;
  for (i32 number : targets) {
    Process* process = environment().processes.find(number);
    if (!process || !may_signal(task.process, *process, signal)) continue;
    allowed++;
    if (signal) send_signal(*process, information_of(task, signal, SignalInformation::kUser));
  }
  return allowed ? Result<u64>(u64{0}) : Result<u64>(LinuxError::NotPermitted);
}

Result<u64> call_tgkill(Task& task, i32 pid, i32 tid, u32 signal) {
  if (signal > Signal::Last || tid <= 0 || pid <= 0) return LinuxError::Invalid;
  Task* target = environment().processes.find_task(tid);
  if (!target || target->process.pid != pid) return LinuxError::NoProcess;
  if (!may_signal(task.process, target->process, signal)) return LinuxError::NotPermitted;
  if (signal) send_signal(*target, information_of(task, signal, SignalInformation::kThread));
  return u64{0};
}

Result<u64> call_tkill(Task& task, i32 tid, u32 signal) {
  if (tid <= 0) return LinuxError::Invalid;
  Task* target = environment().processes.find_task(tid);
  return target ? call_tgkill(task, target->process.pid, tid, signal) : Result<u64>(LinuxError::NoProcess);
}

}  // namespace pith::personality
