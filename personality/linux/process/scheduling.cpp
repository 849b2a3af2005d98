// Calls about who runs before whom: policies, priorities, processors. They are kept and told; see CAVEATS for what they change.
#include "personality/linux/calls/handlers.h"
#include "personality/linux/environment.h"

namespace pith::personality {

namespace {

using Policy = Scheduling::Policy;

constexpr u32 kHighest = 99;
constexpr u32 kResetOnFork = 0x4000'0000;

bool is_real_time(u32 policy) { return policy == Policy::Fifo || policy == Policy::RoundRobin; }
bool is_policy(u32 policy) { return policy <= Policy::Batch || policy == Policy::Idle; }

/// The task that a call's pid names; 0: the caller.
Result<Task*> named(Task& task, i32 pid) {
  if (pid < 0) return LinuxError::Invalid;
  Task* found = pid ? environment().processes.find_task(pid) : &task;
  if (!found) return LinuxError::NoProcess;
  return found;
}

bool owns(const Task& task, const Task& other) {
  const Credentials& who = task.process.credentials;
  const Credentials& whose = other.process.credentials;
  return who.is_root() || who.effective_uid == whose.uid || who.effective_uid == whose.effective_uid;
}

/// Checks first, in Linux's order, and then changes.
Result<u64> change(Task& task, Task& other, u32 policy, u32 priority) {
  u32 plain = policy & ~kResetOnFork;
  if (!is_policy(plain) || priority > kHighest || is_real_time(plain) != (priority != 0)) return LinuxError::Invalid;
  if (!task.process.credentials.is_root()) {
    u64 limit = other.process.limits[Resource::RealTimePriority].current;
    bool raises = is_real_time(plain) && priority > other.scheduling.priority;
    if ((is_real_time(plain) && plain != other.scheduling.policy && !limit) || (raises && priority > limit) || !owns(task, other))
      return LinuxError::NotPermitted;
  }
  other.scheduling.policy = plain;
  other.scheduling.priority = priority;
  other.scheduling.reset_on_fork = policy & kResetOnFork;
  return u64{0};
}

}  // namespace

Result<u64> call_sched_setscheduler(Task& task, i32 pid, u32 policy, GuestAddress parameter) {
  if (i32(policy) < 0 || !parameter.raw || pid < 0) return LinuxError::Invalid;
  u32 priority = TRY(read_guest<u32>(task.memory(), parameter));
  return change(task, *TRY(named(task, pid)), policy, priority);
}

Result<u64> call_sched_setparam(Task& task, i32 pid, GuestAddress parameter) {
  if (!parameter.raw || pid < 0) return LinuxError::Invalid;
  u32 priority = TRY(read_guest<u32>(task.memory(), parameter));
  Task* other = TRY(named(task, pid));
  return change(task, *other, other->scheduling.policy | (other->scheduling.reset_on_fork ? kResetOnFork : 0), priority);
}

Result<u64> call_sched_getscheduler(Task& task, i32 pid) {
  const Scheduling& scheduling = TRY(named(task, pid))->scheduling;
  return u64{scheduling.policy | (scheduling.reset_on_fork ? kResetOnFork : 0)};
}

Result<u64> call_sched_getparam(Task& task, i32 pid, GuestAddress parameter) {
  if (!parameter.raw) return LinuxError::Invalid;
  TRY(write_guest<u32>(task.memory(), parameter, TRY(named(task, pid))->scheduling.priority));
  return u64{0};
}

Result<u64> call_sched_get_priority_max(Task&, u32 policy) {
  if (policy > Policy::Deadline || policy == 4) return LinuxError::Invalid;
  return u64{is_real_time(policy) ? kHighest : 0};
}

Result<u64> call_sched_get_priority_min(Task&, u32 policy) {
  if (policy > Policy::Deadline || policy == 4) return LinuxError::Invalid;
  return u64{is_real_time(policy) ? 1u : 0};
}

Result<u64> call_sched_rr_get_interval(Task& task, i32 pid, GuestAddress interval) {
  constexpr i64 kRoundRobin = 100'000'000, kSlice = 10'000'000;
  u32 policy = TRY(named(task, pid))->scheduling.policy;
  i64 slice = policy == Policy::RoundRobin ? kRoundRobin : policy == Policy::Fifo ? 0 : kSlice;
  TRY(write_guest(task.memory(), interval, TimeSpec{0, slice}));
  return u64{0};
}

Result<u64> call_sched_getaffinity(Task& task, i32 pid, u32 size, GuestAddress mask) {
  if (size < 8 || size % 8) return LinuxError::Invalid;
  TRY(named(task, pid));
  TRY(write_guest<u64>(task.memory(), mask, 1));
  return u64{8};
}

Result<u64> call_sched_setaffinity(Task& task, i32 pid, u32 size, GuestAddress mask) {
  u8 first = size ? TRY(read_guest<u8>(task.memory(), mask)) : u8{0};
  Task* other = TRY(named(task, pid));
  if (!owns(task, *other)) return LinuxError::NotPermitted;
  return first & 1 ? Result<u64>(u64{0}) : Result<u64>(LinuxError::Invalid);
}

namespace {

struct PriorityOf {
  enum : u32 { Process = 0, Group = 1, User = 2 };
};

/// Calls `visit` for each task that getpriority and setpriority mean; NoProcess for none.
template <class Visit>
Result<void> for_each_meant(Task& task, u32 which, i32 who, Visit visit) {
  if (which > PriorityOf::User) return LinuxError::Invalid;
  if (which == PriorityOf::Process) {
    Task* other = who ? environment().processes.find_task(who) : &task;
    if (!other) return LinuxError::NoProcess;
    visit(*other);
    return {};
  }
  bool found = false;
  i32 group = who ? who : task.process.group;
  u32 user = who ? u32(who) : task.process.credentials.uid;
  for (const auto& [pid, process] : environment().processes.all()) {
    if (which == PriorityOf::Group ? process->group != group : process->credentials.uid != user) continue;
    for (Task* other : process->tasks) {
      found = true;
      visit(*other);
    }
  }
  if (!found) return LinuxError::NoProcess;
  return {};
}

}  // namespace

Result<u64> call_getpriority(Task& task, u32 which, i32 who) {
  i32 least = Scheduling::kMostNice;
  TRY(for_each_meant(task, which, who, [&](Task& other) { least = other.scheduling.nice < least ? other.scheduling.nice : least; }));
  return u64(20 - least);
}

Result<u64> call_setpriority(Task& task, u32 which, i32 who, i32 value) {
  value = value < Scheduling::kLeastNice ? Scheduling::kLeastNice : value > Scheduling::kMostNice ? Scheduling::kMostNice : value;
  Result<u64> answer = u64{0};
  TRY(for_each_meant(task, which, who, [&](Task& other) {
    bool lowers = value < other.scheduling.nice;
    if (!owns(task, other))
      answer = LinuxError::NotPermitted;
    else if (lowers && !task.process.credentials.is_root() && u64(20 - value) > other.process.limits[Resource::Nice].current)
      answer = LinuxError::AccessDenied;
    else
      other.scheduling.nice = value;
  }));
  return answer;
}

}  // namespace pith::personality
