// eventfd and timerfd.
#include "personality/linux/files/anonymous.h"

#include "personality/linux/calls/handlers.h"
#include "personality/linux/environment.h"
#include "personality/linux/time/clock.h"

namespace pith::personality {

namespace {

class AnonymousInode final : public Inode {
 public:
  AnonymousInode() : Inode(kPipefs, 0600) { links = 1; }
  Result<Reference<File>> open(Task&, u32) override { return LinuxError::NoDevice; }
};

/// A counter: reading takes it (or one), writing adds.
class EventFile final : public File {
 public:
  static constexpr u64 kMost = ~u64{0} - 1;
  static constexpr u32 kSemaphore = 1;
  EventFile(u64 count, u32 flags) : File(make_anonymous_inode()), count_(count), flags_(flags) {}

  Result<u64> read(Task& task, Transfer& to, u64) override {
    if (to.left() < sizeof(u64)) return LinuxError::Invalid;
    while (!count_) {
      if (is_nonblocking()) return LinuxError::TryAgain;
      TRY(task.wait_on(changed_));
    }
    u64 taken = flags_ & kSemaphore ? 1 : count_;
    TRY(to.put(&taken, sizeof taken));
    count_ -= taken;
    changed_.wake_all();
    return sizeof taken;
  }
  Result<u64> write(Task& task, Transfer& from, u64) override {
    if (from.left() < sizeof(u64)) return LinuxError::Invalid;
    u64 added = 0;
    if (TRY(from.take(&added, sizeof added)) < sizeof added) return LinuxError::BadPointer;
    if (added > kMost) return LinuxError::Invalid;
    while (added > kMost - count_) {
      if (is_nonblocking()) return LinuxError::TryAgain;
      TRY(task.wait_on(changed_));
    }
    count_ += added;
    changed_.wake_all();
    return sizeof added;
  }
  u32 poll(Task&, Poller* poller) override {
    if (poller) poller->wait_on(changed_);
    return (count_ ? PollEvent::In | PollEvent::ReadNormal : 0) | (count_ < kMost ? PollEvent::Out | PollEvent::WriteNormal : 0);
  }

 private:
  u64 count_;
  u32 flags_;
  WaitList changed_;
};

Result<u64> add_file(Task& task, Reference<File> file, u32 flags) {
  file->flags = OpenFlag::ReadWrite | (flags & OpenFlag::NonBlocking);
  OnExec on_exec = flags & OpenFlag::CloseOnExec ? OnExec::Close : OnExec::Keep;
  return u64(TRY(task.files->add(std::move(file), on_exec, task.process.limits[Resource::Files].current)));
}

/// struct itimerspec.
struct TimerValue {
  TimeSpec interval, value;
};

TimeSpec time_spec(u64 nanoseconds) { return {i64(nanoseconds / kSecond), i64(nanoseconds % kSecond)}; }
bool is_duration(const TimeSpec& time) { return time.seconds >= 0 && u64(time.nanoseconds) < kSecond; }

TimerValue value_of(const TimerFile& timer) {
  u64 time = now();
  u64 left = timer.deadline > time ? timer.deadline - time : timer.deadline ? 1 : 0;
  return {time_spec(timer.interval), time_spec(left)};
}

Result<Reference<TimerFile>> find_timer(Task& task, i32 descriptor) {
  File* file = TRY(task.files->find(descriptor));
  for (TimerFile* timer : TimerFile::all())
    if (timer == file) return Reference<TimerFile>(timer);
  return LinuxError::Invalid;
}

}  // namespace

Reference<Inode> make_anonymous_inode() { return Reference<Inode>(new AnonymousInode); }

std::vector<TimerFile*>& TimerFile::all() {
  [[clang::no_destroy]] static std::vector<TimerFile*> timers;
  return timers;
}

TimerFile::TimerFile(u32 clock) : File(make_anonymous_inode()), clock(clock) { all().push_back(this); }
TimerFile::~TimerFile() { std::erase(all(), this); }

void TimerFile::set(u64 new_deadline, u64 new_interval) {
  deadline = new_deadline;
  interval = new_interval;
  expirations_ = 0;
  environment().timer_wakeup.wake_all();
}

u64 TimerFile::look(u64 time) {
  if (!deadline || deadline > time) return deadline;
  u64 count = interval ? 1 + (time - deadline) / interval : 1;
  expirations_ += count;
  deadline = interval ? deadline + count * interval : 0;
  changed_.wake_all();
  return deadline;
}

Result<u64> TimerFile::read(Task& task, Transfer& to, u64) {
  if (to.left() < sizeof(u64)) return LinuxError::Invalid;
  for (;;) {
    look(now());
    if (expirations_) break;
    if (is_nonblocking()) return LinuxError::TryAgain;
    TRY(task.wait_on(changed_));
  }
  TRY(to.put(&expirations_, sizeof expirations_));
  expirations_ = 0;
  return sizeof expirations_;
}

u32 TimerFile::poll(Task&, Poller* poller) {
  if (poller) poller->wait_on(changed_);
  look(now());
  return expirations_ ? PollEvent::In | PollEvent::ReadNormal : 0;
}

Result<u64> call_eventfd2(Task& task, u32 count, u32 flags) {
  if (flags & ~(EventFile::kSemaphore | OpenFlag::CloseOnExec | OpenFlag::NonBlocking)) return LinuxError::Invalid;
  return add_file(task, Reference<File>(new EventFile(count, flags)), flags);
}

Result<u64> call_eventfd(Task& task, u32 count) { return call_eventfd2(task, count, 0); }

Result<u64> call_timerfd_create(Task& task, u32 clock, u32 flags) {
  if (flags & ~(OpenFlag::CloseOnExec | OpenFlag::NonBlocking)) return LinuxError::Invalid;
  if (clock != Clock::Realtime && clock != Clock::Monotonic && clock != Clock::Boot) return LinuxError::Invalid;
  return add_file(task, Reference<File>(new TimerFile(clock)), flags);
}

Result<u64> call_timerfd_settime(Task& task, i32 descriptor, u32 flags, GuestAddress value, GuestAddress old) {
  constexpr u32 kAbsolute = 1, kCancelOnSet = 2;
  if (flags & ~(kAbsolute | kCancelOnSet)) return LinuxError::Invalid;
  TimerValue fresh = TRY(read_guest<TimerValue>(task.memory(), value));
  if (!is_duration(fresh.value) || !is_duration(fresh.interval)) return LinuxError::Invalid;
  Reference<TimerFile> timer = TRY(find_timer(task, descriptor));
  TimerValue before = value_of(*timer);
  u64 time = duration_of(fresh.value.seconds, u64(fresh.value.nanoseconds));
  u64 deadline = 0;
  if (time) deadline = flags & kAbsolute ? deadline_of(timer->clock, time) : now() + time;
  if (time && !deadline) deadline = 1;
  timer->set(deadline, duration_of(fresh.interval.seconds, u64(fresh.interval.nanoseconds)));
  if (old.raw) TRY(write_guest(task.memory(), old, before));
  return u64{0};
}

Result<u64> call_timerfd_gettime(Task& task, i32 descriptor, GuestAddress value) {
  Reference<TimerFile> timer = TRY(find_timer(task, descriptor));
  TRY(write_guest(task.memory(), value, value_of(*timer)));
  return u64{0};
}

}  // namespace pith::personality
