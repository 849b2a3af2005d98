// The fuzz test: a hostile component calls every kernel operation in every way; nothing outside its region may change, and nothing documented may be missing.
#include "tests/guest/fuzz.h"

using namespace pith;
using namespace pith::guest_test;
using namespace pith::fuzz;

namespace {

constexpr u32 kRounds = 110;
constexpr u32 kFloor = 100;
constexpr u32 kRegionFrames = 640;
constexpr u32 kWitnessPages = 16;
constexpr u64 kWitnessAddress = 0x0000'0061'0000'0000;
constexpr u64 kTick = 500'000;            // ns between two looks at the hostile component
constexpr u32 kStuckTicks = 2;            // without progress: it is stopped and resumed
constexpr u32 kDeadTicks = 6000;          // without progress in spite of that: the test failed
constexpr u32 kMostFrames = 1 << 18;

u64 census_before[kMostFrames];

/// What one frame is, in one number.
u64 census_of(u32 frame) {
  auto found = kRegion.inspect(FrameNumber(frame));
  if (!found) return ~u64{0};
  return found->type | u64{found->owner.raw} << 8 | found->uses << 32;
}

u32 last_frame() {
  u32 last = 0;
  for (u32 i = 0; i < information().range_count; i++) {
    u32 end = information().untyped[i].first + information().untyped[i].count;
    if (end > last) last = end;
  }
  return last < kMostFrames ? last : kMostFrames;
}

/// Documented outcomes that no program can provoke on this machine, and why.
bool is_out_of_reach(const grammar::OperationEntry& entry, Error error) {
  switch (error) {
    case Error::Exhausted: return true;                                          // takes 2^47 renewals of one frame
    case Error::Limit: return entry.object == u32(ObjectType::AddressSpace) || entry.object == u32(ObjectType::Share);  // 2^32 mappings of one frame
    case Error::NotSupported: return true;                                       // machines without interrupt lines or ports
    case Error::Again: return entry.operation != Operation::RegionDestroy && entry.operation != Operation::EndpointRequeue;  // takes another processor
    default: return false;
  }
}

struct Witness {
  CapabilitySlot thread, notification, endpoint;
} witness;

/// Objects and pages of somebody else, in a known state.
void make_witnesses() {
  CapabilitySlot region = make(ObjectType::Region, 10);
  for (u32 i = 0; i < 8; i++) REQUIRE(kRegion.give(region, take_frame(), 1));
  witness.thread = make(ObjectType::Thread, 10);
  witness.notification = make(ObjectType::Notification);
  witness.endpoint = make(ObjectType::Endpoint);
  REQUIRE(kernel::Notification{witness.notification}.signal(0x5a5a));
  kernel::Thread thread{witness.thread};
  REQUIRE(thread.configure(RootSlot::AddressSpace, RootSlot::CapabilitySpace, FrameNumber(), kNoSlot, 0, kNoSlot));
  REQUIRE(thread.start(0x1234, 0x5678, 0, 77));
  REQUIRE(thread.stop());
  for (u32 page = 0; page < kWitnessPages; page++) {
    FrameNumber frame = map_page(kSpace, kWitnessAddress + page * kPageSize, Access::ReadWrite);
    if (page == 0) shared.foreign_frame = frame;
    u64* words = reinterpret_cast<u64*>(kWitnessAddress + page * kPageSize);
    for (u32 i = 0; i < kPageSize / 8; i++) words[i] = (page * 1000 + i) * 0x9e3779b97f4a7c15;
  }
}

void changed(const char* what) {
  print("CHANGED: ");
  print(what);
  print("\n");
  shared.mistakes = shared.mistakes + 1;
}

void check_witnesses() {
  for (u32 page = 0; page < kWitnessPages; page++) {
    const volatile u64* words = reinterpret_cast<const volatile u64*>(kWitnessAddress + page * kPageSize);
    for (u32 i = 0; i < kPageSize / 8; i++) {
      if (words[i] != (page * 1000 + i) * 0x9e3779b97f4a7c15) return changed("a page of another component");
    }
  }
  if (REQUIRE(kernel::Notification{witness.notification}.poll()) != 0x5a5a) changed("signals of another component");
  REQUIRE(kernel::Notification{witness.notification}.signal(0x5a5a));
  kernel::Thread thread{witness.thread};
  if (REQUIRE(thread.status()).state != u64(ThreadState::Inactive)) changed("a thread of another component");
  auto registers = REQUIRE(thread.read_registers(5));
  if (registers.r0 != 77 || registers.r2 != 0x5678) changed("registers of another component");
  if (REQUIRE(kernel::Endpoint{witness.endpoint}.status()).server.raw != 0) changed("an endpoint of another component");
}

void compare_census() {
  u32 end = last_frame(), differences = 0;
  for (u32 frame = 1; frame < end; frame++) {
    u64 now = census_of(frame);
    if (now == census_before[frame]) continue;
    if (differences++ < 8) {
      print("CHANGED: frame ");
      print_number(frame);
      print(" was ");
      print_number(census_before[frame]);
      print(" is ");
      print_number(now);
      print("\n");
    }
    shared.mistakes = shared.mistakes + 1;
  }
}

kernel::Thread hostile_thread{};
kernel::Notification never{};

/// The hostile component: a capability space and a thread that root owns, so that it survives itself, and a region of its own.
void make_hostile() {
  never.slot = make(ObjectType::Notification);
  CapabilitySlot space = clone_space();
  kernel::CapabilitySpace capabilities{make(ObjectType::CapabilitySpace)};
  for (u64 table = 0; table < 3; table++) REQUIRE(capabilities.link(table, make(ObjectType::CapabilityTable)));
  CapabilitySlot region = make(ObjectType::Region, kCeiling);
  // One run of frames.
  FrameNumber first = take_frame();
  for (u32 have = 1; have < kRegionFrames; have++) {
    FrameNumber next = take_frame();
    if (next.raw != first.raw + have) {
      first = next;
      have = 0;
    }
  }
  for (u32 i = 0; i < kRegionFrames; i += 16) REQUIRE(kRegion.give(region, FrameNumber(first.raw + i), 16));
  shared.first_frame = first;
  shared.frame_count = kRegionFrames;
  Made made = make_thread(space, kHostilePriority);
  hostile_thread.slot = made.thread;
  FrameNumber buffer = REQUIRE(kernel::AddressSpace{space}.query(VirtualAddress(made.buffer))).frame;
  REQUIRE(hostile_thread.configure(space, capabilities.slot, buffer, kNoSlot, 0, CapabilitySlot(HostileSlot::FirstDynamic.raw + 500)));
  shared.buffer = reinterpret_cast<MessageBuffer*>(made.buffer);

  auto install = [&](CapabilitySlot to, CapabilitySlot from, u64 rights = kAllRights) { REQUIRE(capabilities.install(to, from, rights, 0)); };
  install(HostileSlot::Region, region);
  install(HostileSlot::WeakRegion, region, right::Region::Use);
  install(HostileSlot::AddressSpace, space);
  install(HostileSlot::CapabilitySpace, capabilities.slot);
  install(HostileSlot::Thread, made.thread);
  install(HostileSlot::Notification, make(ObjectType::Notification));
  // The platform's capability as the kernel made it goes stale here; root goes on with a fresh one in the same slot.
  install(HostileSlot::StalePlatform, RootSlot::Platform);
  u32 end = last_frame();
  for (u32 frame = 1; frame < end; frame++) {
    auto found = kRegion.inspect(FrameNumber(frame));
    if (!found || found->type != u64(ObjectType::Platform)) continue;
    REQUIRE(kCapabilities.remove(RootSlot::Platform));
    REQUIRE(kRegion.renew(FrameNumber(frame), RootSlot::Platform));
    break;
  }
  install(HostileSlot::Platform, RootSlot::Platform);
  for (u32 frame = 1; frame < end; frame++) census_before[frame] = census_of(frame);
  REQUIRE(hostile_thread.start(reinterpret_cast<u64>(&hostile), made.stack_top - 8, 0, 0));
}

/// Looks at the hostile component every two milliseconds until it is through: frees it from what would block it for ever.
void watch() {
  u64 last_progress = ~u64{0};
  u32 idle = 0;
  while (!shared.done) {
    (void)never.wait(REQUIRE(kernel::System::now()) + kTick);
    idle = shared.progress == last_progress ? idle + 1 : 0;
    last_progress = shared.progress;
    if (idle > kDeadTicks) {
      print("STUCK in round ");
      print_number(shared.round);
      print(shared.is_random ? " at random, state " : " on purpose, state ");
      print_number(REQUIRE(hostile_thread.status()).state);
      print(" latest ");
      print(grammar::kOperations[index_of(Operation(u32(shared.latest)))].name);
      print(" at ");
      REQUIRE(hostile_thread.stop());
      print_number(REQUIRE(hostile_thread.read_registers(16)).r0);
      print("\n");
      shared.mistakes = shared.mistakes + 1;
      return;
    }
    if (!shared.is_random) continue;
    if (idle >= kStuckTicks && idle % 2 == 0) {
      REQUIRE(hostile_thread.stop());
      (void)hostile_thread.resume();
    } else if (idle >= kStuckTicks || random_below(4) == 0) {
      REQUIRE(hostile_thread.interrupt());
    }
  }
}

u64 seed_from_command_line() {
  const char* line = information().command_line;
  u64 seed = 0;
  for (; *line != 0; line++) {
    if (__builtin_memcmp(line, "seed=", 5) != 0) continue;
    for (line += 5; *line >= '0' && *line <= '9'; line++) seed = seed * 10 + u64(*line - '0');
    break;
  }
  return seed != 0 ? seed : 1;
}

void print_missing(const grammar::OperationEntry& entry, const char* outcome, u32 count) {
  print("MISSING: ");
  print(entry.name);
  print(" ");
  print(outcome);
  print(": ");
  print_number(count);
  print("\n");
  shared.mistakes = shared.mistakes + 1;
}

void check_floor() {
  for (u32 i = 0; i < grammar::kOperationCount; i++) {
    const grammar::OperationEntry& entry = grammar::kOperations[i];
    // Its success ends this test.
    if (counts[i].successes < kFloor && entry.operation != Operation::PlatformPower) print_missing(entry, "success", counts[i].successes);
    u64 documented = entry.errors | (entry.object == 31 ? 0 : grammar::kCapabilityErrors);
    for (u32 error = 1; error < kErrorLimit; error++) {
      if ((documented >> error & 1) == 0 || counts[i].errors[error] >= kFloor || is_out_of_reach(entry, Error(error))) continue;
      print_missing(entry, error_name(Error(error)), counts[i].errors[error]);
    }
  }
}

const char* name_of_entry(u32 kind) { return kind < kFirstTrap ? grammar::kOperations[kind].name : kTrapNames[kind - kFirstTrap]; }

void print_summary() {
  u64 successes = 0, errors = 0;
  for (const Count& count : counts) {
    successes += count.successes;
    for (u32 error : count.errors) errors += error;
  }
  print("operations ");
  print_number(successes + errors);
  print(" successes ");
  print_number(successes);
  print(" errors ");
  print_number(errors);
  u32 longest = 0;
  for (u32 kind = 0; kind < kEntryKinds; kind++) {
    if (shared.longest[kind] > shared.longest[longest]) longest = kind;
    if (shared.longest[kind] == 0) continue;
    print("\nlongest ");
    print(name_of_entry(kind));
    print(" ");
    print_number(shared.longest[kind]);
  }
  print("\nlongest kernel entry ");
  print_number(shared.longest[longest]);
  print(" ticks in ");
  print(name_of_entry(longest));
  print("\n");
}

}  // namespace

void pith::fuzz::hostile(u64) {
  for (shared.round = 0; shared.round < kRounds; shared.round = shared.round + 1) {
    begin_round();
    refuse_everywhere();
    directed_objects();
    directed_threads();
    shared.is_random = true;
    random_operations();
    shared.is_random = false;
    end_round();
  }
  shared.done = true;
  while (true) (void)kernel::System::yield();
}

void run_test() {
  shared.random_state = seed_from_command_line();
  print("seed ");
  print_number(shared.random_state);
  print("\n");
  make_witnesses();
  make_hostile();
  watch();
  check_witnesses();
  compare_census();
  check_floor();
  print_summary();
  if (shared.mistakes != 0) finish(1);
  print("fuzz passed\n");
}
