// Lists of tasks that wait for something to change; the base of every blocking call.
#pragma once
#include "base/types.h"

namespace pith::personality {

class Task;
class WaitList;
class Watch;

/// The entry of one task, or of one watch of an epoll, in one wait list; leaves the list when it goes out of scope.
class Waiter {
 public:
  Waiter() = default;
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter() { leave(); }
  void join(WaitList& list, Task& task);
  void join(WaitList& list, Watch& watch);
  void leave();

 private:
  friend class WaitList;
  void enter(WaitList& list);
  void wake();
  Task* task_ = nullptr;
  Watch* watch_ = nullptr;
  WaitList* list_ = nullptr;
  Waiter* next_ = nullptr;
  Waiter* previous_ = nullptr;
};

/// The tasks that wait for one thing. Guarded by the environment's lock.
class WaitList {
 public:
  WaitList() = default;
  WaitList(const WaitList&) = delete;
  ~WaitList() {
    while (first_) first_->leave();
  }
  void wake_all();
  /// Wakes the one that has waited longest; how many were woken (0 or 1).
  u32 wake_one();
  bool is_empty() const { return !first_; }

 private:
  friend class Waiter;
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
};

/// Collects the lists that a poll waits on, for a task or for a watch.
class Poller {
 public:
  static constexpr u32 kMost = 1024;
  explicit Poller(Task& task) : task_(&task) {}
  explicit Poller(Watch& watch) : watch_(&watch) {}
  Poller(const Poller&) = delete;
  ~Poller();
  void wait_on(WaitList& list);

 private:
  struct Node {
    Waiter waiter;
    Node* next;
  };
  Task* task_ = nullptr;
  Watch* watch_ = nullptr;
  Node* nodes_ = nullptr;
};

}  // namespace pith::personality
