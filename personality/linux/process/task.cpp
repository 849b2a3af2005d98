// Sleeping and waking of tasks.
#include "personality/linux/process/task.h"

#include "personality/linux/environment.h"
#include "personality/linux/process/worker.h"
#include "personality/linux/terminal/terminal.h"

namespace pith::personality {

bool Task::must_end() const { return ending || process.group_exit; }

bool Task::has_signal() const {
  if (must_end() || process.state == ProcessState::Stopped) return true;
  return !((pending.set() | process.pending.set()) & ~blocked).is_empty();
}

Result<void> Task::sleep(u64 deadline) {
  if (has_signal()) return LinuxError::Restart;
  woken = false;
  sleeping = true;
  Result<void> result;
  while (!woken && result) {
    Result<void> waited = queue_.wait(environment().lock, deadline);
    if (!waited && waited.error() == Error::TimedOut && !woken) result = LinuxError::TimedOut;
    if (!woken && has_signal()) result = LinuxError::Restart;
  }
  sleeping = false;
  return result;
}

void Task::sleep_through_signals() {
  woken = false;
  sleeping = true;
  while (!woken && !must_end()) (void)queue_.wait(environment().lock);
  sleeping = false;
}

Result<void> Task::wait_on(WaitList& list, u64 deadline) {
  Waiter waiter;
  waiter.join(list, *this);
  return sleep(deadline);
}

void Task::wake() {
  woken = true;
  if (sleeping) queue_.wake_one();
}

void Task::notify() {
  attention.store(1, std::memory_order_relaxed);
  if (sleeping) {
    queue_.wake_one();
  } else if (worker) {
    worker->interrupt();
  }
}

Process::Process(i32 pid, Process* parent) : pid(pid), parent(parent) {}
Process::~Process() = default;

Process* ProcessTable::find(i32 pid) {
  auto it = processes_.find(pid);
  return it == processes_.end() ? nullptr : it->second;
}

Task* ProcessTable::find_task(i32 tid) {
  auto it = tasks_.find(tid);
  return it == tasks_.end() ? nullptr : it->second;
}

bool ProcessTable::has_group(i32 group) const {
  for (const auto& [pid, process] : processes_)
    if (process->group == group) return true;
  return false;
}

Result<i32> ProcessTable::allocate() {
  constexpr i32 kLargest = 32768;
  if (tasks_.size() + processes_.size() >= 2 * kMost) return LinuxError::TryAgain;
  for (i32 tries = 0; tries < kLargest; tries++) {
    i32 candidate = next_;
    next_ = next_ >= kLargest ? 300 : next_ + 1;
    if (!processes_.contains(candidate) && !tasks_.contains(candidate) && !has_group(candidate)) return candidate;
  }
  return LinuxError::TryAgain;
}

}  // namespace pith::personality
