// poll and select: waiting for several files at once.
#include <vector>

#include "personality/linux/calls/handlers.h"
#include "personality/linux/environment.h"
#include "personality/linux/files/poll.h"
#include "personality/linux/time/clock.h"

namespace pith::personality {

namespace {

/// The deadline for a timeout, or the one that a broken-off call had.
u64 start_deadline(Task& task, u64 timeout) {
  u64 kept = std::exchange(task.restart_deadline, 0);
  if (kept) return kept;
  return timeout == kNoTimeout ? 0 : now() + timeout;
}

u32 poll_one(Task& task, const PollDescriptor& item, Poller* poller) {
  Result<File*> file = task.files->find(item.descriptor);
  if (!file) return PollEvent::Invalid;
  u32 wanted = u16(item.events) | PollEvent::Error | PollEvent::HangUp;
  return (*file)->poll(task, poller) & wanted;
}

/// Polls until something is ready; the number of items that are.
Result<u64> poll_items(Task& task, std::vector<PollDescriptor>& items, u64 timeout) {
  u64 deadline = start_deadline(task, timeout);
  bool expired = timeout == 0;
  for (;;) {
    Poller poller(task);
    u64 ready = 0;
    for (PollDescriptor& item : items) {
      item.returned = item.descriptor < 0 ? int16_t(0) : int16_t(poll_one(task, item, expired || ready ? nullptr : &poller));
      if (item.returned) ready++;
    }
    if (ready || expired) return ready;
    Result<void> slept = task.sleep(deadline);
    if (slept) continue;
    if (slept.error() != LinuxError::TimedOut) {
      task.restart_deadline = deadline;
      return deadline ? LinuxError::RestartDeadline : LinuxError::RestartNoHandler;
    }
    expired = true;
  }
}

Result<std::vector<PollDescriptor>> copy_items(Task& task, GuestAddress address, u64 count) {
  if (count > task.process.limits[Resource::Files].current) return LinuxError::Invalid;
  std::vector<PollDescriptor> items(count);
  TRY(copy_from_guest(task.memory(), items.data(), address, count * sizeof(PollDescriptor)));
  return items;
}

Result<u64> poll_and_tell(Task& task, GuestAddress address, u64 count, u64 timeout) {
  std::vector<PollDescriptor> items = TRY(copy_items(task, address, count));
  u64 ready = TRY(poll_items(task, items, timeout));
  TRY(copy_to_guest(task.memory(), address, items.data(), count * sizeof(PollDescriptor)));
  return ready;
}

struct Select {
  GuestAddress read, write, except;
};

Result<u64> select_files(Task& task, i32 count, const Select& sets, u64 timeout) {
  if (count < 0) return LinuxError::Invalid;
  u32 limit = u32(count) < task.files->size() ? u32(count) : task.files->size();
  u64 words = (u64(count) + 63) / 64;
  if (words > 64) words = 64;
  struct {
    GuestAddress address;
    u32 events;
    std::vector<u64> in, out;
  } kinds[3] = {{sets.read, PollEvent::In | PollEvent::HangUp | PollEvent::Error, {}, {}},
                {sets.write, PollEvent::Out | PollEvent::Error, {}, {}},
                {sets.except, PollEvent::Priority, {}, {}}};
  for (auto& kind : kinds) {
    kind.in.resize(words);
    kind.out.resize(words);
    if (kind.address.raw) TRY(copy_from_guest(task.memory(), kind.in.data(), kind.address, words * 8));
  }
  std::vector<PollDescriptor> items;
  for (u32 number = 0; number < u32(count) && number < words * 64; number++) {
    u32 events = 0;
    for (u32 kind = 0; kind < 3; kind++)
      if (kinds[kind].in[number / 64] >> (number % 64) & 1)
        events |= kind == 0 ? PollEvent::In : kind == 1 ? PollEvent::Out : PollEvent::Priority;
    if (!events) continue;
    if (number >= limit || !task.files->find(i32(number))) return LinuxError::BadDescriptor;
    items.push_back({i32(number), int16_t(events), 0});
  }
  TRY(poll_items(task, items, timeout));
  u64 total = 0;
  for (const PollDescriptor& item : items)
    for (u32 kind = 0; kind < 3; kind++) {
      u64 bit = u64{1} << (item.descriptor % 64);
      u32 word = u32(item.descriptor) / 64;
      if (!(kinds[kind].in[word] & bit) || !(u16(item.returned) & kinds[kind].events)) continue;
      kinds[kind].out[word] |= bit;
      total++;
    }
  for (auto& kind : kinds)
    if (kind.address.raw) TRY(copy_to_guest(task.memory(), kind.address, kind.out.data(), words * 8));
  return total;
}

}  // namespace

void exchange_mask(Task& task, SignalSet mask) {
  task.saved_blocked = task.blocked;
  task.has_saved_blocked = true;
  task.blocked = mask & ~kUnblockable;
  task.attention.store(1, std::memory_order_relaxed);  // relaxed: read by this thread itself
}

Result<u64> call_poll(Task& task, GuestAddress address, u64 count, i32 milliseconds) {
  return poll_and_tell(task, address, count, milliseconds < 0 ? kNoTimeout : u64(milliseconds) * kMillisecond);
}

Result<u64> call_ppoll(Task& task, GuestAddress address, u64 count, GuestAddress timeout, GuestAddress mask, u64 mask_size) {
  u64 nanoseconds = timeout.raw ? TRY(read_duration(task, timeout)) : kNoTimeout;
  if (mask.raw) {
    if (mask_size != 8) return LinuxError::Invalid;
    exchange_mask(task, SignalSet(TRY(read_guest<u64>(task.memory(), mask))));
  }
  return poll_and_tell(task, address, count, nanoseconds);
}

Result<u64> call_select(Task& task, i32 count, GuestAddress read, GuestAddress write, GuestAddress except, GuestAddress timeout) {
  u64 nanoseconds = kNoTimeout;
  if (timeout.raw) {
    TimeValue value = TRY(read_guest<TimeValue>(task.memory(), timeout));
    if (value.seconds < 0 || value.microseconds < 0 || value.microseconds >= i64{1} << 32) return LinuxError::Invalid;
    nanoseconds = duration_of(value.seconds, u64(value.microseconds) * kMicrosecond);
  }
  u64 begin = now();
  u64 ready = TRY(select_files(task, count, {read, write, except}, nanoseconds));
  if (timeout.raw) {
    u64 used = now() - begin;
    u64 left = used < nanoseconds ? nanoseconds - used : 0;
    TRY(write_guest(task.memory(), timeout, TimeValue{i64(left / kSecond), i64(left % kSecond / kMicrosecond)}));
  }
  return ready;
}

Result<u64> call_pselect6(Task& task, i32 count, GuestAddress read, GuestAddress write, GuestAddress except, GuestAddress timeout,
                          GuestAddress mask) {
  u64 nanoseconds = timeout.raw ? TRY(read_duration(task, timeout)) : kNoTimeout;
  if (mask.raw) {
    struct Pair {
      u64 set, size;
    };
    Pair pair = TRY(read_guest<Pair>(task.memory(), mask));
    if (pair.set) {
      if (pair.size != 8) return LinuxError::Invalid;
      exchange_mask(task, SignalSet(TRY(read_guest<u64>(task.memory(), GuestAddress(pair.set)))));
    }
  }
  return select_files(task, count, {read, write, except}, nanoseconds);
}

}  // namespace pith::personality
