// Joining, leaving and waking wait lists.
#include "personality/linux/process/wait_list.h"

#include "personality/linux/files/epoll.h"
#include "personality/linux/process/task.h"

namespace pith::personality {

void Waiter::join(WaitList& list, Task& task) {
  task_ = &task;
  enter(list);
}

void Waiter::join(WaitList& list, Watch& watch) {
  watch_ = &watch;
  enter(list);
}

void Waiter::wake() {
  if (task_)
    task_->wake();
  else
    watch_->notice();
}

void Waiter::enter(WaitList& list) {
  list_ = &list;
  next_ = nullptr;
  previous_ = list.last_;
  (previous_ ? previous_->next_ : list.first_) = this;
  list.last_ = this;
}

void Waiter::leave() {
  if (!list_) return;
  (previous_ ? previous_->next_ : list_->first_) = next_;
  (next_ ? next_->previous_ : list_->last_) = previous_;
  list_ = nullptr;
}

void WaitList::wake_all() {
  for (Waiter* waiter = first_; waiter; waiter = waiter->next_) waiter->wake();
}

u32 WaitList::wake_one() {
  if (!first_) return 0;
  Waiter* waiter = first_;
  waiter->leave();
  waiter->wake();
  return 1;
}

Poller::~Poller() {
  while (nodes_) {
    Node* node = nodes_;
    nodes_ = node->next;
    delete node;
  }
}

void Poller::wait_on(WaitList& list) {
  Node* node = new Node{{}, nodes_};
  nodes_ = node;
  if (task_)
    node->waiter.join(list, *task_);
  else
    node->waiter.join(list, *watch_);
}

}  // namespace pith::personality
