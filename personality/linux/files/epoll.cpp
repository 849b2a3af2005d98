// Candidates, readiness, edges and levels of epoll; its calls.
#include "personality/linux/files/epoll.h"

#include "personality/linux/calls/handlers.h"
#include "personality/linux/environment.h"
#include "personality/linux/files/anonymous.h"
#include "personality/linux/files/locks.h"
#include "personality/linux/files/poll.h"
#include "personality/linux/time/clock.h"

namespace pith::personality {

File::~File() {
  while (!watchers.empty()) {
    Watch* watch = watchers.back();
    watch->epoll.forget(*watch);
  }
  if (inode && inode->locks) inode->locks->release_all(this);
}

Watch::~Watch() { std::erase(file.watchers, this); }

void Watch::notice() { epoll.become_candidate(*this); }

EpollFile::EpollFile() : File(make_anonymous_inode()) {}

EpollFile::~EpollFile() { watches_.clear(); }

void EpollFile::become_candidate(Watch& watch) {
  if (!(watch.events & ~EpollEvent::Modes)) return;
  if (!watch.is_candidate) {
    watch.place = candidates_.insert(candidates_.end(), &watch);
    watch.is_candidate = true;
  }
  changed.wake_all();
}

void EpollFile::forget(Watch& watch) {
  if (watch.is_candidate) candidates_.erase(watch.place);
  watches_.erase({&watch.file, watch.descriptor});
}

u32 EpollFile::ready_events(Task& task, const Watch& watch) const {
  u32 wanted = watch.events & ~EpollEvent::Modes;
  if (!wanted) return 0;
  return watch.file.poll(task, nullptr) & (wanted | PollEvent::Error | PollEvent::HangUp);
}

void EpollFile::arm(Task& task, Watch& watch, const EpollItem& item) {
  watch.events = item.events;
  watch.data = item.data;
  if (!watch.poller) {
    watch.poller = std::make_unique<Poller>(watch);
    watch.file.poll(task, watch.poller.get());
  }
  if (ready_events(task, watch)) become_candidate(watch);
}

Result<void> EpollFile::add(Task& task, File& file, i32 descriptor, const EpollItem& item) {
  if (watches_.contains({&file, descriptor})) return LinuxError::Exists;
  auto watch = std::make_unique<Watch>(*this, file, descriptor);
  Watch& added = *watch;
  watches_.emplace(Key{&file, descriptor}, std::move(watch));
  file.watchers.push_back(&added);
  arm(task, added, item);
  return {};
}

Result<void> EpollFile::modify(Task& task, File& file, i32 descriptor, const EpollItem& item) {
  auto it = watches_.find({&file, descriptor});
  if (it == watches_.end()) return LinuxError::NoEntry;
  if ((it->second->events | item.events) & EpollEvent::Exclusive) return LinuxError::Invalid;
  arm(task, *it->second, item);
  return {};
}

Result<void> EpollFile::remove(File& file, i32 descriptor) {
  auto it = watches_.find({&file, descriptor});
  if (it == watches_.end()) return LinuxError::NoEntry;
  forget(*it->second);
  return {};
}

std::vector<EpollItem> EpollFile::take_ready(Task& task, u32 most) {
  std::vector<EpollItem> ready;
  std::vector<Watch*> again;  // level-triggered ones stay candidates, behind all others
  while (!candidates_.empty() && ready.size() < most) {
    Watch& watch = *candidates_.front();
    candidates_.pop_front();
    watch.is_candidate = false;
    u32 events = ready_events(task, watch);
    if (!events) continue;
    ready.push_back({events, watch.data});
    if (watch.events & EpollEvent::OneShot)
      watch.events &= EpollEvent::Modes;
    else if (!(watch.events & EpollEvent::EdgeTriggered))
      again.push_back(&watch);
  }
  for (Watch* watch : again) {
    if (watch->is_candidate) continue;
    watch->place = candidates_.insert(candidates_.end(), watch);
    watch->is_candidate = true;
  }
  return ready;
}

u32 EpollFile::poll(Task& task, Poller* poller) {
  if (poller) poller->wait_on(changed);
  for (Watch* watch : candidates_)
    if (ready_events(task, *watch)) return PollEvent::In | PollEvent::ReadNormal;
  return 0;
}

u32 EpollFile::depth(const File& searched) const {
  if (this == &searched) return kMostNested + 1;
  u32 deepest = 0;
  for (const auto& [key, watch] : watches_) {
    auto* inner = watch->file.as_epoll();
    u32 below = inner ? 1 + inner->depth(searched) : 0;
    if (below > deepest) deepest = below;
  }
  return deepest;
}

EpollFile* File::as_epoll() { return nullptr; }

namespace {

/// An epoll of a descriptor. Invalid: it is another file.
Result<Reference<EpollFile>> find_epoll(Task& task, i32 descriptor) {
  File* file = TRY(task.files->find(descriptor));
  EpollFile* epoll = file->as_epoll();
  if (!epoll) return LinuxError::Invalid;
  return Reference<EpollFile>(epoll);
}

/// Files that never have one wait cannot be watched.
bool can_be_watched(const File& file) { return !file.inode->is_regular() && !file.inode->is_directory(); }

Result<u64> wait_for_events(Task& task, i32 descriptor, GuestAddress buffer, i32 most, u64 timeout) {
  constexpr i32 kMost = 0x7fffffff / i32(sizeof(EpollItem));
  if (most <= 0 || most > kMost) return LinuxError::Invalid;
  Reference<EpollFile> epoll = TRY(find_epoll(task, descriptor));
  u64 kept = std::exchange(task.restart_deadline, 0);
  u64 deadline = kept ? kept : timeout == kNoTimeout ? 0 : now() + timeout;
  bool expired = timeout == 0;
  for (;;) {
    std::vector<EpollItem> ready = epoll->take_ready(task, u32(most));
    if (!ready.empty()) {
      TRY(copy_to_guest(task.memory(), buffer, ready.data(), ready.size() * sizeof(EpollItem)));
      return ready.size();
    }
    if (expired) return u64{0};
    Result<void> waited = task.wait_on(epoll->changed, deadline);
    if (waited) continue;
    if (waited.error() != LinuxError::TimedOut) return LinuxError::Interrupted;
    expired = true;
  }
}

Result<void> take_mask(Task& task, GuestAddress mask, u64 size) {
  if (!mask.raw) return {};
  if (size != 8) return LinuxError::Invalid;
  exchange_mask(task, SignalSet(TRY(read_guest<u64>(task.memory(), mask))));
  return {};
}

u64 timeout_of(i32 milliseconds) { return milliseconds < 0 ? kNoTimeout : u64(milliseconds) * kMillisecond; }

}  // namespace

Result<u64> call_epoll_create1(Task& task, u32 flags) {
  if (flags & ~OpenFlag::CloseOnExec) return LinuxError::Invalid;
  Reference<File> file(new EpollFile);
  file->flags = OpenFlag::ReadWrite;
  OnExec on_exec = flags ? OnExec::Close : OnExec::Keep;
  return u64(TRY(task.files->add(file, on_exec, task.process.limits[Resource::Files].current)));
}

Result<u64> call_epoll_create(Task& task, i32 size) {
  if (size <= 0) return LinuxError::Invalid;
  return call_epoll_create1(task, 0);
}

Result<u64> call_epoll_ctl(Task& task, i32 descriptor, u32 operation, i32 target, GuestAddress event) {
  constexpr u32 kAdd = 1, kRemove = 2, kModify = 3;
  EpollItem item = {};
  if (operation != kRemove) item = TRY(read_guest<EpollItem>(task.memory(), event));
  Reference<File> outer(TRY(task.files->find(descriptor)));
  Reference<File> file(TRY(task.files->find(target)));
  if (!can_be_watched(*file)) return LinuxError::NotPermitted;
  Reference<EpollFile> epoll = TRY(find_epoll(task, descriptor));
  if (file.get() == epoll.get()) return LinuxError::Invalid;
  switch (operation) {
    case kAdd: {
      EpollFile* inner = file->as_epoll();
      if (item.events & EpollEvent::Exclusive && inner) return LinuxError::Invalid;
      if (inner && inner->depth(*epoll) >= EpollFile::kMostNested) return LinuxError::Loop;
      TRY(epoll->add(task, *file, target, item));
      return u64{0};
    }
    case kModify:
      TRY(epoll->modify(task, *file, target, item));
      return u64{0};
    case kRemove:
      TRY(epoll->remove(*file, target));
      return u64{0};
    default:
      return LinuxError::Invalid;
  }
}

Result<u64> call_epoll_wait(Task& task, i32 descriptor, GuestAddress events, i32 most, i32 milliseconds) {
  return wait_for_events(task, descriptor, events, most, timeout_of(milliseconds));
}

Result<u64> call_epoll_pwait(Task& task, i32 descriptor, GuestAddress events, i32 most, i32 milliseconds, GuestAddress mask, u64 size) {
  TRY(take_mask(task, mask, size));
  return wait_for_events(task, descriptor, events, most, timeout_of(milliseconds));
}

Result<u64> call_epoll_pwait2(Task& task, i32 descriptor, GuestAddress events, i32 most, GuestAddress timeout, GuestAddress mask,
                              u64 size) {
  u64 nanoseconds = timeout.raw ? TRY(read_duration(task, timeout)) : kNoTimeout;
  TRY(take_mask(task, mask, size));
  return wait_for_events(task, descriptor, events, most, nanoseconds);
}

}  // namespace pith::personality
