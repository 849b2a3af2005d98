// Clocks, sleeping, interval timers, and time used.
#include "personality/linux/calls/handlers.h"
#include "personality/linux/environment.h"
#include "personality/linux/files/anonymous.h"
#include "personality/linux/services.h"
#include "personality/linux/time/clock.h"
#include "personality/linux/time/usage.h"

namespace pith::personality {

namespace {

TimeSpec time_spec(u64 nanoseconds) { return {i64(nanoseconds / kSecond), i64(nanoseconds % kSecond)}; }
TimeValue time_value(u64 nanoseconds) { return {i64(nanoseconds / kSecond), i64(nanoseconds % kSecond / kMicrosecond)}; }

}  // namespace

Result<u64> read_duration(Task& task, GuestAddress from) {
  TimeSpec time = TRY(read_guest<TimeSpec>(task.memory(), from));
  if (time.seconds < 0 || u64(time.nanoseconds) >= kSecond) return LinuxError::Invalid;
  return duration_of(time.seconds, u64(time.nanoseconds));
}

Result<u64> read_clock(Task& task, u32 clock) {
  switch (clock) {
    case Clock::Realtime:
    case Clock::RealtimeCoarse:
    case Clock::RealtimeAlarm:
    case Clock::Atomic:
      return environment().boot_wall_offset + now();
    case Clock::Monotonic:
    case Clock::MonotonicRaw:
    case Clock::MonotonicCoarse:
    case Clock::Boot:
    case Clock::BootAlarm:
      return now();
    case Clock::ProcessCpu:
    case Clock::ThreadCpu:
      return task.process.user_time + task.process.system_time;
    default:
      return LinuxError::Invalid;
  }
}

u64 deadline_of(u32 clock, u64 time) {
  if (clock != Clock::Realtime) return time ? time : 1;
  u64 offset = environment().boot_wall_offset;
  return time > offset ? time - offset : 1;
}

Result<u64> call_clock_gettime(Task& task, u32 clock, GuestAddress result) {
  TRY(write_guest(task.memory(), result, time_spec(TRY(read_clock(task, clock)))));
  return u64{0};
}

Result<u64> call_clock_getres(Task& task, u32 clock, GuestAddress result) {
  TRY(read_clock(task, clock));
  if (result.raw) TRY(write_guest(task.memory(), result, TimeSpec{0, 1}));
  return u64{0};
}

namespace {

Result<u64> set_wall_time(Task& task, u64 time) {
  if (!task.process.credentials.is_root()) return LinuxError::NotPermitted;
  u64 offset = time - now();
  Environment& env = environment();
  {
    Unlocked unlocked;
    TRY(env.services.set_wall_offset(offset));
  }
  env.boot_wall_offset = offset;
  return u64{0};
}

}  // namespace

Result<u64> call_clock_settime(Task& task, u32 clock, GuestAddress time) {
  if (clock != Clock::Realtime) return LinuxError::Invalid;
  return set_wall_time(task, TRY(read_duration(task, time)));
}

Result<u64> call_gettimeofday(Task& task, GuestAddress result, GuestAddress zone) {
  if (result.raw) TRY(write_guest(task.memory(), result, time_value(u64(wall_time()))));
  if (zone.raw) TRY(write_guest(task.memory(), zone, u64{0}));
  return u64{0};
}

Result<u64> call_settimeofday(Task& task, GuestAddress time, GuestAddress) {
  if (!time.raw) return u64{0};
  TimeValue value = TRY(read_guest<TimeValue>(task.memory(), time));
  if (value.seconds < 0 || u64(value.microseconds) >= 1'000'000) return LinuxError::Invalid;
  return set_wall_time(task, duration_of(value.seconds, u64(value.microseconds) * kMicrosecond));
}

Result<u64> call_time(Task& task, GuestAddress result) {
  u64 seconds = u64(wall_time()) / kSecond;
  if (result.raw) TRY(write_guest(task.memory(), result, seconds));
  return seconds;
}

namespace {

/// Sleeps until `deadline`. Broken off, it tells what was left where `left` says so.
Result<u64> sleep_until(Task& task, u64 deadline, GuestAddress left) {
  for (;;) {
    if (now() >= deadline) return u64{0};
    Result<void> slept = task.sleep(deadline);
    if (slept) continue;
    if (slept.error() == LinuxError::TimedOut) return u64{0};
    u64 time = now();
    if (left.raw) TRY(write_guest(task.memory(), left, time_spec(deadline > time ? deadline - time : 0)));
    task.restart_deadline = deadline;
    return LinuxError::RestartDeadline;
  }
}

}  // namespace

Result<u64> call_nanosleep(Task& task, GuestAddress request, GuestAddress left) {
  u64 kept = std::exchange(task.restart_deadline, 0);
  u64 duration = TRY(read_duration(task, request));
  return sleep_until(task, kept ? kept : now() + duration, left);
}

Result<u64> call_clock_nanosleep(Task& task, u32 clock, u32 flags, GuestAddress request, GuestAddress left) {
  constexpr u32 kAbsolute = 1;
  if (clock == Clock::ThreadCpu || clock > Clock::Atomic) return LinuxError::Invalid;
  if (clock != Clock::Realtime && clock != Clock::Monotonic && clock != Clock::Boot) return LinuxError::NotSupported;
  u64 kept = std::exchange(task.restart_deadline, 0);
  u64 time = TRY(read_duration(task, request));
  if (flags & kAbsolute) return sleep_until(task, deadline_of(clock, time), GuestAddress(0));
  return sleep_until(task, kept ? kept : now() + time, left);
}

ResourceUsage process_usage(const Process& process) {
  ResourceUsage usage = {};
  usage.user = time_value(process.user_time);
  usage.system = time_value(process.system_time);
  usage.minor_faults = i64(process.faults);
  return usage;
}

Result<u64> call_getrusage(Task& task, i32 who, GuestAddress result) {
  constexpr i32 kSelf = 0, kChildren = -1, kThread = 1;
  if (who != kSelf && who != kChildren && who != kThread) return LinuxError::Invalid;
  ResourceUsage usage = process_usage(task.process);
  if (who == kChildren) {
    usage = {};
    usage.user = time_value(task.process.children_user_time);
    usage.system = time_value(task.process.children_system_time);
  } else {
    usage.maximum_resident = i64(task.memory().resident_pages() * 4);
  }
  TRY(write_guest(task.memory(), result, usage));
  return u64{0};
}

Result<u64> call_times(Task& task, GuestAddress result) {
  constexpr u64 kTick = kSecond / 100;
  if (result.raw) {
    const Process& process = task.process;
    u64 ticks[4] = {process.user_time / kTick, process.system_time / kTick, process.children_user_time / kTick,
                    process.children_system_time / kTick};
    TRY(write_guest(task.memory(), result, ticks));
  }
  return now() / kTick;
}

namespace {

u64 nanoseconds_of(const TimeValue& value) { return duration_of(value.seconds, u64(value.microseconds) * kMicrosecond); }

IntervalTimer timer_of(const Process& process) {
  u64 time = now();
  u64 left = process.alarm_deadline > time ? process.alarm_deadline - time : process.alarm_deadline ? kMicrosecond : 0;
  return {time_value(process.alarm_interval), time_value(left)};
}

void set_timer(Process& process, u64 value, u64 interval) {
  process.alarm_deadline = value ? now() + value : 0;
  process.alarm_interval = interval;
  environment().timer_wakeup.wake_all();
}

}  // namespace

Result<u64> call_alarm(Task& task, u32 seconds) {
  u64 time = now();
  u64 before = task.process.alarm_deadline > time ? (task.process.alarm_deadline - time + kSecond - 1) / kSecond : 0;
  set_timer(task.process, u64{seconds} * kSecond, 0);
  return before;
}

Result<u64> call_setitimer(Task& task, u32 which, GuestAddress value, GuestAddress old) {
  constexpr u32 kReal = 0, kProfile = 2;
  if (which > kProfile) return LinuxError::Invalid;
  if (which != kReal) return LinuxError::NotSupported;
  IntervalTimer before = timer_of(task.process);
  if (value.raw) {
    IntervalTimer fresh = TRY(read_guest<IntervalTimer>(task.memory(), value));
    if (fresh.value.seconds < 0 || u64(fresh.value.microseconds) >= 1'000'000 || fresh.interval.seconds < 0 ||
        u64(fresh.interval.microseconds) >= 1'000'000)
      return LinuxError::Invalid;
    set_timer(task.process, nanoseconds_of(fresh.value), nanoseconds_of(fresh.interval));
  }
  if (old.raw) TRY(write_guest(task.memory(), old, before));
  return u64{0};
}

Result<u64> call_getitimer(Task& task, u32 which, GuestAddress result) {
  if (which > 2) return LinuxError::Invalid;
  TRY(write_guest(task.memory(), result, which == 0 ? timer_of(task.process) : IntervalTimer{}));
  return u64{0};
}

void continue_timer(Process& process) {
  if (process.alarm_interval && !process.alarm_deadline) set_timer(process, process.alarm_interval, process.alarm_interval);
}

void run_timers() {
  constexpr u64 kIgnoredInterval = 10 * kMillisecond;  // of a timer whose signal is ignored
  Environment& env = environment();
  Lock lock(env.lock);
  for (;;) {
    u64 next = 0;
    u64 time = now();
    std::vector<Process*> due;
    for (const auto& [pid, process] : env.processes.all()) {
      if (!process->alarm_deadline) continue;
      if (process->alarm_deadline <= time) {
        process->alarm_deadline = 0;
        due.push_back(process);
      }
      if (process->alarm_deadline && (!next || process->alarm_deadline < next)) next = process->alarm_deadline;
    }
    for (TimerFile* timer : TimerFile::all())
      if (u64 deadline = timer->look(time); deadline && (!next || deadline < next)) next = deadline;
    for (Process* process : due) {
      send_signal(*process, {.signal = Signal::Alarm, .code = SignalInformation::kKernel});
      // An interval timer goes on when its signal has been taken: so a short one cannot keep everybody else from running.
      if (process->alarm_interval && !process->pending.set.has(Signal::Alarm)) {
        process->alarm_deadline = time + (process->alarm_interval < kIgnoredInterval ? kIgnoredInterval : process->alarm_interval);
        if (!next || process->alarm_deadline < next) next = process->alarm_deadline;
      }
    }
    (void)env.timer_wakeup.wait(env.lock, next);
  }
}

}  // namespace pith::personality
