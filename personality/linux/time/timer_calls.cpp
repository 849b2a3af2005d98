// Calls about timers that send signals: alarm, setitimer and the timer_ family.
#include <algorithm>

#include "personality/linux/calls/handlers.h"
#include "personality/linux/environment.h"
#include "personality/linux/time/clock.h"

namespace pith::personality {

namespace {

u64 nanoseconds_of(const TimeValue& value) { return duration_of(value.seconds, u64(value.microseconds) * kMicrosecond); }
TimeValue time_value(u64 nanoseconds) { return {i64(nanoseconds / kSecond), i64(nanoseconds % kSecond / kMicrosecond)}; }
bool is_duration(const TimeValue& value) { return value.seconds >= 0 && u64(value.microseconds) < 1'000'000; }

/// What getitimer tells: a timer that runs never has 0 left.
IntervalTimer value_of(const ProcessTimer& timer) {
  u64 left = timer.left();
  return {time_value(timer.interval), time_value(left && left < kMicrosecond ? kMicrosecond : left)};
}

void set_interval_timer(Process& process, u32 which, u64 value, u64 interval) {
  constexpr u32 kSignals[] = {Signal::Alarm, Signal::VirtualAlarm, Signal::Profile};
  ProcessTimer& timer = process.interval_timers[which];
  TimeScale scale;
  if (which) scale = {TimeScale::Kind::ProcessTime, process.pid};
  timer.information = {.signal = kSignals[which], .code = SignalInformation::kKernel};
  timer.set(scale, value ? scale.now().value_or(0) + value : 0, interval);
}

}  // namespace

Result<u64> call_alarm(Task& task, u32 seconds) {
  u64 left = task.process.interval_timers[0].left();
  set_interval_timer(task.process, 0, u64{seconds} * kSecond, 0);
  u64 rounded = (left + kSecond / 2) / kSecond;  // as Linux does, and never 0 of a timer that runs
  return left && !rounded ? u64{1} : rounded;
}

Result<u64> call_setitimer(Task& task, u32 which, GuestAddress value, GuestAddress old) {
  IntervalTimer fresh = {};
  if (value.raw) fresh = TRY(read_guest<IntervalTimer>(task.memory(), value));
  if (!is_duration(fresh.value) || !is_duration(fresh.interval)) return LinuxError::Invalid;
  if (which >= Process::kIntervalTimers) return LinuxError::Invalid;
  IntervalTimer before = value_of(task.process.interval_timers[which]);
  set_interval_timer(task.process, which, nanoseconds_of(fresh.value), nanoseconds_of(fresh.interval));
  if (old.raw) TRY(write_guest(task.memory(), old, before));
  return u64{0};
}

Result<u64> call_getitimer(Task& task, u32 which, GuestAddress result) {
  if (which >= Process::kIntervalTimers) return LinuxError::Invalid;
  TRY(write_guest(task.memory(), result, value_of(task.process.interval_timers[which])));
  return u64{0};
}

namespace {

/// struct sigevent, as far as it is looked at.
struct SignalEvent {
  static constexpr i32 kSignal = 0, kNone = 1, kThread = 2, kTask = 4;
  u64 value;
  i32 signal, notify, tid;
  i32 rest[11];
};
static_assert(sizeof(SignalEvent) == 64);

/// struct itimerspec.
struct TimerValue {
  TimeSpec interval, value;
};

TimeSpec time_spec(u64 nanoseconds) { return {i64(nanoseconds / kSecond), i64(nanoseconds % kSecond)}; }
bool is_duration(const TimeSpec& time) { return time.seconds >= 0 && u64(time.nanoseconds) < kSecond; }
u64 nanoseconds_of(const TimeSpec& time) { return duration_of(time.seconds, u64(time.nanoseconds)); }

/// Who hears of a timer; Invalid for what is no such wish.
Result<void> direct(const Task& task, ProcessTimer& timer, const SignalEvent& event) {
  if (event.notify == SignalEvent::kNone) {
    timer.target = ProcessTimer::Target::None;
    return {};
  }
  if (event.notify == (SignalEvent::kSignal | SignalEvent::kTask)) {
    Task* receiver = environment().processes.find_task(event.tid);
    if (!receiver || &receiver->process != &task.process) return LinuxError::Invalid;
    timer.target = ProcessTimer::Target::Task;
    timer.tid = event.tid;
  } else if (event.notify != SignalEvent::kSignal && event.notify != SignalEvent::kThread) {
    return LinuxError::Invalid;
  }
  if (event.signal < 1 || event.signal > i32(Signal::Last)) return LinuxError::Invalid;
  return {};
}

Result<ProcessTimer*> find_timer(Process& process, i32 number) {
  for (auto& timer : process.timers)
    if (timer->number == number) return timer.get();
  return LinuxError::Invalid;
}

TimerValue value_of_timer(const ProcessTimer& timer) { return {time_spec(timer.interval), time_spec(timer.left())}; }

}  // namespace

Result<u64> call_timer_create(Task& task, u32 clock, GuestAddress event_address, GuestAddress result) {
  Process& process = task.process;
  auto timer = std::make_unique<ProcessTimer>();
  SignalEvent event = {.value = 0, .signal = i32(Signal::Alarm), .notify = SignalEvent::kSignal, .tid = 0, .rest = {}};
  if (event_address.raw) event = TRY(read_guest<SignalEvent>(task.memory(), event_address));
  timer->clock = TRY(scale_of(task, clock));
  if (clock == Clock::MonotonicRaw || clock == Clock::RealtimeCoarse || clock == Clock::MonotonicCoarse) return LinuxError::NotSupported;
  if (process.timers.size() >= process.limits[Resource::PendingSignals].current || process.timers.size() >= Process::kMostTimers)
    return LinuxError::TryAgain;
  timer->number = process.next_timer++;
  TRY(direct(task, *timer, event));
  timer->information = {.signal = u32(event.signal), .code = SignalInformation::kTimer, .pid = timer->number};
  timer->information.address = event_address.raw ? event.value : u64(u32(timer->number));
  TRY(write_guest(task.memory(), result, timer->number));
  process.timers.push_back(std::move(timer));
  return u64{0};
}

Result<u64> call_timer_settime(Task& task, i32 number, u32 flags, GuestAddress value, GuestAddress old) {
  constexpr u32 kAbsolute = 1;
  if (!value.raw) return LinuxError::Invalid;
  TimerValue fresh = TRY(read_guest<TimerValue>(task.memory(), value));
  if (!is_duration(fresh.value) || !is_duration(fresh.interval)) return LinuxError::Invalid;
  ProcessTimer* timer = TRY(find_timer(task.process, number));
  TimerValue before = value_of_timer(*timer);
  u64 time = nanoseconds_of(fresh.value);
  TimeScale scale = timer->clock;
  // How long something takes does not depend on what the wall clock is set to meanwhile.
  if (!(flags & kAbsolute) && scale.kind == TimeScale::Kind::Wall) scale.kind = TimeScale::Kind::Boot;
  u64 deadline = time == 0 ? 0 : flags & kAbsolute ? time : scale.now().value_or(0) + time;
  timer->set(scale, deadline, nanoseconds_of(fresh.interval));
  if (old.raw) TRY(write_guest(task.memory(), old, before));
  return u64{0};
}

Result<u64> call_timer_gettime(Task& task, i32 number, GuestAddress value) {
  ProcessTimer* timer = TRY(find_timer(task.process, number));
  TRY(write_guest(task.memory(), value, value_of_timer(*timer)));
  return u64{0};
}

Result<u64> call_timer_getoverrun(Task& task, i32 number) { return u64{TRY(find_timer(task.process, number))->overrun}; }

Result<u64> call_timer_delete(Task& task, i32 number) {
  ProcessTimer* timer = TRY(find_timer(task.process, number));
  std::erase_if(task.process.timers, [&](const auto& other) { return other.get() == timer; });
  return u64{0};
}

}  // namespace pith::personality
