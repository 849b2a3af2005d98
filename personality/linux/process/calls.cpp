// Numbers, groups and sessions of processes; the end.
#include "personality/linux/calls/handlers.h"
#include "personality/linux/environment.h"
#include "personality/linux/terminal/terminal.h"

namespace pith::personality {

namespace {

/// The process that a call's pid names; 0: the caller's.
Result<Process*> named(Task& task, i32 pid) {
  if (pid == 0) return &task.process;
  Process* process = environment().processes.find(pid);
  if (!process && environment().processes.find_task(pid)) process = &environment().processes.find_task(pid)->process;
  if (!process) return LinuxError::NoProcess;
  return process;
}

}  // namespace

Result<u64> call_exit_group(Task& task, i32 status) {
  begin_group_exit(task.process, (status & 0xff) << 8);
  task.attention.store(1, std::memory_order_relaxed);  // relaxed: read by this thread itself
  return u64{0};
}

Result<u64> call_exit(Task& task, i32 status) {
  if (task.process.tasks.size() == 1) return call_exit_group(task, status);
  task.ending = true;
  task.attention.store(1, std::memory_order_relaxed);  // relaxed: read by this thread itself
  return u64{0};
}

Result<u64> call_getpid(Task& task) { return u64(task.process.pid); }
Result<u64> call_gettid(Task& task) { return u64(task.tid); }
Result<u64> call_getppid(Task& task) { return u64(task.process.parent ? task.process.parent->pid : 0); }
Result<u64> call_getpgrp(Task& task) { return u64(task.process.group); }

Result<u64> call_set_tid_address(Task& task, GuestAddress address) {
  task.clear_child_tid = address.raw;
  return u64(task.tid);
}

Result<u64> call_getpgid(Task& task, i32 pid) { return u64(TRY(named(task, pid))->group); }
Result<u64> call_getsid(Task& task, i32 pid) { return u64(TRY(named(task, pid))->session); }

Result<u64> call_setpgid(Task& task, i32 pid, i32 group) {
  if (group < 0) return LinuxError::Invalid;
  Process* process = TRY(named(task, pid));
  Process& self = task.process;
  if (process != &self && process->parent != &self) return LinuxError::NoProcess;
  if (process != &self && process->has_executed) return LinuxError::AccessDenied;
  if (process->session == process->pid || process->session != self.session) return LinuxError::NotPermitted;
  if (group == 0) group = process->pid;
  if (group != process->pid) {
    bool found = false;
    for (const auto& [number, other] : environment().processes.all()) found |= other->group == group && other->session == self.session;
    if (!found) return LinuxError::NotPermitted;
  }
  process->group = group;
  return u64{0};
}

Result<u64> call_setsid(Task& task) {
  Process& process = task.process;
  if (environment().processes.has_group(process.pid)) return LinuxError::NotPermitted;
  process.session = process.group = process.pid;
  process.terminal = {};
  return u64(process.pid);
}

Result<u64> call_prctl(Task& task, u32 option, u64 argument, u64, u64, u64) {
  enum Option : u32 {
    SetDeathSignal = 1,
    GetDeathSignal = 2,
    GetDumpable = 3,
    SetDumpable = 4,
    SetName = 15,
    GetName = 16,
    CapabilityBound = 23,
    SetNoNewPrivileges = 38,
    GetNoNewPrivileges = 39
  };
  switch (option) {
    case SetName: {
      char name[16] = {};
      Result<u64> copied = copy_string(task.memory(), name, GuestAddress(argument), 15);
      if (!copied && copied.error() != LinuxError::NameTooLong) return copied.error();
      task.process.command = name;
      return u64{0};
    }
    case GetName: {
      char name[16] = {};
      task.process.command.copy(name, 15);
      TRY(write_guest(task.memory(), GuestAddress(argument), name));
      return u64{0};
    }
    case GetDumpable:
      return u64{1};
    case CapabilityBound:
      return argument <= 40 ? Result<u64>(u64{1}) : Result<u64>(LinuxError::Invalid);
    case GetDeathSignal:
      TRY(write_guest<u32>(task.memory(), GuestAddress(argument), 0));
      return u64{0};
    case SetDumpable:
    case SetDeathSignal:
    case SetNoNewPrivileges:
      return u64{0};
    default:
      return LinuxError::Invalid;
  }
}

}  // namespace pith::personality
