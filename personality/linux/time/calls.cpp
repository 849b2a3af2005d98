// Clocks, sleeping, and time used.
#include "personality/linux/calls/handlers.h"
#include "personality/linux/environment.h"
#include "personality/linux/process/worker.h"
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

Result<u64> read_clock(Task& task, u32 clock) { return TRY(scale_of(task, clock)).now(); }

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
  env.timer_wakeup.wake_all();
  env.wall_clock_set.wake_all();
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

/// Sleeps until `scale` shows `deadline`. Broken off, it tells what was left where `left` says so.
Result<u64> sleep_until(Task& task, TimeScale scale, u64 deadline, GuestAddress left) {
  for (;;) {
    u64 time = TRY(scale.now());
    if (time >= deadline) return u64{0};
    u64 wake_at = now() + (deadline - time);
    // An instant of the wall clock moves when that is set; time that is used is none in which this task only waits.
    Result<void> slept = scale.kind == TimeScale::Kind::Wall ? task.wait_on(environment().wall_clock_set, wake_at) : task.sleep(wake_at);
    if (slept || slept.error() == LinuxError::TimedOut) continue;
    time = TRY(scale.now());
    if (left.raw) TRY(write_guest(task.memory(), left, time_spec(deadline > time ? deadline - time : 0)));
    task.restart_deadline = deadline;
    return LinuxError::RestartDeadline;
  }
}

}  // namespace

Result<u64> call_nanosleep(Task& task, GuestAddress request, GuestAddress left) {
  u64 kept = std::exchange(task.restart_deadline, 0);
  u64 duration = TRY(read_duration(task, request));
  return sleep_until(task, {}, kept ? kept : now() + duration, left);
}

Result<u64> call_clock_nanosleep(Task& task, u32 clock, u32 flags, GuestAddress request, GuestAddress left) {
  constexpr u32 kAbsolute = 1;
  TimeScale scale = TRY(scale_of(task, clock));
  if (clock == Clock::ThreadCpu || (scale.kind == TimeScale::Kind::TaskTime && scale.number == task.tid)) return LinuxError::Invalid;
  if (clock == Clock::MonotonicRaw || clock == Clock::RealtimeCoarse || clock == Clock::MonotonicCoarse) return LinuxError::NotSupported;
  u64 kept = std::exchange(task.restart_deadline, 0);
  u64 time = TRY(read_duration(task, request));
  if (flags & kAbsolute) {
    Result<u64> answer = sleep_until(task, scale, time, GuestAddress(0));
    if (answer || !is_restart(answer.error())) return answer;
    task.restart_deadline = 0;
    return LinuxError::RestartNoHandler;
  }
  if (scale.kind == TimeScale::Kind::Wall) scale.kind = TimeScale::Kind::Boot;
  return sleep_until(task, scale, kept ? kept : TRY(scale.now()) + time, left);
}

u64 task_time(const Task& task) { return task.worker ? task.worker->time_used() - task.worker_time_before : 0; }

u64 process_time(const Process& process) {
  u64 time = process.user_time;
  for (const Task* task : process.tasks) time += task_time(*task);
  return time;
}

ResourceUsage process_usage(const Process& process) {
  ResourceUsage usage = {};
  usage.user = time_value(process_time(process));
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
    if (who == kThread) usage.user = time_value(task_time(task));
    usage.maximum_resident = i64(task.memory().resident_pages() * 4);
  }
  TRY(write_guest(task.memory(), result, usage));
  return u64{0};
}

Result<u64> call_times(Task& task, GuestAddress result) {
  constexpr u64 kTick = kSecond / 100;
  if (result.raw) {
    const Process& process = task.process;
    u64 ticks[4] = {process_time(process) / kTick, process.system_time / kTick, process.children_user_time / kTick,
                    process.children_system_time / kTick};
    TRY(write_guest(task.memory(), result, ticks));
  }
  return now() / kTick;
}

}  // namespace pith::personality
