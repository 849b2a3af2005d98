// Joining, leaving and waking wait lists.
#include "personality/linux/process/wait_list.h"

#include "personality/linux/process/task.h"

namespace pith::personality {

void Waiter::join(WaitList& list, Task& task) {
  task_ = &task;
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
  for (Waiter* waiter = first_; waiter; waiter = waiter->next_) waiter->task_->wake();
}

u32 WaitList::wake_one() {
  if (!first_) return 0;
  Waiter* waiter = first_;
  waiter->leave();
  waiter->task_->wake();
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
  node->waiter.join(list, task_);
}

}  // namespace pith::personality
