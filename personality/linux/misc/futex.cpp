// futex: tasks asleep on the place of a word in memory.
#include "personality/linux/misc/futex.h"

#include "personality/linux/calls/handlers.h"
#include "personality/linux/environment.h"
#include "personality/linux/time/clock.h"

namespace pith::personality {

namespace {

struct Operation {
  enum : u32 {
    Wait = 0,
    Wake = 1,
    Requeue = 3,
    CompareRequeue = 4,
    WakeAndChange = 5,
    Lock = 6,
    Unlock = 7,
    TryLock = 8,
    WaitBits = 9,
    WakeBits = 10
  };
  enum : u32 { LockOnClock = 13, Command = 127, Private = 128, Realtime = 256 };
};

/// Bits of a word that is a lock with an owner.
struct LockWord {
  static constexpr u32 kWaiters = 0x8000'0000, kOwnerDied = 0x4000'0000, kOwner = 0x3fff'ffff;
};

/// The place of a word: where it is shared the file's, else the address in its memory. The same for all who share it, and through fork.
struct FutexKey {
  const void* object = nullptr;
  u64 place = 0;
  friend bool operator==(const FutexKey&, const FutexKey&) = default;
};

struct FutexWaiter {
  FutexKey key;
  Task* task;
  u32 bits;
  bool woken = false;
  FutexWaiter* next = nullptr;
};

FutexWaiter* waiters[64];  // chains by key; real-time tasks by priority, then the others in order of arrival

FutexWaiter*& chain(const FutexKey& key) { return waiters[(reinterpret_cast<u64>(key.object) >> 6 ^ key.place >> 2) % 64]; }

void enter(FutexWaiter& waiter) {
  FutexWaiter** link = &chain(waiter.key);
  while (*link && (*link)->task->scheduling.priority >= waiter.task->scheduling.priority) link = &(*link)->next;
  waiter.next = *link;
  *link = &waiter;
}

void remove(FutexWaiter& waiter) {
  for (FutexWaiter** link = &chain(waiter.key); *link; link = &(*link)->next)
    if (*link == &waiter) {
      *link = waiter.next;
      return;
    }
}

Result<FutexKey> key_of(AddressSpace& space, GuestAddress word, u32 operation) {
  if (word.raw % 4) return LinuxError::Invalid;
  if (word.raw >= AreaMap::kHighest) return LinuxError::BadPointer;
  FutexKey key{&space, word.raw};
  if (operation & Operation::Private) return key;
  const Area* area = space.areas().find(word.raw);
  if (!area) return LinuxError::BadPointer;
  if (area->sharing == Sharing::Shared && area->backing) return FutexKey{area->backing.get(), area->offset + (word.raw - area->start)};
  return key;
}

/// The word itself, to be changed while its program runs. May let the lock go before it answers.
Result<u32*> word_at(AddressSpace& space, GuestAddress word) {
  Result<u8*> place = space.resolve(word.raw, Need::Write);
  if (!place) return LinuxError::BadPointer;
  return reinterpret_cast<u32*>(*place);
}

// acquire and release: the programs' own order of what a lock protects.
bool exchange_if(u32* word, u32& expected, u32 fresh) {
  return __atomic_compare_exchange_n(word, &expected, fresh, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

u32 wake(const FutexKey& key, u32 most, u32 bits) {
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

u32 requeue(const FutexKey& from, const FutexKey& to, u32 most) {
  if (from == to) return 0;
  u32 count = 0;
  for (FutexWaiter** link = &chain(from); *link && count < most;) {
    FutexWaiter* waiter = *link;
    if (waiter->key != from) {
      link = &waiter->next;
      continue;
    }
    *link = waiter->next;
    waiter->key = to;
    enter(*waiter);
    count++;
  }
  return count;
}

FutexWaiter* first_waiter(const FutexKey& key, const FutexWaiter* except = nullptr) {
  for (FutexWaiter* waiter = chain(key); waiter; waiter = waiter->next)
    if (waiter->key == key && waiter != except) return waiter;
  return nullptr;
}

/// Sleeps until the waiter is woken, until `deadline` on `scale` (0: no end), or until a signal comes. The waiter is in its chain.
Result<void> sleep(FutexWaiter& waiter, TimeScale scale, u64 deadline) {
  Result<void> slept;
  while (!waiter.woken && slept) {
    if (!deadline) {
      slept = waiter.task->sleep();
      continue;
    }
    u64 time = TRY(scale.now());
    if (time >= deadline) {
      slept = LinuxError::TimedOut;
      break;
    }
    u64 wake_at = now() + (deadline - time);
    slept = scale.kind == TimeScale::Kind::Wall ? waiter.task->wait_on(environment().wall_clock_set, wake_at) : waiter.task->sleep(wake_at);
    if (!slept && slept.error() == LinuxError::TimedOut) slept = {};
  }
  if (waiter.woken) return {};
  remove(waiter);
  return slept;
}

Result<u64> wait(Task& task, GuestAddress word, u32 operation, u32 expected, u32 bits, u64 deadline, Error broken_off) {
  if (!bits) return LinuxError::Invalid;
  FutexKey key = TRY(key_of(task.memory(), word, operation));
  if (TRY(read_guest<u32>(task.memory(), word)) != expected) return LinuxError::TryAgain;
  FutexWaiter waiter{key, &task, bits};
  enter(waiter);
  TimeScale scale;
  if (operation & Operation::Realtime) scale.kind = TimeScale::Kind::Wall;
  Result<void> slept = sleep(waiter, scale, deadline);
  if (slept) return u64{0};
  return is_restart(slept.error()) ? broken_off : slept.error();
}

/// The operation on the second word, and the comparison with what it was before, that `code` describes. May let the lock go.
Result<bool> change_and_compare(AddressSpace& space, GuestAddress second, u32 code) {
  u32 what = code >> 28 & 7, comparison = code >> 24 & 15;
  u32 argument = u32(i32(code << 8) >> 20);
  i32 against = i32(code << 20) >> 20;
  if (code >> 31) argument = 1u << (argument & 31);
  u32* word = TRY(word_at(space, second));
  u32 before = __atomic_load_n(word, __ATOMIC_ACQUIRE), fresh = 0;
  do {
    switch (what) {
      case 0:
        fresh = argument;
        break;
      case 1:
        fresh = before + argument;
        break;
      case 2:
        fresh = before | argument;
        break;
      case 3:
        fresh = before & ~argument;
        break;
      case 4:
        fresh = before ^ argument;
        break;
      default:
        return LinuxError::NotImplemented;
    }
  } while (!exchange_if(word, before, fresh));
  i32 old = i32(before);
  switch (comparison) {
    case 0:
      return old == against;
    case 1:
      return old != against;
    case 2:
      return old < against;
    case 3:
      return old <= against;
    case 4:
      return old > against;
    case 5:
      return old >= against;
    default:
      return LinuxError::NotImplemented;
  }
}

/// Takes a lock whose word names its owner: at once, or when the owner gives it on. `deadline` 0: no end.
Result<u64> lock(Task& task, GuestAddress address, u32 operation, u64 deadline) {
  FutexKey key = TRY(key_of(task.memory(), address, operation));
  u32* word = TRY(word_at(task.memory(), address));
  u32 self = u32(task.tid);
  u32 before = __atomic_load_n(word, __ATOMIC_ACQUIRE);
  for (;;) {
    u32 owner = before & LockWord::kOwner;
    if (owner == self) return LinuxError::DeadLock;
    FutexWaiter* others = first_waiter(key);
    if (!owner && !others) {
      if (exchange_if(word, before, self | (before & LockWord::kOwnerDied))) return u64{0};
      continue;
    }
    if ((operation & Operation::Command) == Operation::TryLock) return LinuxError::TryAgain;
    if (owner && !environment().processes.find_task(i32(owner))) return LinuxError::NoProcess;
    if (before & LockWord::kWaiters || exchange_if(word, before, before | LockWord::kWaiters)) break;
  }
  FutexWaiter waiter{key, &task, ~0u};
  enter(waiter);
  TimeScale scale;
  if (operation & Operation::Realtime || (operation & Operation::Command) == Operation::Lock) scale.kind = TimeScale::Kind::Wall;
  Result<void> slept = sleep(waiter, scale, deadline);
  if (slept) return u64{0};  // whoever unlocked has written this task into the word
  return is_restart(slept.error()) ? LinuxError::Restart : slept.error();
}

/// Gives the lock to the first that waits for it. `left`: what the word says beside that.
void give_on(const FutexKey& key, u32* word, u32 before, u32 left) {
  FutexWaiter* heir = first_waiter(key);
  u32 fresh = left;
  if (heir) fresh |= u32(heir->task->tid) | (first_waiter(key, heir) ? LockWord::kWaiters : 0);
  while (!exchange_if(word, before, fresh)) {
  }
  if (!heir) return;
  remove(*heir);
  heir->woken = true;
  heir->task->wake();
}

Result<u64> unlock(Task& task, GuestAddress address, u32 operation) {
  FutexKey key = TRY(key_of(task.memory(), address, operation));
  u32* word = TRY(word_at(task.memory(), address));
  u32 before = __atomic_load_n(word, __ATOMIC_ACQUIRE);
  if ((before & LockWord::kOwner) != u32(task.tid)) return LinuxError::NotPermitted;
  give_on(key, word, before, 0);
  return u64{0};
}

/// One entry of a robust list: `tagged` is its address, bit 0 says that its word is a lock of Operation::Lock.
void release_robust(Task& task, u64 tagged, u64 offset) {
  GuestAddress address((tagged & ~u64{1}) + offset);
  Result<u32*> word = word_at(task.memory(), address);
  Result<FutexKey> key = key_of(task.memory(), address, 0);
  if (!word || !key) return;
  u32 before = __atomic_load_n(*word, __ATOMIC_ACQUIRE);
  if ((before & LockWord::kOwner) != u32(task.tid)) return;
  if (tagged & 1) return give_on(*key, *word, before, LockWord::kOwnerDied);
  while (!exchange_if(*word, before, (before & LockWord::kWaiters) | LockWord::kOwnerDied)) {
  }
  if (before & LockWord::kWaiters) wake(*key, 1, ~0u);
}

}  // namespace

u32 wake_futex(AddressSpace& space, GuestAddress word, u32 most) {
  Result<FutexKey> key = key_of(space, word, 0);
  return key ? wake(*key, most, ~0u) : 0;
}

void release_robust_list(Task& task) {
  constexpr u32 kMostEntries = 2048;
  struct Head {
    u64 next, offset, pending;
  };
  GuestAddress place(std::exchange(task.robust_list, 0));
  if (!place.raw) return;
  Result<Head> head = read_guest<Head>(task.memory(), place);
  if (!head) return;
  u64 entry = head->next;
  for (u32 count = 0; count < kMostEntries && (entry & ~u64{1}) != place.raw; count++) {
    // The next one first: whoever gets the lock may reuse this one.
    Result<u64> next = read_guest<u64>(task.memory(), GuestAddress(entry & ~u64{1}));
    if (entry != head->pending) release_robust(task, entry, head->offset);
    if (!next) break;
    entry = *next;
  }
  if (head->pending & ~u64{1}) release_robust(task, head->pending, head->offset);
}

Result<u64> call_futex(Task& task, GuestAddress word, u32 operation, u32 value, GuestAddress timeout, GuestAddress second, u32 value3) {
  AddressSpace& space = task.memory();
  u32 command = operation & Operation::Command;
  bool has_clock = command == Operation::WaitBits || command == Operation::LockOnClock;
  if (operation & Operation::Realtime && !has_clock && command != Operation::Wait) return LinuxError::NotImplemented;
  switch (command) {
    case Operation::Wait: {
      u64 deadline = std::exchange(task.restart_deadline, 0);
      u32 kept = operation & ~Operation::Realtime;  // a duration
      if (!deadline && timeout.raw) deadline = now() + TRY(read_duration(task, timeout));
      Result<u64> answer = wait(task, word, kept, value, ~0u, deadline, deadline ? LinuxError::RestartDeadline : LinuxError::Restart);
      if (!answer && answer.error() == LinuxError::RestartDeadline) task.restart_deadline = deadline;
      return answer;
    }
    case Operation::WaitBits: {
      u64 deadline = timeout.raw ? TRY(read_duration(task, timeout)) : 0;
      if (timeout.raw && !deadline) deadline = 1;
      return wait(task, word, operation, value, value3, deadline, LinuxError::Restart);
    }
    case Operation::Wake:
      return u64(wake(TRY(key_of(space, word, operation)), value ? value : 1, ~0u));
    case Operation::WakeBits:
      if (!value3) return LinuxError::Invalid;
      return u64(wake(TRY(key_of(space, word, operation)), value ? value : 1, value3));
    case Operation::Requeue:
    case Operation::CompareRequeue: {
      if (i32(value) < 0 || i32(timeout.raw) < 0) return LinuxError::Invalid;
      FutexKey from = TRY(key_of(space, word, operation));
      FutexKey to = TRY(key_of(space, second, operation));
      if (command == Operation::CompareRequeue && TRY(read_guest<u32>(space, word)) != value3) return LinuxError::TryAgain;
      u32 woken = wake(from, value, ~0u);
      return u64(woken + requeue(from, to, u32(timeout.raw)));
    }
    case Operation::WakeAndChange: {
      FutexKey first = TRY(key_of(space, word, operation));
      FutexKey other = TRY(key_of(space, second, operation));
      bool also = TRY(change_and_compare(space, second, value3));
      u32 woken = wake(first, value ? value : 1, ~0u);
      if (also) woken += wake(other, timeout.raw ? u32(timeout.raw) : 1, ~0u);
      return u64{woken};
    }
    case Operation::Lock:
    case Operation::LockOnClock:
    case Operation::TryLock: {
      u64 deadline = timeout.raw && command != Operation::TryLock ? TRY(read_duration(task, timeout)) : 0;
      if (timeout.raw && !deadline) deadline = 1;
      return lock(task, word, operation, deadline);
    }
    case Operation::Unlock:
      return unlock(task, word, operation);
    default:
      return LinuxError::NotImplemented;
  }
}

Result<u64> call_set_robust_list(Task& task, GuestAddress head, u64 size) {
  constexpr u64 kHeadSize = 24;
  if (size != kHeadSize) return LinuxError::Invalid;
  task.robust_list = head.raw;
  return u64{0};
}

Result<u64> call_get_robust_list(Task& task, i32 pid, GuestAddress head, GuestAddress size) {
  Task* other = pid ? environment().processes.find_task(pid) : &task;
  if (!other) return LinuxError::NoProcess;
  const Credentials& who = task.process.credentials;
  if (&other->process != &task.process && !who.is_root() && who.uid != other->process.credentials.uid) return LinuxError::NotPermitted;
  TRY(write_guest(task.memory(), size, u64{24}));
  TRY(write_guest(task.memory(), head, other->robust_list));
  return u64{0};
}

}  // namespace pith::personality
