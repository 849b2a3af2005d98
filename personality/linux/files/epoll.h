// epoll: a set of files that one waits for together, by lists that know which of them may be ready.
#pragma once
#include <list>
#include <map>
#include <memory>

#include "personality/linux/files/file.h"
#include "personality/linux/process/wait_list.h"

namespace pith::personality {

class EpollFile;

struct EpollEvent {
  static constexpr u32 Exclusive = 1u << 28, OneShot = 1u << 30, EdgeTriggered = 1u << 31, WakeUp = 1u << 29;
  static constexpr u32 Modes = Exclusive | OneShot | EdgeTriggered | WakeUp;
};

/// struct epoll_event, which x86-64 packs.
struct [[gnu::packed]] EpollItem {
  u32 events;
  u64 data;
};
static_assert(sizeof(EpollItem) == 12);

/// One file of one epoll. It stays in the file's wait lists and becomes a candidate whenever one of them is woken.
class Watch {
 public:
  Watch(EpollFile& epoll, File& file, i32 descriptor) : epoll(epoll), file(file), descriptor(descriptor) {}
  ~Watch();
  void notice();

  EpollFile& epoll;
  File& file;
  const i32 descriptor;
  u32 events = 0;  ///< that are waited for, with EpollEvent's modes; without any bit but modes: switched off (one shot)
  u64 data = 0;
  bool is_candidate = false;
  std::list<Watch*>::iterator place;  ///< among the candidates
  std::unique_ptr<Poller> poller;
};

/// The file that epoll_create makes. Guarded by the environment's lock.
class EpollFile final : public File {
 public:
  static constexpr u32 kMostNested = 4;

  EpollFile();
  ~EpollFile() override;
  u32 poll(Task& task, Poller* poller) override;
  EpollFile* as_epoll() override { return this; }

  Result<void> add(Task& task, File& file, i32 descriptor, const EpollItem& item);
  Result<void> modify(Task& task, File& file, i32 descriptor, const EpollItem& item);
  Result<void> remove(File& file, i32 descriptor);
  /// Takes at most `most` ready ones.
  std::vector<EpollItem> take_ready(Task& task, u32 most);
  /// `file` is about to end.
  void forget(Watch& watch);
  void become_candidate(Watch& watch);
  /// Levels of epolls in epolls below this one; more than kMostNested, or itself: too many.
  u32 depth(const File& searched) const;

  WaitList changed;

 private:
  using Key = std::pair<File*, i32>;
  u32 ready_events(Task& task, const Watch& watch) const;
  void arm(Task& task, Watch& watch, const EpollItem& item);

  std::map<Key, std::unique_ptr<Watch>> watches_;
  std::list<Watch*> candidates_;
};

}  // namespace pith::personality
