// Random operations on random slots with random words, biased towards what exists.
#include "tests/guest/fuzz.h"

namespace pith::fuzz {

namespace {

constexpr u32 kOperationsPerRound = 5000;
constexpr u64 kAddressEnd = u64{1} << 47;

u64 random_value() {
  switch (random_below(8)) {
    case 0: return 0;
    case 1: return random_below(8);
    case 2: return random_below(64);
    case 3: return random_below(600);
    case 4: return u64{1} << random_below(64);
    case 5: return ~u64{0} - random_below(3);
    case 6: return random_below(2'000'000);
    default: return random_number();
  }
}

u64 random_slot() {
  u64 used = round.next_slot.raw - HostileSlot::FirstDynamic.raw;
  switch (random_below(16)) {
    case 0: return HostileSlot::Unlinked.raw;
    case 1: return HostileSlot::Empty.raw;
    case 2: return random_value();
    case 3: return HostileSlot::AddressSpace.raw;
    case 4: return HostileSlot::WeakRegion.raw;
    case 5: return HostileSlot::StalePlatform.raw;
    case 6: return round.stale[3 + random_below(13)].raw;
    case 7: return round.weak[3 + random_below(13)].raw;
    case 8:
    case 9: return round.good.slot[3 + random_below(13)].raw;
    case 10: return round.closed.slot[3 + random_below(13)].raw;
    default: return HostileSlot::FirstDynamic.raw + random_below(used + 24);
  }
}

/// A slot that random operations may fill or empty: not one of those that the component lives by.
u64 random_free_slot() {
  u64 slot = random_slot();
  return slot <= HostileSlot::Empty.raw ? HostileSlot::FirstDynamic.raw + random_below(200) : slot;
}

u64 random_frame() {
  switch (random_below(10)) {
    case 0: return shared.foreign_frame.raw;
    case 1: return random_value();
    case 2: return round.good.frame[3 + random_below(13)].raw;
    case 3: return random_below(0x20000);
    default: return shared.first_frame.raw + random_below(shared.frame_count + 4);
  }
}

u64 random_address() {
  switch (random_below(8)) {
    case 0: return random_number();
    case 1: return kAddressEnd - 4096 * random_below(3);
    case 2: return 0x400000 + 4096 * random_below(40);  // the component's own program
    case 3: return (random_number() % kAddressEnd) & ~u64{0x1fffff};
    case 4: return kSetBase + (random_below(8) << 21);
    default: return kSetBase + 4096 * random_below(1024);
  }
}

/// Where a thread may be sent: never into the middle of this program, whose memory the statistics lie in.
u64 random_instruction() {
  const u64 places[] = {0, 0x1000, kAddressEnd, ~u64{0}, kSetBase};
  return places[random_below(5)];
}

u64 random_word(grammar::WordKind kind) {
  switch (kind) {
    case grammar::WordKind::Frame: return random_frame();
    case grammar::WordKind::Slot: return random_slot();
    case grammar::WordKind::Address: return random_address();
    case grammar::WordKind::Type: return random_below(18);
    case grammar::WordKind::U64: return random_value();
  }
  return 0;
}

bool is_own(u64 slot) { return slot > 0 && slot < HostileSlot::Empty.raw; }

}  // namespace

void random_operations() {
  using enum Operation;
  for (u32 i = 0; i < kOperationsPerRound; i++) {
    const grammar::OperationEntry& entry = grammar::kOperations[random_below(grammar::kOperationCount)];
    Operation operation = entry.operation;
    if (operation == PlatformPower || entry.object == u32(ObjectType::Platform)) continue;  // done on purpose only: they reach beyond the region by design
    u64 slot = random_slot();
    // Half of the time a capability of the right type.
    if (entry.object < 16 && random_below(2) == 0) slot = round.good.slot[entry.object].raw;
    if (is_own(slot) && slot != HostileSlot::AddressSpace.raw && slot != HostileSlot::WeakRegion.raw) continue;
    Words words{};
    for (u32 word = 0; word < entry.argument_count; word++) words.w[word] = random_word(entry.arguments[word].kind);
    if (operation == RegionCreate) words.w[2] = random_free_slot();
    if (operation == RegionRenew) words.w[1] = random_free_slot();
    if (operation == ThreadStart) words.w[0] = random_instruction();
    if (operation == ThreadWriteRegister) words.w[1] = random_instruction();
    // Waiting for ever is cut short by the driver.
    if (operation == EndpointReceive || operation == NotificationWait) words.w[0] = random_below(4) != 0 ? 1 + random_below(1000) : 0;
    shared.buffer->deadline = random_below(2);
    for (u32& sent : shared.buffer->capabilities) sent = u32(random_slot());
    u32 length = u32(random_below(3) != 0 ? random_below(65) : random_below(128));
    (void)perform(operation, CapabilitySlot(u32(slot & (kTablesPerSpace * kSlotsPerTable - 1))), words, length, u32(random_below(8)));
  }
  shared.buffer->deadline = 0;
  (void)perform(PlatformMeasure, HostileSlot::Platform);
}

}  // namespace pith::fuzz
