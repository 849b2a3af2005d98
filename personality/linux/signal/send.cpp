// Sending signals: which task gets them, which fall away.
#include "personality/linux/environment.h"
#include "personality/linux/process/process.h"

namespace pith::personality {

DefaultAction default_action(u32 signal) {
  switch (signal) {
    case Signal::Child:
    case Signal::Urgent:
    case Signal::WindowChange:
      return DefaultAction::Ignore;
    case Signal::Continue:
      return DefaultAction::Continue;
    case Signal::Stop:
    case Signal::TerminalStop:
    case Signal::TerminalInput:
    case Signal::TerminalOutput:
      return DefaultAction::Stop;
    case Signal::Quit:
    case Signal::Illegal:
    case Signal::Trap:
    case Signal::Abort:
    case Signal::Bus:
    case Signal::FloatingPoint:
    case Signal::Segment:
    case Signal::CpuTime:
    case Signal::FileSize:
    case Signal::System:
      return DefaultAction::DumpCore;
    default:
      return DefaultAction::Terminate;
  }
}

bool is_ignored(const SignalAction& action, u32 signal) {
  if (action.handler == SignalAction::Ignore) return true;
  if (action.handler != SignalAction::Default) return false;
  DefaultAction what = default_action(signal);
  return what == DefaultAction::Ignore || what == DefaultAction::Continue;
}

namespace {

constexpr SignalSet kStops = SignalSet::of(Signal::Stop) | SignalSet::of(Signal::TerminalStop) | SignalSet::of(Signal::TerminalInput) |
                             SignalSet::of(Signal::TerminalOutput);

void remove_pending(Process& process, SignalSet signals) {
  process.pending.discard(signals);
  for (Task* task : process.tasks) task->pending.discard(signals);
}

/// Side effects of stop and continue signals, which happen even when they are blocked or ignored. False: the signal has no other effect.
bool prepare(Process& process, u32 signal) {
  if (process.state == ProcessState::Zombie) return false;
  // Process 1 is the root of all: what it does not handle cannot hurt it.
  bool handled = process.actions[signal - 1].handler > SignalAction::Ignore;
  if (&process == environment().init && environment().protects_init && !handled) return false;
  if (signal == Signal::Continue) {
    remove_pending(process, kStops);
    continue_process(process);
  } else if (kStops.has(signal)) {
    remove_pending(process, SignalSet::of(Signal::Continue));
  } else if (signal == Signal::Kill) {
    begin_group_exit(process, Signal::Kill);  // at once: also for tasks that wait for nothing else
    return false;
  }
  return true;
}

}  // namespace

bool send_signal(Process& process, const SignalInformation& information) {
  u32 signal = information.signal;
  if (!prepare(process, signal) || process.tasks.empty()) return false;
  Task* receiver = nullptr;
  for (Task* task : process.tasks)
    if (!task->blocked.has(signal)) {
      receiver = task;
      break;
    }
  if (receiver && is_ignored(process.actions[signal - 1], signal)) return false;
  if (!process.pending.add(information)) return false;
  if (receiver) receiver->notify();
  return true;
}

bool send_signal(Task& task, const SignalInformation& information) {
  u32 signal = information.signal;
  if (!prepare(task.process, signal)) return false;
  bool blocked = task.blocked.has(signal);
  if (!blocked && is_ignored(task.process.actions[signal - 1], signal)) return false;
  if (!task.pending.add(information)) return false;
  if (!blocked) task.notify();
  return true;
}

void force_signal(Task& task, const SignalInformation& information) {
  u32 signal = information.signal;
  SignalAction& action = task.process.actions[signal - 1];
  if (task.blocked.has(signal) || action.handler == SignalAction::Ignore) {
    action.handler = SignalAction::Default;
    task.blocked.remove(signal);
  }
  task.pending.add(information);
  task.attention.store(1, std::memory_order_relaxed);
}

u32 send_to_group(i32 group, const SignalInformation& information) {
  std::vector<i32> members;
  for (const auto& [pid, process] : environment().processes.all())
    if (process->group == group && process->state != ProcessState::Zombie) members.push_back(pid);
  for (i32 pid : members)
    if (Process* process = environment().processes.find(pid)) send_signal(*process, information);
  return u32(members.size());
}

}  // namespace pith::personality
