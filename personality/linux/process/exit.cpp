// How tasks and processes end, and what their parents hear.
#include "personality/linux/environment.h"
#include "personality/linux/misc/futex.h"
#include "personality/linux/process/worker.h"
#include "personality/linux/signal/delivery.h"
#include "personality/linux/terminal/terminal.h"

namespace pith::personality {

void begin_group_exit(Process& process, i32 status) {
  if (process.group_exit) return;
  process.group_exit = true;
  process.exit_status = status;
  if (process.state == ProcessState::Stopped) process.state = ProcessState::Running;
  process.continued.wake_all();
  for (Task* task : process.tasks) task->notify();
}

void release_vfork_parent(Task& task) {
  if (!task.vfork_parent) return;
  task.vfork_parent->vfork_released = true;
  task.vfork_parent->wake();
  task.vfork_parent = nullptr;
}

void reap(Process& process) {
  Environment& env = environment();
  if (process.parent) {
    std::erase(process.parent->children, &process);
    process.parent->children_user_time += process.user_time + process.children_user_time;
    process.parent->children_system_time += process.system_time + process.children_system_time;
  }
  env.processes.remove(process);
  delete &process;
}

namespace {

/// Children of the dead go to process 1; nobody there asks for them, so they vanish when they end.
void give_children_away(Process& process) {
  Process* heir = environment().init == &process ? nullptr : environment().init;
  std::vector<Process*> orphans = std::move(process.children);
  process.children.clear();
  for (Process* child : orphans) {
    child->parent = heir;
    child->is_orphan = true;
    if (child->state == ProcessState::Zombie)
      reap(*child);
    else if (heir)
      heir->children.push_back(child);
  }
}

void tell_parent(Process& process) {
  Process* parent = process.parent;
  if (!parent || process.is_orphan) return reap(process);
  const SignalAction& action = parent->actions[Signal::Child - 1];
  bool unattended =
      process.exit_signal == Signal::Child && (action.handler == SignalAction::Ignore || action.flags & SignalAction::kNoChildWait);
  if (process.exit_signal) {
    bool killed = process.exit_status & 0x7f;
    send_signal(*parent, {.signal = process.exit_signal,
                          .code = killed ? (process.exit_status & 0x80 ? SignalInformation::kDumped : SignalInformation::kKilled)
                                         : SignalInformation::kExited,
                          .pid = process.pid,
                          .uid = process.credentials.uid,
                          .status = killed ? process.exit_status & 0x7f : process.exit_status >> 8 & 0xff});
  }
  parent->child_changed.wake_all();
  if (unattended) reap(process);
}

void end_process(Process& process) {
  Environment& env = environment();
  process.state = ProcessState::Zombie;
  for (ProcessTimer& timer : process.interval_timers) timer.set({}, 0, 0);
  process.timers.clear();
  if (process.terminal && process.session == process.pid) process.terminal->lose_session(process.session);
  process.terminal = {};
  give_children_away(process);
  if (&process == env.init) {
    i32 status = process.exit_status;
    env.init = nullptr;
    reap(process);
    if (env.on_init_exit) env.on_init_exit(status);
    return;
  }
  tell_parent(process);
}

}  // namespace

void finish_task(Task& task) {
  Environment& env = environment();
  Process& process = task.process;
  release_robust_list(task);
  if (task.clear_child_tid && task.space->reference_count() > 1) {
    (void)write_guest<u32>(task.memory(), GuestAddress(task.clear_child_tid), 0);
    wake_futex(task.memory(), GuestAddress(task.clear_child_tid), 1);
  }
  for (const auto& [pid, other] : env.processes.all())
    for (Task* child : other->tasks)
      if (child->vfork_parent == &task) child->vfork_parent = nullptr;
  release_vfork_parent(task);
  task.files = {};
  task.context = {};
  park_guest(*task.guest);
  task.space = {};
  u64 used = task.worker->time_used();
  process.user_time += used - task.worker_time_before;
  task.worker->note_end(used);
  env.processes.remove(task);
  std::erase(process.tasks, &task);
  bool last = process.tasks.empty();
  delete &task;
  if (last) end_process(process);
}

void stop_process(Process& process, u32 signal) {
  if (process.state != ProcessState::Running) return;
  process.state = ProcessState::Stopped;
  process.stop_signal = signal;
  process.stop_reported = false;
  for (Task* task : process.tasks) task->notify();
  Process* parent = process.parent;
  if (!parent) return;
  if (!(parent->actions[Signal::Child - 1].flags & SignalAction::kNoChildStop))
    send_signal(*parent, {.signal = Signal::Child,
                          .code = SignalInformation::kStopped,
                          .pid = process.pid,
                          .uid = process.credentials.uid,
                          .status = i32(signal)});
  parent->child_changed.wake_all();
}

void continue_process(Process& process) {
  if (process.state != ProcessState::Stopped) return;
  process.state = ProcessState::Running;
  process.stop_reported = true;
  process.continue_reported = false;
  process.continued.wake_all();
  Process* parent = process.parent;
  if (!parent) return;
  if (!(parent->actions[Signal::Child - 1].flags & SignalAction::kNoChildStop))
    send_signal(*parent, {.signal = Signal::Child,
                          .code = SignalInformation::kContinued,
                          .pid = process.pid,
                          .uid = process.credentials.uid,
                          .status = Signal::Continue});
  parent->child_changed.wake_all();
}

}  // namespace pith::personality
