// Makes, ends and parks threads.
#include "lib/thread.h"

#include "abi/kernel.h"
#include "abi/start_information.h"
#include "lib/clock.h"
#include "lib/libc/thread_block.h"
#include "lib/message_buffer.h"
#include "lib/pool.h"
#include "lib/retry.h"
#include "lib/start.h"

namespace pith {

namespace {

/// Stacks lie above the pool's window: places of 64 pages, the lowest of which stays unmapped.
constexpr u64 kStackPlaces = kPoolAddress + 0x10'0000'0000;
constexpr u64 kPlacePages = 64;
constexpr u32 kPlaces = 512;
constexpr u64 kTimeSlice = 10 * kMillisecond;
constexpr u64 kWakeBit = 1;

Mutex places_mutex;
u64 places_taken[kPlaces / 64];

__thread Thread* current_thread = nullptr;

Result<u64> take_place() {
  Lock lock(places_mutex);
  for (u32 word = 0; word < kPlaces / 64; word++) {
    if (~places_taken[word] == 0) continue;
    u32 bit = u32(__builtin_ctzll(~places_taken[word]));
    places_taken[word] |= u64{1} << bit;
    return kStackPlaces + (u64{word} * 64 + bit) * kPlacePages * kPageSize;
  }
  return Error::NoSpace;
}

void give_place(u64 place) {
  Lock lock(places_mutex);
  u64 number = (place - kStackPlaces) / (kPlacePages * kPageSize);
  places_taken[number / 64] &= ~(u64{1} << number % 64);
}

/// The budget of a thread in each slice. Where the component's share is limited: a part of what is left of it, so that a few threads have
/// room.
u64 budget_of_thread() {
  constexpr u64 kPart = 8, kShortest = 10 * kMicrosecond;
  u64 share = start_information().time_share;
  if (share == 0) return kTimeSlice;
  u64 budget = kTimeSlice * share / kPart / image::kWholeShare;
  return budget < kShortest ? kShortest : budget > kTimeSlice ? kTimeSlice : budget;
}

}  // namespace

/// What a new thread runs first.
struct ThreadStart {
  [[noreturn]] static void enter(Thread* thread) {
    current_thread = thread;
    set_message_buffer(reinterpret_cast<u64>(thread->pool_->window(thread->buffer_)));
    thread->function_(thread->argument_);
    Thread::exit_current();
  }
  static Thread& first() {
    [[clang::no_destroy]] static Thread thread;
    return thread;
  }
};

Result<void> Thread::adopt_first(FramePool& pool) {
  Thread& thread = ThreadStart::first();
  thread.slot_ = ComponentSlot::Thread;
  thread.parker_ = TRY(pool.create_object(ObjectType::Notification));
  return {};
}

Thread& Thread::current() { return current_thread ? *current_thread : ThreadStart::first(); }

Result<std::unique_ptr<Thread>> Thread::spawn(FramePool& pool, void (*function)(void*), void* argument, u32 priority, u64 stack_pages) {
  if (stack_pages == 0 || stack_pages >= kPlacePages) return Error::BadArgument;
  std::unique_ptr<Thread> thread(new Thread);
  thread->pool_ = &pool;
  thread->function_ = function;
  thread->argument_ = argument;
  pith_libc_enable_threads();
  TRY(thread->build(priority, stack_pages));
  TRY(thread->launch());
  return thread;
}

Result<void> Thread::build(u32 priority, u64 stack_pages) {
  slot_ = TRY(pool_->create_object(ObjectType::Thread, start_information().priority_ceiling));
  time_ = TRY(pool_->create_object(ObjectType::SchedulingContext));
  parker_ = TRY(pool_->create_object(ObjectType::Notification));
  buffer_ = TRY(pool_->allocate_data());
  TRY(map_stack(stack_pages));
  TRY(kernel::SchedulingContext{time_}.configure(priority, budget_of_thread(), kTimeSlice, start_information().cpu));
  // Without a fault endpoint (a component that the supervisor does not watch) a fault just ends the thread.
  Result<CapabilitySlot> found = find_slot("fault");
  CapabilitySlot fault = found ? *found : kNoSlot;
  TRY(kernel::Thread{slot_}.configure(ComponentSlot::AddressSpace, ComponentSlot::CapabilitySpace, buffer_, fault, 0,
                                      ComponentSlot::Window));
  vector_ = TRY(pool_->create_object(ObjectType::VectorState));
  TRY(kernel::Thread{slot_}.set_vector_state(vector_));
  return kernel::SchedulingContext{time_}.bind(slot_);
}

u64 Thread::time_used() const {
  auto status = kernel::Thread{slot_}.status();
  return status ? status->used : 0;
}

Result<void> Thread::map_stack(u64 stack_pages) {
  stack_place_ = TRY(take_place());
  stack_pages_ = stack_pages;
  u64 top = stack_place_ + kPlacePages * kPageSize;
  for (u64 i = 0; i < stack_pages; i++) {
    FrameNumber frame = TRY(pool_->allocate_data());
    pool_->set_next_of(frame, stack_);
    stack_ = frame;
    TRY(pool_->map_here(top - (i + 1) * kPageSize, frame));
  }
  return {};
}

/// The thread block of the C library lies at the top of the stack.
Result<void> Thread::launch() {
  u64 top = stack_place_ + kPlacePages * kPageSize;
  u64 block = (top - pith_libc_thread_block_size()) & ~u64{63};
  if (block < top - stack_pages_ * kPageSize + kPageSize) return Error::NoMemory;
  u64 pointer = reinterpret_cast<u64>(pith_libc_thread_block_init(reinterpret_cast<void*>(block)));
  u64 stack = block - 8;  // as after a call instruction; the return address is 0
  return kernel::Thread{slot_}.start(reinterpret_cast<u64>(&ThreadStart::enter), stack, pointer, reinterpret_cast<u64>(this));
}

Thread::~Thread() {
  if (!pool_) return;
  if (slot_.raw) {
    (void)retry([&] { return kernel::Thread{slot_}.stop(); });
    pool_->destroy_object(slot_);
  }
  if (time_.raw) pool_->destroy_object(time_);
  if (parker_.raw) pool_->destroy_object(parker_);
  if (vector_.raw) pool_->destroy_object(vector_);
  for (u64 page = stack_place_ + kPlacePages * kPageSize; stack_.raw;) {
    FrameNumber frame = stack_;
    stack_ = pool_->next_of(frame);
    page -= kPageSize;
    (void)pool_->unmap_here(page);  // the order of the list and of the pages differ: frames are released below, after all are unmapped
    pool_->set_next_of(frame, unmapped_);
    unmapped_ = frame;
  }
  while (unmapped_.raw) {
    FrameNumber frame = unmapped_;
    unmapped_ = pool_->next_of(frame);
    pool_->release(frame);
  }
  if (stack_place_) give_place(stack_place_);
  if (buffer_.raw) pool_->release(buffer_);
}

void Thread::exit_current() {
  Thread& thread = current();
  // release: whoever sees it may read what the thread wrote.
  thread.finished_.store(true, std::memory_order_release);
  for (;;) {
    (void)kernel::Thread{thread.slot_}.stop();
    (void)thread.park(0);
  }
}

void Thread::interrupt() { (void)kernel::Thread{slot_}.interrupt(); }

Result<void> Thread::park(u64 deadline) {
  TRY(kernel::Notification{parker_}.wait(deadline));
  return {};
}

void Thread::unpark(CapabilitySlot parker) { (void)kernel::Notification{parker}.signal(kWakeBit); }

}  // namespace pith
