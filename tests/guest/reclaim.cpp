// The reclaim test: a component with 64 MiB, 100 threads, 10,000 capabilities and shares is closed and taken back; every frame returns, in bounded steps.
#include "abi/grammar.h"
#include "abi/guest.h"
#include "tests/guest/machine.h"

using namespace pith;
using namespace pith::guest_test;

namespace {

constexpr u32 kDataFrames = 16'384;  // 64 MiB
constexpr u32 kThreads = 100;
constexpr u32 kCapabilityCount = 10'000;
constexpr u32 kFrames = 272 * 64;
constexpr u32 kNestedFrames = 128;
constexpr u64 kData = 0x0000'1200'0000'0000;
constexpr u64 kCode = 0x0000'1300'0000'0000;
constexpr u64 kShareAddress = 0x0000'0061'0000'0000;  // in root's space
constexpr u64 kRootShareAddress = kData + (u64{512} << 20);
constexpr u32 kMostFrames = 1 << 18;
constexpr u32 kCodeBytes = 9;
/// P2: 2,500 instructions and one cleared frame, which is 512 of them; the rest is leaving by the way that restores all registers.
constexpr u64 kBound = 2'500 + 512 + 100;
/// Taking back clears nothing.
constexpr u64 kReclaimBound = 2'500;

u64 census_before[kMostFrames];
u32 census_end;
u32 mistakes;

void wrong(const char* what, u64 number) {
  if (mistakes++ > 20) return;
  print("WRONG: ");
  print(what);
  print(" ");
  print_number(number);
  print("\n");
}

u64 census_of(u32 frame) {
  auto found = kRegion.inspect(FrameNumber(frame));
  return found ? found->type | u64{found->owner.raw} << 8 | found->uses << 32 : ~u64{0};
}

/// Root's slots for the component's objects; they are there before the census, with the tables that they lie in.
CapabilitySlot reserved[1'000];
u32 reserved_used;
CapabilitySlot reserved_slot() { return reserved[reserved_used++ % 1'000]; }

/// The component, as root made it.
struct Component {
  kernel::Region region;
  FrameNumber first, next, end;
  kernel::AddressSpace space;
  kernel::CapabilitySpace capabilities;
  CapabilitySlot watched[64];  ///< root's capabilities to its objects
  u32 watched_count;

  FrameNumber take() {
    if (next == end) fail("the component is out of frames", Error::NoMemory);
    return FrameNumber(next.raw++);
  }
  FrameNumber make_frame(ObjectType type, u64 argument = 0) {
    FrameNumber frame = take();
    REQUIRE(kRegion.create(frame, type, kNoSlot, argument, FrameNumber()));
    return frame;
  }
  CapabilitySlot make(ObjectType type, u64 argument = 0) {
    CapabilitySlot slot = reserved_slot();
    REQUIRE(kRegion.create(take(), type, slot, argument, FrameNumber()));
    if (watched_count < 64) watched[watched_count++] = slot;
    return slot;
  }
  void map(u64 address, FrameNumber frame, Access access) {
    while (true) {
      auto mapped = space.map(region.slot, VirtualAddress(address), frame, u64(access));
      if (mapped) return;
      if (mapped.error() != Error::NoTable) fail("map", mapped.error());
      for (u64 level = 3; level-- > 0;) {
        u64 span = u64{1} << (12 + 9 * (level + 1));
        FrameNumber table = make_frame(ObjectType::PageTable, level);
        auto linked = space.link_table(VirtualAddress(address & ~(span - 1)), table);
        if (!linked && linked.error() != Error::Occupied) fail("link_table", linked.error());
      }
    }
  }
};

Component component;

/// Longest kernel entry seen by anybody so far, and since when.
u64 longest, longest_operation;
/// The line that ./pith verify --bounds reads.
void print_longest(const char* name, u64 ticks) {
  print("longest ");
  print(name);
  print(" ");
  print_number(ticks);
  print("\n");
}
void note_longest(const char* phase) {
  auto seen = REQUIRE(kPlatform.measure());
  print(phase);
  print(": ");
  print_number(seen.entries);
  print(" entries, the longest ");
  print_number(seen.longest);
  print(" ticks in ");
  const char* name = "a trap";
  for (const auto& entry : grammar::kOperations) {
    if (u64(entry.operation) == seen.operation) name = entry.name;
  }
  print(name);
  print("\n");
  if (seen.operation < 1024) print_longest(name, seen.longest);
  if (seen.longest > longest) {
    longest = seen.longest;
    longest_operation = seen.operation;
  }
  if (seen.longest > kBound) wrong("an entry is longer than its bound, in ticks:", seen.longest);
}

void take_census(u64* into) {
  for (u32 frame = 1; frame < census_end; frame++) into[frame] = census_of(frame);
}

/// The end of the longest run of frames becomes the component's; root itself takes from the beginning of the first.
void choose_frames() {
  FrameRange best{};
  for (u32 i = 0; i < information().range_count; i++) {
    FrameRange range = information().untyped[i];
    if (range.count > best.count) best = range;
    if (range.first + range.count > census_end) census_end = range.first + range.count;
  }
  if (best.count < kFrames + 1000 || census_end > kMostFrames) fail("memory", Error::NoMemory);
  component.first = component.next = FrameNumber(best.first + best.count - kFrames);
  component.end = FrameNumber(best.first + best.count);
}

void make_memory() {
  component.space.slot = reserved_slot();
  FrameNumber frame = component.take(), top = component.make_frame(ObjectType::PageTable, kTopLevel);
  REQUIRE(kRegion.create(frame, ObjectType::AddressSpace, component.space.slot, 0, top));
  component.watched[component.watched_count++] = component.space.slot;
  for (u32 i = 0; i < kDataFrames; i++) component.map(kData + i * kPageSize, component.make_frame(ObjectType::Data), Access::ReadWrite);
}

/// Threads run `mov %rdi, %r10; xor %edi, %edi; syscall; ud2`: one operation, whose handle is their argument. Its page is shared with root, which writes it.
void make_code(kernel::Share share) {
  FrameNumber code = component.make_frame(ObjectType::Data);
  REQUIRE(share.map(0, code, u64(Access::ReadWrite)));
  REQUIRE(kSpace.link_share(VirtualAddress(kShareAddress), share.slot));
  const u8 bytes[kCodeBytes] = {0x49, 0x89, 0xfa, 0x31, 0xff, 0x0f, 0x05, 0x0f, 0x0b};
  for (u32 i = 0; i < kCodeBytes; i++) reinterpret_cast<volatile u8*>(kShareAddress)[i] = bytes[i];
  component.map(kCode, code, Access::ReadExecute);
}

constexpr CapabilitySlot kServed{1}, kUnserved{2}, kSignals{3}, kFirstGuest{16};

void make_threads() {
  kernel::Endpoint served{component.make(ObjectType::Endpoint)}, unserved{component.make(ObjectType::Endpoint)};
  auto install = [&](CapabilitySlot to, CapabilitySlot from) { REQUIRE(component.capabilities.install(to, from, kAllRights, 0)); };
  install(kServed, served.slot);
  install(kUnserved, unserved.slot);
  constexpr u32 kKinds = 6;
  for (u32 i = 0; i < kThreads; i++) {
    kernel::Thread thread{component.make(ObjectType::Thread, 55)};
    kernel::SchedulingContext context{component.make(ObjectType::SchedulingContext)};
    REQUIRE(context.configure(51, 10'000'000, 10'000'000, 0));
    REQUIRE(context.bind(thread.slot));
    FrameNumber buffer = component.make_frame(ObjectType::Data);
    REQUIRE(thread.configure(component.space.slot, component.capabilities.slot, buffer, unserved.slot, i, kNoSlot));
    u64 argument = 0, entry = kCode;
    switch (i % kKinds) {
      case 0: argument = Handle::call(kUnserved).raw; break;
      case 1:  // one receives, and serves those of kind 2 without ever answering; the others wait for signals
        if (i == 1) {
          REQUIRE(served.bind(thread.slot));
          argument = Handle::operation(u32(Operation::EndpointReceive), kServed).raw;
          break;
        }
        [[fallthrough]];
      case 3: {
        CapabilitySlot slot{100 + i};
        install(slot, component.make(ObjectType::Notification));
        argument = Handle::operation(u32(Operation::NotificationWait), slot).raw;
        break;
      }
      case 2: argument = Handle::call(kServed).raw; break;
      case 4: entry = kCode + kCodeBytes - 2; break;  // faults at once, and nobody serves its fault endpoint
      case 5: {                                       // in a guest, which is stopped there: its time is taken away
        kernel::Guest guest{component.make(ObjectType::Guest)};
        FrameNumber page = component.make_frame(ObjectType::Data);
        REQUIRE(guest.configure(component.space.slot, page));
        install(CapabilitySlot(kFirstGuest.raw + i / kKinds), guest.slot);
        kernel::VectorState vector{component.make(ObjectType::VectorState)};
        REQUIRE(thread.set_vector_state(vector.slot));
        argument = Handle::run_guest(CapabilitySlot(kFirstGuest.raw + i / kKinds)).raw;
        REQUIRE(context.unbind());
        break;
      }
    }
    REQUIRE(thread.start(entry, kData + kPageSize, 0, argument));
  }
  if (REQUIRE(unserved.status()).waiting == 0 || REQUIRE(served.status()).waiting == 0) wrong("nobody waits", 0);
}

void make_capabilities() {
  component.capabilities.slot = component.make(ObjectType::CapabilitySpace);
  CapabilitySlot temporary = reserved_slot();
  for (u32 table = 0; table <= kCapabilityCount / kSlotsPerTable + 1; table++) {
    REQUIRE(kRegion.create(component.take(), ObjectType::CapabilityTable, temporary, 0, FrameNumber()));
    REQUIRE(component.capabilities.link(table, temporary));
    REQUIRE(kCapabilities.remove(temporary));
  }
  for (u32 i = 0; i < kCapabilityCount; i++) {
    CapabilitySlot source = component.watched[i % component.watched_count];
    REQUIRE(component.capabilities.install(CapabilitySlot(kSlotsPerTable + i), source, kAllRights, 0));
  }
}

/// A region below the component's, with an address space, a thread that runs in it, and frames of its own.
void make_nested() {
  Component nested{};
  nested.region.slot = component.make(ObjectType::Region, 55);
  nested.first = nested.next = component.next;
  nested.end = FrameNumber(component.next.raw + kNestedFrames);
  for (u32 i = 0; i < kNestedFrames; i += 16) REQUIRE(component.region.give(nested.region.slot, FrameNumber(component.next.raw + i), 16));
  component.next = nested.end;
  nested.space.slot = reserved_slot();
  FrameNumber frame = nested.take(), top = nested.make_frame(ObjectType::PageTable, kTopLevel);
  REQUIRE(kRegion.create(frame, ObjectType::AddressSpace, nested.space.slot, 0, top));
  for (u32 i = 0; i < 64; i++) nested.map(kData + i * kPageSize, nested.make_frame(ObjectType::Data), Access::ReadWrite);
  kernel::Thread thread{nested.make(ObjectType::Thread, 20)};
  REQUIRE(thread.configure(nested.space.slot, component.capabilities.slot, FrameNumber(), kNoSlot, 0, kNoSlot));
  REQUIRE(thread.start(kData, 0, 0, 0));
  // A leaf table of the nested region in the component's own space, and the component's thread in the nested one's.
  FrameNumber table = nested.make_frame(ObjectType::PageTable);
  REQUIRE(component.space.link_table(VirtualAddress(kData + (u64{768} << 20)), table));
  kernel::Share share{nested.make(ObjectType::Share)};
  REQUIRE(share.map(3, nested.make_frame(ObjectType::Data), u64(Access::Read)));
  REQUIRE(component.space.link_share(VirtualAddress(kData + (u64{770} << 20)), share.slot));
}

u32 entries_of_reclaim;
u64 longest_of_type[32];  ///< by the type of the first frame of a reclaim

void take_back() {
  REQUIRE(component.region.close());
  bool again = true;
  u32 passes = 0;
  for (; again && passes < 10; passes++) {
    again = false;
    for (u32 at = component.first.raw; at < component.end.raw;) {
      u64 count = component.end.raw - at < 64 ? component.end.raw - at : 64;
      u64 type = REQUIRE(kRegion.inspect(FrameNumber(at))).type;
      (void)REQUIRE(kPlatform.measure());
      auto step = REQUIRE(kRegion.reclaim(FrameNumber(at), count));
      u64 ticks = REQUIRE(kPlatform.measure()).longest;
      if (ticks > longest_of_type[type % 32]) longest_of_type[type % 32] = ticks;
      entries_of_reclaim++;
      if (step.state == 2) again = true;
      at += u32(step.done);
    }
  }
  print("passes ");
  print_number(passes);
  print(", entries ");
  print_number(entries_of_reclaim);
  print("\n");
  for (u32 type = 0; type < 32; type++) {
    if (longest_of_type[type] == 0) continue;
    print("reclaim of type ");
    print_number(type);
    print(": at most ");
    print_number(longest_of_type[type]);
    print(" ticks\n");
    if (longest_of_type[type] > kReclaimBound) wrong("Region.reclaim is longer than its bound, in ticks:", longest_of_type[type]);
    print_longest("Region.reclaim", longest_of_type[type]);
    if (longest_of_type[type] > longest) longest = longest_of_type[type];
  }
}

void check_frames() {
  for (u32 frame = 1; frame < census_end; frame++) {
    if (census_of(frame) != census_before[frame]) wrong("a frame is not what it was:", frame);
  }
}

void check_capabilities() {
  for (u32 i = 0; i < component.watched_count; i++) {
    auto found = REQUIRE(kCapabilities.inspect(component.watched[i]));
    if (found.live != 0) wrong("a capability still works:", component.watched[i].raw);
  }
  if (auto refused = component.region.status(); refused || refused.error() != Error::Stale) wrong("the region's capability still works", 0);
  if (auto refused = component.space.flush(); refused || refused.error() != Error::Stale) wrong("the space's capability still works", 0);
}

}  // namespace

void run_test() {
  choose_frames();
  component.region.slot = make(ObjectType::Region, 55);
  FrameNumber region_frame = REQUIRE(component.region.status()).self;
  // What root itself needs on the way is made before the census: slots, tables for the share, a share of its own.
  map_page(kSpace, kShareAddress + (u64{8} << 20), Access::ReadWrite);
  kernel::Share own_share{make(ObjectType::Share)};
  FrameNumber own_page = take_frame();
  REQUIRE(kRegion.create(own_page, ObjectType::Data, kNoSlot, 0, FrameNumber()));
  REQUIRE(own_share.map(0, own_page, u64(Access::ReadWrite)));
  for (CapabilitySlot& slot : reserved) slot = take_slot();
  take_census(census_before);
  (void)REQUIRE(kPlatform.measure());  // the boot

  for (u32 i = 0; i < kFrames; i += 16) REQUIRE(kRegion.give(component.region.slot, FrameNumber(component.first.raw + i), 16));
  note_longest("give");
  make_memory();
  note_longest("memory");
  kernel::Share share{component.make(ObjectType::Share)};
  make_code(share);
  make_capabilities();
  note_longest("capabilities");
  make_threads();
  note_longest("threads");
  make_nested();
  REQUIRE(component.space.link_share(VirtualAddress(kRootShareAddress), own_share.slot));
  note_longest("nested");
  print("frames in use ");
  print_number(component.next.raw - component.first.raw);
  print("\n");

  take_back();
  note_longest("reclaim");
  check_frames();
  check_capabilities();
  if (auto found = kSpace.query(VirtualAddress(kShareAddress)); found) wrong("the component's share is still linked", 0);
  if (REQUIRE(kSpace.query(VirtualAddress(kShareAddress + (u64{8} << 20)))).access != u64(Access::ReadWrite)) wrong("a page of root's own", 0);
  // Root's share is free again, and its page still there.
  if (auto linked = kSpace.link_share(VirtualAddress(kShareAddress), own_share.slot); !linked) wrong("root's share is still in use", 0);
  if (REQUIRE(kSpace.query(VirtualAddress(kShareAddress))).frame != own_page) wrong("root's shared page", 0);
  REQUIRE(kRegion.destroy(region_frame));
  note_longest("destroy");
  print("longest entry ");
  print_number(longest);
  print(" ticks\n");
  if (mistakes != 0) finish(1);
  print("reclaim passed\n");
}
