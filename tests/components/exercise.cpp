// Exercises the runtime and the first services from inside a component; ends the machine with the number of checks that failed.
#include <cstring>

#include "lib/clock.h"
#include "lib/guest.h"
#include "lib/log.h"
#include "lib/pool.h"
#include "lib/start.h"
#include "lib/sync.h"
#include "lib/thread.h"
#include "protocols/clock.h"
#include "protocols/console.h"
#include "protocols/entropy.h"
#include "protocols/supervisor.h"

namespace {

using namespace pith;

u64 failures = 0;

void check(bool is_good, const char* what) {
  log_line(is_good ? LogLevel::Information : LogLevel::Error, "%s %s", is_good ? "ok" : "FAILED", what);
  if (!is_good) failures++;
}

CapabilitySlot service(std::string_view name) {
  Result<CapabilitySlot> slot = find_slot(name);
  return slot ? *slot : kNoSlot;
}

void test_services() {
  protocols::ClockClient clock{service("clock")};
  Result<u64> offset = clock.wall_offset();
  check(offset && *offset / kSecond > 1'600'000'000, "clock: wall time");
  u64 before = now();
  check(bool(clock.sleep_until(before + 20 * kMillisecond)) && now() >= before + 20 * kMillisecond, "clock: sleep");

  protocols::EntropyClient entropy{service("entropy")};
  std::byte first[64];
  Result<Bytes> some = entropy.read(64);
  check(some && some->size() == 64, "entropy: 64 bytes");
  if (some) memcpy(first, some->data.data(), 64);
  Result<Bytes> more = entropy.read(64);
  check(more && memcmp(first, more->data.data(), 64) != 0, "entropy: others each time");
  check(entropy.read(449).error() == Error::BadArgument, "entropy: too many");

  protocols::ConsoleClient console{service("console")};
  std::string_view text = "hello from exercise\r\n";
  Result<u64> written = console.write(ipc::as_bytes(text));
  check(written && *written == text.size(), "console: write");
  check(bool(console.drain()), "console: drain");
  Result<Bytes> input = console.read(10);
  check(bool(input), "console: read");
}

/// Waits at most ten seconds until the component, which does not run for ever, has ended.
bool has_ended(const protocols::SupervisorClient& supervisor, u64 component) {
  for (u32 i = 0; i < 1000; i++) {
    Result<Bytes> state = supervisor.state(component);
    if (!state) return false;
    if (state->text().find("state running") == std::string_view::npos) return true;
    sleep_for(10 * kMillisecond);
  }
  return false;
}

void test_supervisor() {
  protocols::SupervisorClient supervisor{service("supervisor")};
  protocols::ConsoleClient console{service("console")};
  Result<u64> count = supervisor.count();
  check(count && *count >= 6, "supervisor: count");
  for (u64 i = 1; count && i < *count; i++) {
    Result<Bytes> name = supervisor.name(i);
    if (!name) continue;
    char text[24] = {};
    memcpy(text, name->data.data(), std::min<usize>(name->size(), sizeof text - 1));
    if (!strcmp(text, "exercise") || !strcmp(text, "supervisor")) continue;
    if (!strcmp(text, "limited")) {
      check(has_ended(supervisor, i), "supervisor: a component ends by itself");
      continue;
    }
    u64 start = now();
    bool is_killed = bool(supervisor.control(i, ipc::as_bytes("kill")));
    log_line(LogLevel::Information, "%s restarted in %llu us", text, static_cast<unsigned long long>((now() - start) / kMicrosecond));
    check(is_killed, text);
  }
  check(bool(console.write(ipc::as_bytes("still here\r\n"))), "console: write after its restart");
  check(bool(console.drain()), "console: drain after its restart");
  check(bool(protocols::ClockClient{service("clock")}.wall_offset()), "clock: after its restart");
  Result<Bytes> state = supervisor.state(1);
  check(state && state->text().starts_with("name "), "supervisor: state");
  check(supervisor.control(1, ipc::as_bytes("dance")).error() != kSuccess, "supervisor: refuses nonsense");
  protocols::SupervisorClient door_for_faults{service("fault")};
  check(door_for_faults.control(1, ipc::as_bytes("kill")).error() == Error::Denied, "supervisor: the door for faults is no other");
}

struct Shared {
  Mutex mutex;
  WaitQueue queue;
  u64 counter = 0;
  u32 running = 0;
};

void count_up(void* argument) {
  auto& shared = *static_cast<Shared*>(argument);
  for (int i = 0; i < 1000; i++) {
    Lock lock(shared.mutex);
    u64 value = shared.counter;
    if (i % 100 == 0) sleep_for(10 * kMicrosecond);
    shared.counter = value + 1;
  }
  Lock lock(shared.mutex);
  shared.running--;
  shared.queue.wake_one();
}

void test_threads(FramePool& pool) {
  static Shared shared;
  constexpr u32 kThreads = 8;
  u64 free = pool.free_frames();
  {
    std::unique_ptr<Thread> threads[kThreads];
    shared.running = kThreads;
    for (auto& thread : threads) {
      auto made = Thread::spawn(pool, count_up, &shared, 10, 8);
      if (!made) {
        log_line(LogLevel::Error, "spawn: %s", error_name(made.error()));
        check(false, "thread: spawn");
        return;
      }
      thread = std::move(*made);
    }
    Lock lock(shared.mutex);
    while (shared.running > 0) (void)shared.queue.wait(shared.mutex);
    for (auto& thread : threads) {
      while (!thread->has_finished()) sleep_for(kMillisecond);
    }
  }
  check(shared.counter == kThreads * 1000, "mutex: nothing lost");
  log_line(LogLevel::Information, "frames: %llu before, %llu after, lost %llu", static_cast<unsigned long long>(free),
           static_cast<unsigned long long>(pool.free_frames()), static_cast<unsigned long long>(pool.lost_frames()));
  Lock lock(shared.mutex);
  check(shared.queue.wait(shared.mutex, now() + kMillisecond).error() == Error::TimedOut, "wait queue: time-out");
  Thread::current().interrupt();
  check(shared.queue.wait(shared.mutex).error() == Error::Cancelled, "wait queue: interruption");
}

void test_pool(FramePool& pool) {
  u64 free = pool.free_frames();
  constexpr u32 kFrames = 1000;
  static FrameNumber frames[kFrames];
  bool is_good = true;
  for (u32 i = 0; i < kFrames; i++) {
    Result<FrameNumber> frame = pool.allocate_data();
    if (!frame) {
      is_good = false;
      break;
    }
    frames[i] = *frame;
    for (u64 j = 0; j < kPageSize; j += 512) is_good = is_good && pool.window(frames[i])[j] == 0;
    memset(pool.window(frames[i]), int(i), kPageSize);
  }
  for (u32 i = 0; i < kFrames; i++) is_good = is_good && pool.window(frames[i])[100] == u8(i);
  for (u32 i = 0; i < kFrames; i++) pool.release(frames[i]);
  check(is_good, "pool: data frames");
  for (u32 i = 0; i < 600; i++) {
    Result<CapabilitySlot> slot = pool.create_object(ObjectType::Notification);
    is_good = is_good && slot;
    frames[i] = slot ? FrameNumber(slot->raw) : FrameNumber(0);
  }
  for (u32 i = 0; i < 600; i++) pool.destroy_object(CapabilitySlot(frames[i].raw));
  check(is_good, "pool: 600 objects");
  check(pool.lost_frames() == 0 && free - pool.free_frames() < 16, "pool: all came back");
}

void test_guest(FramePool& pool) {
  constexpr u64 kCode = 0x400000, kData = 0x7fff'0000'0000;
  // mov $0x27, %eax; syscall; mov %rax, (%rdi); ud2
  constexpr u8 kProgram[] = {0xb8, 0x27, 0, 0, 0, 0x0f, 0x05, 0x48, 0x89, 0x07, 0x0f, 0x0b};
  u64 free = 0;
  for (int round = 0; round < 3; round++) {
    if (round == 1) free = pool.free_frames();
    auto space = GuestSpace::create(pool);
    if (!space) {
      log_line(LogLevel::Error, "space: %s", error_name(space.error()));
      check(false, "guest: space");
      return;
    }
    auto guest = Guest::create(pool, **space);
    if (!guest) {
      log_line(LogLevel::Error, "guest: %s", error_name(guest.error()));
      check(false, "guest: create");
      return;
    }
    FrameNumber code = *pool.allocate_data(), data = *pool.allocate_data();
    memcpy(pool.window(code), kProgram, sizeof kProgram);
    check(bool((*space)->map(kCode, code, Access::ReadExecute)), "guest: map");
    GuestRegisters& registers = (*guest)->registers();
    registers.rip = kCode;
    registers.rsp = kData;
    registers.rflags = 0x202;
    registers.rdi = kData + 8;
    registers.restore_all = 1;
    GuestExitInfo exit = (*guest)->run();
    check(exit.reason == GuestExit::SystemCall && registers.rax == 0x27 && registers.rip == kCode + 7, "guest: system call");
    registers.rax = 0x1234;
    exit = (*guest)->run();
    check(exit.reason == GuestExit::Fault && exit.fault_kind == u64(FaultKind::Memory) && exit.address == kData + 8 && (exit.code & 2),
          "guest: page fault");
    check(bool((*space)->map(kData, data, Access::ReadWrite)), "guest: map on demand");
    exit = (*guest)->run();
    u64 stored = 0;
    memcpy(&stored, pool.window(data) + 8, sizeof stored);
    check(exit.reason == GuestExit::Fault && exit.fault_kind == u64(FaultKind::Instruction) && stored == 0x1234,
          "guest: store, bad instruction");
    static u8 vector[4096];
    check(bool((*guest)->reset_vector_state()) && bool((*guest)->save_vector_state(vector)) && vector[0] == 0x7f, "guest: vector state");
    Thread::current().interrupt();
    registers.rip = kCode;
    exit = (*guest)->run();
    check(exit.reason == GuestExit::Interrupted, "guest: interruption");
    check(bool((*space)->unmap(kData)), "guest: unmap");
    check((*space)->unmap(kData).error() == Error::NotMapped, "guest: unmap twice");
    pool.release(data);
    guest->reset();
    space->reset();
    pool.release(code);
  }
  log_line(LogLevel::Information, "guest frames: %llu before, %llu after, lost %llu", static_cast<unsigned long long>(free),
           static_cast<unsigned long long>(pool.free_frames()), static_cast<unsigned long long>(pool.lost_frames()));
  check(free == pool.free_frames() && pool.lost_frames() == 0, "guest: all frames came back");
}

}  // namespace

int main() {
  log_line(LogLevel::Information, "exercise: instance %u", start_information().instance);
  test_services();
  FramePool* pool = nullptr;
  if (Result<FramePool&> found = FramePool::instance()) {
    pool = &*found;
  } else {
    log_line(LogLevel::Error, "pool: %s", error_name(found.error()));
  }
  check(pool != nullptr, "pool");
  if (pool) {
    test_pool(*pool);
    test_guest(*pool);
    test_threads(*pool);
  }
  test_supervisor();
  log_line(LogLevel::Information, "%s: %llu checks failed", failures ? "failed" : "passed", static_cast<unsigned long long>(failures));
  (void)protocols::SupervisorClient{service("supervisor")}.power(0, failures);
}
