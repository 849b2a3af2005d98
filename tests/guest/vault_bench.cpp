// What it costs that events can be taken back, in counter ticks for each event: without, with the undo log that the compiler writes, and
// with pages that are protected and copied when they are first written.
#include "abi/guest.h"
#include "lib/vault/event.h"
#include "tests/guest/machine.h"
#include "tests/guest/vault_work.h"

using namespace pith;
using namespace pith::guest_test;

namespace pith::vault {

// No event of this test is aborted.
void abort_event(Error why) { fail("an event", why); }

}  // namespace pith::vault

namespace {

constexpr u64 kPages = (sizeof(VaultState) + kPageSize - 1) / kPageSize,
              kLogPages = 16 + (vault::kFirstEntry - vault::kLogAddress) / kPageSize;
constexpr u32 kRounds = 64, kBatches = 8;
constexpr u64 kSaved = 0x0000'0061'0000'0000;

VaultState& state() { return *reinterpret_cast<VaultState*>(vault::kAddress); }

u32 low_counter() {
  u32 low, high;
  asm volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
  return low;
}

void report(const char* work, const char* way, u64 ticks) {
  print("row ");
  print(work);
  print("_");
  print(way);
  print(" ");
  print_number(ticks);
  print("\n");
}

/// Ticks of one event with what comes before and after it; the shortest batch is the one that no timer interrupt fell into.
template <class Before, class After>
u64 price(const VaultWork& work, Before before, After after) {
  u32 best = ~0u;
  for (u32 batch = 0; batch < kBatches; batch++) {
    u32 begin = low_counter();
    for (u32 round = 0; round < kRounds; round++) {
      before();
      work.event(state(), round);
      after();
      asm volatile("" ::: "memory");
    }
    u32 ticks = low_counter() - begin;
    if (ticks < best) best = ticks;
  }
  return (best + kRounds / 2) / kRounds;
}

/// As lib/vault/event.cpp begins and ends an event.
void begin_event() {
  vault::UndoLog& log = vault::undo_log();
  log.next = vault::kFirstEntry;
  log.limit = vault::kLogAddress + kLogPages * kPageSize;
  asm volatile("" ::: "memory");
  log.progress = vault::Progress::of(1, vault::Phase::InEvent);
  asm volatile("" ::: "memory");
}

void end_event() {
  asm volatile("" ::: "memory");
  vault::undo_log().progress = vault::Progress::of(1, vault::Phase::Committed);
  asm volatile("" ::: "memory");
  vault::undo_log().limit = 0;
}

/// Pages of the vault that may be written, with their old contents at kSaved.
u32 written_count;
u16 written[kPages];

void protect(u64 page, Access access) {
  REQUIRE(kSpace.protect(RootSlot::Region, VirtualAddress(vault::kAddress + page * kPageSize), u64(access)));
}

/// Word by word, which is what counts here: each is an instruction.
void copy_page(u64 to, u64 from) {
  u64 words = kPageSize / sizeof(u64);
  asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words)::"memory");
}

/// Copies the page that a write faulted on and lets the write through.
[[noreturn]] void handle_faults(u64 endpoint_slot) {
  CapabilitySlot endpoint{u32(endpoint_slot)};
  ipc::Received received = ipc::receive(endpoint, 0);
  while (true) {
    u64 page = (received.words.w[FaultMessage::Address] - vault::kAddress) / kPageSize;
    if (!received.ok() || !received.status.is_fault() || page >= kPages) fail("a fault", received.error());
    copy_page(kSaved + written_count * kPageSize, vault::kAddress + page * kPageSize);
    written[written_count++] = u16(page);
    protect(page, Access::ReadWrite);
    received = ipc::reply_receive(endpoint, {{received.words.w[FaultMessage::Instruction]}});
  }
}

/// The end of an event makes what it has written read-only again.
void protect_written() {
  while (written_count > 0) protect(written[--written_count], Access::Read);
  REQUIRE(kSpace.flush());
}

volatile bool is_measured;
CapabilitySlot never;

[[noreturn]] void measure_pages(u64) {
  for (u64 page = 0; page < kPages; page++) protect(page, Access::Read);
  REQUIRE(kSpace.flush());
  for (const VaultWork& work : plain_work)
    report(work.name, "pages",
           price(
               work, [] {}, protect_written));
  is_measured = true;
  while (true) (void)kernel::Notification{never}.wait(0);
}

void start(void (*entry)(u64), u64 argument, u32 priority, CapabilitySlot fault, CapabilitySlot server) {
  Made made = make_thread(RootSlot::AddressSpace, priority, fault);
  if (server != kNoSlot) REQUIRE(kernel::Endpoint{server}.bind(made.thread));
  REQUIRE(kernel::Thread{made.thread}.start(reinterpret_cast<u64>(entry), made.stack_top - 8, 0, argument));
}

}  // namespace

void run_test() {
  for (u64 page = 0; page < kPages; page++) (void)map_page(kSpace, vault::kAddress + page * kPageSize, Access::ReadWrite);
  for (u64 page = 0; page < kPages; page++) (void)map_page(kSpace, kSaved + page * kPageSize, Access::ReadWrite);
  for (u64 page = 0; page < kLogPages; page++) (void)map_page(kSpace, vault::kLogAddress + page * kPageSize, Access::ReadWrite);
  never = make(ObjectType::Notification);
  for (const VaultWork& work : plain_work)
    report(work.name, "plain",
           price(
               work, [] {}, [] {}));
  for (const VaultWork& work : logged_work) report(work.name, "log", price(work, begin_event, end_event));
  CapabilitySlot endpoint = make(ObjectType::Endpoint);
  start(handle_faults, endpoint.raw, 52, kNoSlot, endpoint);
  start(measure_pages, 0, 51, endpoint, kNoSlot);
  if (!is_measured) fail("the measuring thread did not come through", Error(0));
  finish(0);
}
