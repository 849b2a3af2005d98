// fork, vfork and clone: a new task, in a process of its own or in the caller's.
#include "personality/linux/calls/handlers.h"
#include "personality/linux/environment.h"
#include "personality/linux/process/worker.h"
#include "personality/linux/remote/filesystem.h"
#include "personality/linux/terminal/terminal.h"
#include "personality/linux/x86_64/machine.h"

namespace pith::personality {

namespace {

/// Pages that must be left: what runs already needs some to end or to go on.
constexpr u64 kReserve = 2048;

struct CloneRequest {
  u64 flags = 0;
  u64 stack = 0;
  GuestAddress parent_tid{}, child_tid{};
  u64 thread_pointer = 0;
};

Process* copy_process(Process& parent, i32 pid, u32 exit_signal) {
  auto* process = new Process(pid, &parent);
  process->group = parent.group;
  process->session = parent.session;
  process->credentials = parent.credentials;
  process->terminal = parent.terminal;
  process->command = parent.command;
  process->executable = parent.executable;
  process->exit_signal = exit_signal;
  process->start_time = now();
  for (u32 index = 0; index < Signal::Last; index++) process->actions[index] = parent.actions[index];
  for (u32 index = 0; index < kResourceLimits; index++) process->limits[index] = parent.limits[index];
  return process;
}

Result<void> check(const CloneRequest& request) {
  u64 flags = request.flags;
  if (flags & CloneFlag::Namespaces) return LinuxError::NotPermitted;
  if (flags & CloneFlag::Thread && !(flags & CloneFlag::Handlers)) return LinuxError::Invalid;
  if (flags & CloneFlag::Handlers && !(flags & CloneFlag::Memory)) return LinuxError::Invalid;
  if ((flags & CloneFlag::SignalMask) > Signal::Last) return LinuxError::Invalid;
  return {};
}

Reference<FilesystemContext> copy_context(const FilesystemContext& from) {
  Reference<FilesystemContext> copy(new FilesystemContext);
  copy->root = from.root;
  copy->current = from.current;
  copy->umask = from.umask;
  return copy;
}

void await_vfork(Task& task) {
  while (!task.vfork_released && !task.must_end()) task.sleep_through_signals();
}

Result<u64> clone_task(Task& task, const CloneRequest& request) {
  TRY(check(request));
  Environment& env = environment();
  u64 flags = request.flags;
  if (!(flags & CloneFlag::Thread) && env.processes.all().size() >= ProcessTable::kMost) return LinuxError::TryAgain;
  // Whoever is being killed has no more children: else kill(-1) would not catch them all.
  if (task.must_end() || (task.pending.set() | task.process.pending.set()).has(Signal::Kill)) return LinuxError::TryAgain;
  if (env.pages.available() < kReserve) reclaim_pages(kReserve - env.pages.available());
  if (env.pages.available() < kReserve) return LinuxError::OutOfMemory;
  i32 tid = TRY(env.processes.allocate());
  Reference<AddressSpace> space = flags & CloneFlag::Memory ? task.space : TRY(task.space->fork());
  Worker* worker = TRY(Worker::acquire(*space));
  Result<void> copied = worker->guest().copy_vector_state(*task.guest);
  if (!copied) {
    worker->give_up();
    return LinuxError::OutOfMemory;
  }
  // From here on nothing fails.
  Process* process = &task.process;
  if (!(flags & CloneFlag::Thread)) {
    Process* parent = flags & CloneFlag::Parent && task.process.parent ? task.process.parent : &task.process;
    process = copy_process(task.process, tid, u32(flags & CloneFlag::SignalMask));
    process->parent = parent;
    parent->children.push_back(process);
    env.processes.add(*process);
  }
  Task* child = new Task(*process, tid);
  child->worker = worker;
  child->guest = &worker->guest();
  child->space = space;
  child->files = flags & CloneFlag::Files ? task.files : task.files->copy();
  child->context = flags & CloneFlag::Filesystem ? task.context : copy_context(*task.context);
  child->blocked = task.blocked;
  child->scheduling = task.scheduling;
  if (task.scheduling.reset_on_fork) child->scheduling = {.nice = task.scheduling.nice < 0 ? 0 : task.scheduling.nice};
  if (!(flags & CloneFlag::Memory) || flags & CloneFlag::VFork) child->signal_stack = task.signal_stack;
  process->tasks.push_back(child);
  env.processes.add(*child);
  env.processes.forks++;
  machine::prepare_child(child->registers(), task.registers(), request.stack);
  if (flags & CloneFlag::SetTls) machine::set_thread_pointer(child->registers(), request.thread_pointer);
  if (flags & CloneFlag::ParentSetId) (void)write_guest<i32>(task.memory(), request.parent_tid, tid);
  if (flags & CloneFlag::ChildSetId) (void)write_guest<i32>(*space, request.child_tid, tid);
  if (flags & CloneFlag::ChildClearId) child->clear_child_tid = request.child_tid.raw;
  if (flags & CloneFlag::VFork) {
    child->vfork_parent = &task;
    task.vfork_released = false;
  }
  worker->start(*child);
  if (flags & CloneFlag::VFork) await_vfork(task);
  return u64(tid);
}

}  // namespace

Result<u64> call_fork(Task& task) { return clone_task(task, {.flags = Signal::Child}); }

Result<u64> call_vfork(Task& task) { return clone_task(task, {.flags = CloneFlag::VFork | CloneFlag::Memory | Signal::Child}); }

Result<u64> call_clone(Task& task, u64 flags, u64 stack, GuestAddress parent_tid, GuestAddress child_tid, u64 thread_pointer) {
  return clone_task(task, {flags, stack, parent_tid, child_tid, thread_pointer});
}

}  // namespace pith::personality
