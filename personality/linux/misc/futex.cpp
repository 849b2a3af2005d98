// futex: tasks asleep on the place of a word in memory.
#include "personality/linux/misc/futex.h"

#include "personality/linux/calls/handlers.h"
#include "personality/linux/environment.h"
#include "personality/linux/time/clock.h"

namespace pith::personality {

namespace {

/// The place of a word: page and offset, the same for all who share the page.
struct FutexKey {
  u32 page = 0;
  u32 offset = 0;
  friend bool operator==(FutexKey, FutexKey) = default;
};

struct FutexWaiter {
  FutexKey key;
  Task* task;
  u32 bits;
  bool woken = false;
  FutexWaiter* next = nullptr;
};

FutexWaiter* waiters[64];  // chains by key, newest last

FutexWaiter*& chain(FutexKey key) { return waiters[(key.page ^ key.offset >> 2) % 64]; }

void append(FutexWaiter& waiter) {
  FutexWaiter** link = &chain(waiter.key);
  while (*link) link = &(*link)->next;
  waiter.next = nullptr;
  *link = &waiter;
}

void remove(FutexWaiter& waiter) {
  for (FutexWaiter** link = &chain(waiter.key); *link; link = &(*link)->next)
    if (*link == &waiter) {
      *link = waiter.next;
      return;
    }
}

/// A word is looked up as for writing: so a page that two processes share by chance (copy-on-write) is told apart first.
Result<FutexKey> key_of(AddressSpace& space, GuestAddress word) {
  if (word.raw % 4) return LinuxError::Invalid;
  Result<u8*> place = space.resolve(word.raw, Need::Write);
  if (!place) place = space.resolve(word.raw, Need::Read);
  if (!place) return LinuxError::BadPointer;
  u64 distance = u64(*place - environment().pages.data(kNoPage));
  return FutexKey{u32(distance >> kPageShift), u32(distance & (kPageSize - 1))};
}

u32 wake(FutexKey key, u32 most, u32 bits) {
  u32 count = 0;
  for (FutexWaiter** link = &chain(key); *link && count < most;) {
    FutexWaiter* waiter = *link;
    if (waiter->key != key || !(waiter->bits & bits)) {
      link = &waiter->next;
      continue;
    }
    *link = waiter->next;
    waiter->woken = true;
    waiter->task->wake();
    count++;
  }
  return count;
}

u32 requeue(FutexKey from, FutexKey to, u32 most) {
  u32 count = 0;
  for (FutexWaiter** link = &chain(from); *link && count < most;) {
    FutexWaiter* waiter = *link;
    if (waiter->key != from) {
      link = &waiter->next;
      continue;
    }
    *link = waiter->next;
    waiter->key = to;
    append(*waiter);
    count++;
  }
  return count;
}

Result<u64> wait(Task& task, GuestAddress word, u32 expected, u32 bits, u64 deadline, Error broken_off) {
  if (!bits) return LinuxError::Invalid;
  FutexKey key = TRY(key_of(task.memory(), word));
  if (TRY(read_guest<u32>(task.memory(), word)) != expected) return LinuxError::TryAgain;
  FutexWaiter waiter{key, &task, bits};
  append(waiter);
  Result<void> slept;
  while (!waiter.woken && slept) slept = task.sleep(deadline);
  if (waiter.woken) return u64{0};
  remove(waiter);
  return is_restart(slept.error()) ? broken_off : slept.error();
}

}  // namespace

u32 wake_futex(AddressSpace& space, GuestAddress word, u32 most) {
  Result<FutexKey> key = key_of(space, word);
  return key ? wake(*key, most, ~0u) : 0;
}

Result<u64> call_futex(Task& task, GuestAddress word, u32 operation, u32 value, GuestAddress timeout, GuestAddress second, u32 value3) {
  enum Operation : u32 { Wait = 0, Wake = 1, Requeue = 3, CompareRequeue = 4, WaitBits = 9, WakeBits = 10 };
  constexpr u32 kRealtime = 256, kCommand = 127;
  AddressSpace& space = task.memory();
  switch (operation & kCommand) {
    case Wait: {
      u64 deadline = std::exchange(task.restart_deadline, 0);
      if (!deadline && timeout.raw) deadline = now() + TRY(read_duration(task, timeout));
      Result<u64> answer = wait(task, word, value, ~0u, deadline, deadline ? LinuxError::RestartDeadline : LinuxError::Restart);
      if (!answer && answer.error() == LinuxError::RestartDeadline) task.restart_deadline = deadline;
      return answer;
    }
    case WaitBits: {
      u64 deadline = 0;
      if (timeout.raw)
        deadline = deadline_of(operation & kRealtime ? Clock::Realtime : Clock::Monotonic, TRY(read_duration(task, timeout)));
      return wait(task, word, value, value3, deadline, LinuxError::Restart);
    }
    case Wake:
      return u64(wake(TRY(key_of(space, word)), value, ~0u));
    case WakeBits:
      if (!value3) return LinuxError::Invalid;
      return u64(wake(TRY(key_of(space, word)), value, value3));
    case Requeue:
    case CompareRequeue: {
      if ((operation & kCommand) == CompareRequeue && TRY(read_guest<u32>(space, word)) != value3) return LinuxError::TryAgain;
      FutexKey from = TRY(key_of(space, word));
      FutexKey to = TRY(key_of(space, second));
      u32 woken = wake(from, value, ~0u);
      return u64(woken + requeue(from, to, u32(timeout.raw)));
    }
    default:
      return LinuxError::NotImplemented;
  }
}

}  // namespace pith::personality
