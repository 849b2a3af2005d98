// Host: threads, wait queues, clock, log and frames for running the personality in an ordinary process.
#include "threads.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "abi/error.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/pool.h"
#include "lib/sync.h"
#include "lib/thread.h"

namespace pith {

namespace {
thread_local std::shared_ptr<HostThread> this_thread;
}

HostThread& current_thread() {
  if (!this_thread) this_thread = std::make_shared<HostThread>();
  return *this_thread;
}

bool take_interruption() {
  HostThread& state = current_thread();
  std::lock_guard lock(state.mutex);
  return std::exchange(state.interrupted, false);
}

Result<std::unique_ptr<Thread>> Thread::spawn(FramePool&, void (*function)(void*), void* argument, u32, u64) {
  auto thread = std::make_unique<Thread>();
  auto state = thread->state_ = std::make_shared<HostThread>();
  std::thread([=] {
    this_thread = state;
    function(argument);
  }).detach();
  return thread;
}

void Thread::interrupt() {
  std::lock_guard lock(state_->mutex);
  state_->interrupted = true;
  state_->condition.notify_all();
  if (int process = state_->guest_process) kill(process, SIGUSR2);
}

u64 Thread::time_used() const { return now(); }  // as if it never waited

struct QueuedThread {
  HostThread* state;
  bool woken = false;
  QueuedThread* next = nullptr;
};

Result<void> WaitQueue::wait(Mutex& held, u64 deadline) {
  HostThread& state = current_thread();
  QueuedThread self{&state};
  QueuedThread** link = &first_;
  while (*link) link = &(*link)->next;
  *link = &self;
  held.unlock();
  Error error = kSuccess;
  {
    std::unique_lock lock(state.mutex);
    for (;;) {
      if (self.woken) break;
      if (state.interrupted) {
        state.interrupted = false;
        error = Error::Cancelled;
        break;
      }
      if (deadline && now() >= deadline) {
        error = Error::TimedOut;
        break;
      }
      if (deadline)
        state.condition.wait_for(lock, std::chrono::nanoseconds(deadline - now() < kSecond ? deadline - now() : kSecond));
      else
        state.condition.wait(lock);
    }
  }
  held.lock();
  for (link = &first_; *link; link = &(*link)->next)
    if (*link == &self) {
      *link = self.next;
      break;
    }
  return self.woken ? kSuccess : error;
}

void WaitQueue::wake_one() {
  if (!first_) return;
  QueuedThread* thread = first_;
  first_ = thread->next;
  std::lock_guard lock(thread->state->mutex);
  thread->woken = true;
  thread->state->condition.notify_all();
}

void WaitQueue::wake_all() {
  while (first_) wake_one();
}

u64 now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return u64(time.tv_sec) * kSecond + u64(time.tv_nsec);
}

void sleep_for(u64 nanoseconds) { std::this_thread::sleep_for(std::chrono::nanoseconds(nanoseconds)); }

void log_line(LogLevel, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "linux: ");
  vfprintf(stderr, format, arguments);
  fprintf(stderr, "\n");
  va_end(arguments);
}

FramePool::FramePool(u32 frames) : file_(memfd_create("frames", 0)), total_(frames) {
  if (ftruncate(file_, off_t(u64{frames + 1} * kPageSize)) != 0) _exit(99);
  window_ = static_cast<u8*>(mmap(nullptr, u64{frames + 1} * kPageSize, PROT_READ | PROT_WRITE, MAP_SHARED, file_, 0));
  for (u32 frame = frames; frame > 0; frame--) free_.push_back(frame);
}

Result<FrameNumber> FramePool::allocate_data(Contents contents) {
  std::lock_guard lock(mutex_);
  if (free_.empty()) return Error::NoMemory;
  FrameNumber frame(free_.back());
  free_.pop_back();
  memset(window(frame), contents == Contents::Zeroed ? 0 : 0xa5, kPageSize);
  return frame;
}

void FramePool::release(FrameNumber frame) {
  std::lock_guard lock(mutex_);
  free_.push_back(frame.raw);
}

}  // namespace pith
