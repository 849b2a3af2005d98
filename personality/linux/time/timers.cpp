// Timers that send signals: when they run out, what they send, when they go on.
#include "personality/linux/time/timers.h"

#include "personality/linux/environment.h"
#include "personality/linux/files/anonymous.h"
#include "personality/linux/time/clock.h"
#include "personality/linux/time/usage.h"

namespace pith::personality {

namespace {
constexpr u64 kIgnoredInterval = 10 * kMillisecond;  // of a timer whose signal nobody takes: a short one cannot keep everybody from running
constexpr u32 kMostOverrun = 0x7fffffff;
}  // namespace

u64 ProcessTimer::last_serial_ = 0;

Result<u64> TimeScale::now() const {
  Environment& env = environment();
  switch (kind) {
    case Kind::Boot:
      return pith::now();
    case Kind::Wall:
      return env.boot_wall_offset + pith::now();
    case Kind::ProcessTime: {
      Process* process = env.processes.find(number);
      if (!process) return LinuxError::NoProcess;
      return process_time(*process);
    }
    case Kind::TaskTime: {
      Task* task = env.processes.find_task(number);
      if (!task) return LinuxError::NoProcess;
      return task_time(*task);
    }
  }
  return LinuxError::Invalid;
}

Result<TimeScale> scale_of(const Task& task, u32 clock) {
  using Kind = TimeScale::Kind;
  // Numbers below 0 name a process's time, or a task's.
  constexpr u32 kDynamic = 0x8000'0000, kTask = 4, kKindMask = 3, kScheduled = 2;
  if (clock & kDynamic) {
    i32 number = ~(i32(clock) >> 3);
    if ((clock & kKindMask) > kScheduled) return LinuxError::Invalid;
    if (clock & kTask) {
      Task* other = number ? environment().processes.find_task(number) : nullptr;
      if (number && (!other || &other->process != &task.process)) return LinuxError::Invalid;
      return TimeScale{Kind::TaskTime, number ? number : task.tid};
    }
    if (number && !environment().processes.find(number)) return LinuxError::Invalid;
    return TimeScale{Kind::ProcessTime, number ? number : task.process.pid};
  }
  switch (clock) {
    case Clock::Realtime:
    case Clock::RealtimeCoarse:
    case Clock::RealtimeAlarm:
    case Clock::Atomic:
      return TimeScale{Kind::Wall, 0};
    case Clock::Monotonic:
    case Clock::MonotonicRaw:
    case Clock::MonotonicCoarse:
    case Clock::Boot:
    case Clock::BootAlarm:
      return TimeScale{Kind::Boot, 0};
    case Clock::ProcessCpu:
      return TimeScale{Kind::ProcessTime, task.process.pid};
    case Clock::ThreadCpu:
      return TimeScale{Kind::TaskTime, task.tid};
    default:
      return LinuxError::Invalid;
  }
}

void ProcessTimer::set(TimeScale scale, u64 deadline, u64 new_interval) {
  scale_ = scale;
  deadline_ = deadline;
  interval = new_interval;
  expired_ = 0;
  overrun = 0;
  if (deadline) environment().timer_wakeup.wake_all();
}

u64 ProcessTimer::left() const {
  u64 next = deadline_;
  u64 time = scale_.now().value_or(0);
  if (!next && expired_ && interval) next = expired_ + ((time - expired_) / interval + 1) * interval;
  if (!next) return 0;
  return next > time ? next - time : 1;
}

u64 ProcessTimer::look(Process& process) {
  if (!deadline_) return 0;
  Result<u64> time = scale_.now();
  if (!time) return deadline_ = 0;
  if (*time < deadline_) return now() + (deadline_ - *time);
  expired_ = std::exchange(deadline_, 0);
  if (target == Target::None) {
    if (interval) deadline_ = expired_ + ((*time - expired_) / interval + 1) * interval;
  } else if (!send(process) && interval) {
    deadline_ = *time + (interval < kIgnoredInterval ? kIgnoredInterval : interval);
  }
  if (deadline_ || !interval) expired_ = 0;
  return deadline_ ? now() + (deadline_ - *time) : 0;
}

bool ProcessTimer::send(Process& process) {
  SignalInformation item = information;
  item.timer = serial;
  if (target == Target::Process) return send_signal(process, item);
  Task* task = environment().processes.find_task(tid);
  return task && &task->process == &process && send_signal(*task, item);
}

void ProcessTimer::signal_taken() {
  if (!expired_) return;
  overrun = 0;
  if (!interval) {
    expired_ = 0;
    return;
  }
  u64 time = scale_.now().value_or(expired_);
  u64 missed = time > expired_ ? (time - expired_) / interval : 0;
  deadline_ = expired_ + (missed + 1) * interval;
  expired_ = 0;
  overrun = missed < kMostOverrun ? u32(missed) : kMostOverrun;
  environment().timer_wakeup.wake_all();
}

void note_taken(Process& process, SignalInformation& information) {
  if (!information.timer) return;
  for (ProcessTimer& timer : process.interval_timers)
    if (timer.serial == information.timer) return timer.signal_taken();
  for (auto& timer : process.timers) {
    if (timer->serial != information.timer) continue;
    timer->signal_taken();
    information.uid = timer->overrun;
    return;
  }
}

void run_timers() {
  Environment& env = environment();
  Lock lock(env.lock);
  for (;;) {
    u64 next = 0;
    auto consider = [&](u64 instant) {
      if (instant && (!next || instant < next)) next = instant;
    };
    for (const auto& [pid, process] : env.processes.all()) {
      for (ProcessTimer& timer : process->interval_timers) consider(timer.look(*process));
      for (auto& timer : process->timers) consider(timer->look(*process));
    }
    u64 time = now();
    for (TimerFile* timer : TimerFile::all()) consider(timer->look(time));
    (void)env.timer_wakeup.wait(env.lock, next);
  }
}

}  // namespace pith::personality
