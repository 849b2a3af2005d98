// A Linux process: a group of tasks with one number, parent, signal actions and end.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "personality/linux/process/task.h"
#include "personality/linux/time/timers.h"

namespace pith::personality {

class Terminal;

enum class ProcessState : u8 { Running, Stopped, Zombie };

/// A process lives from fork until its parent has waited for it. Guarded by the environment's lock.
class Process {
 public:
  Process(i32 pid, Process* parent);
  ~Process();

  const i32 pid;
  Process* parent;  ///< null for process 1
  i32 group = 0, session = 0;
  std::vector<Process*> children;
  std::vector<Task*> tasks;
  ProcessState state = ProcessState::Running;

  Credentials credentials;
  SignalAction actions[Signal::Last];
  PendingSignals pending;
  u32 exit_signal = Signal::Child;  ///< what the parent gets at the end
  i32 exit_status = 0;              ///< as wait tells it
  bool group_exit = false;          ///< all tasks are to end
  bool stop_reported = true, continue_reported = true;
  u32 stop_signal = 0;
  bool has_executed = false;
  bool is_orphan = false;  ///< nobody will wait for it
  WaitList child_changed;  ///< waiters for children
  WaitList continued;      ///< its own tasks while it is stopped

  Reference<Terminal> terminal;  ///< controlling terminal
  ResourceLimit limits[kResourceLimits];
  std::string command;     ///< at most 15 characters, for ps
  std::string executable;  ///< path, for /proc/self/exe
  u64 start_time = 0;
  u64 user_time = 0, system_time = 0, children_user_time = 0, children_system_time = 0;
  u64 faults = 0;

  static constexpr u32 kIntervalTimers = 3, kMostTimers = 32768;
  ProcessTimer interval_timers[kIntervalTimers];      ///< of setitimer
  std::vector<std::unique_ptr<ProcessTimer>> timers;  ///< of timer_create
  i32 next_timer = 0;

  Task& leader() { return *tasks.front(); }
};

/// All processes and tasks by number.
class ProcessTable {
 public:
  static constexpr u32 kMost = 1024;
  Process* find(i32 pid);
  Task* find_task(i32 tid);
  /// A number that nobody has. TryAgain when there are too many.
  Result<i32> allocate();
  void add(Process& process) { processes_[process.pid] = &process; }
  void add(Task& task) { tasks_[task.tid] = &task; }
  void remove(Process& process) { processes_.erase(process.pid); }
  void remove(Task& task) { tasks_.erase(task.tid); }
  const std::map<i32, Process*>& all() const { return processes_; }
  u64 task_count() const { return tasks_.size(); }
  bool has_group(i32 group) const;
  u64 forks = 0;
  i32 last_pid() const { return next_ - 1; }

 private:
  std::map<i32, Process*> processes_;
  std::map<i32, Task*> tasks_;
  i32 next_ = 1;
};

/// Sends a signal to a process or to one task of it; whether it waits there now. Ignored ones fall away, and a second one of an old number.
bool send_signal(Process& process, const SignalInformation& information);
bool send_signal(Task& task, const SignalInformation& information);
/// A signal that the task itself caused (a fault): cannot be blocked or ignored.
void force_signal(Task& task, const SignalInformation& information);
/// Sends to every member of a process group; how many there were.
u32 send_to_group(i32 group, const SignalInformation& information);

/// Ends all tasks of the process; `status` as wait tells it.
void begin_group_exit(Process& process, i32 status);
/// Ends the calling task (which has been asked to): gives back what it holds, reports to the parent. The task is gone afterwards.
void finish_task(Task& task);
/// Removes a zombie for good.
void reap(Process& process);
/// Lets a parent that waits for vfork go on.
void release_vfork_parent(Task& task);
/// Stops or continues a process (job control).
void stop_process(Process& process, u32 signal);
void continue_process(Process& process);

}  // namespace pith::personality
