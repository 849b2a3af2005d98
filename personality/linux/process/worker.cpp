// The pool of threads that carry tasks, and the loop that runs a guest.
#include "personality/linux/process/worker.h"

#include "lib/start.h"
#include "personality/linux/calls/dispatch.h"
#include "personality/linux/environment.h"
#include "personality/linux/signal/delivery.h"

namespace pith::personality {

namespace {
constexpr u64 kStackPages = 12;
constexpr u32 kPriority = 10;
}  // namespace

Worker* Worker::idle_ = nullptr;

Result<Worker*> Worker::acquire(AddressSpace& space) {
  Environment& env = environment();
  if (idle_) {
    TRY(idle_->guest_->set_space(space.guest_space()));
    Worker* worker = idle_;
    idle_ = worker->next_idle_;
    return worker;
  }
  auto worker = std::make_unique<Worker>();
  Result<std::unique_ptr<Guest>> guest = Guest::create(env.pool, space.guest_space());
  if (!guest) return LinuxError::TryAgain;
  worker->guest_ = std::move(*guest);
  Result<std::unique_ptr<Thread>> thread = Thread::spawn(env.pool, enter, worker.get(), kPriority, kStackPages);
  if (!thread) return LinuxError::TryAgain;
  worker->thread_ = std::move(*thread);
  return worker.release();
}

void Worker::give_up() {
  next_idle_ = idle_;
  idle_ = this;
}

void Worker::start(Task& task) {
  task.worker_time_before = time_before_;
  task_ = &task;
  queue_.wake_one();
}

void Worker::enter(void* self) { static_cast<Worker*>(self)->run(); }

void Worker::run() {
  Environment& env = environment();
  env.lock.lock();
  for (;;) {
    while (!task_) (void)queue_.wait(env.lock);
    Task& task = *task_;
    env.lock.unlock();
    run_task(task);
    env.lock.lock();
    task_ = nullptr;
    if (!env.sockets_to_close.empty()) close_sockets();
    give_up();
  }
}

void run_task(Task& task) {
  Guest& guest = *task.guest;
  for (;;) {
    // relaxed: whoever sets it also interrupts this thread, so that a run() that begins in between returns at once.
    if (task.attention.load(std::memory_order_relaxed)) [[unlikely]] {
      if (!attend_signals(task)) return;
    }
    GuestExitInfo exit = guest.run();
    switch (exit.reason) {
      case GuestExit::SystemCall:
        [[likely]] handle_system_call(task);
        break;
      case GuestExit::Fault:
        handle_guest_fault(task, exit);
        break;
      case GuestExit::Interrupted:
        guest.registers().restore_all = 1;
        break;
    }
  }
}

}  // namespace pith::personality
