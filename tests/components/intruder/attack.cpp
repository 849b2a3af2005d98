// The attack: seeded operations on every slot, then rubbish over the memory of this component.
#include <iterator>

#include "abi/grammar.h"
#include "lib/ipc/ipc.h"
#include "lib/random.h"
#include "lib/start.h"
#include "tests/components/intruder/service.h"

namespace pith::intruder {

namespace {

constexpr u32 kOperations = 400;

/// All slots that something may be in are tried more often than others.
CapabilitySlot random_slot(Random& random) {
  u32 first_free = ComponentSlot::FirstGrant.raw + image::kComponentGrants;
  switch (random.below(8)) {
    case 0:
      return CapabilitySlot(ComponentSlot::Window.raw + u32(random.below(kMessageCapabilities)));
    case 1:
      return CapabilitySlot(ComponentSlot::FirstDynamic.raw + u32(random.below(16)));
    case 2:
      return CapabilitySlot(u32(random.below(u64{kTablesPerSpace} * kSlotsPerTable)));
    default:
      return CapabilitySlot(1 + u32(random.below(first_free)));
  }
}

u64 random_frame(Random& random) {
  const StartInformation& start = start_information();
  if (start.pool_count == 0) return random.below(0x20000);
  const FrameRange& range = start.pool[random.below(start.pool_count)];
  // Those before its pool are its own too: root's objects of this instance.
  return range.first - 64 + random.below(range.count + 64);
}

u64 random_word(Random& random, grammar::WordKind kind) {
  if (random.below(8) == 0) return random.below(~u64{0});
  switch (kind) {
    case grammar::WordKind::Frame:
      return random_frame(random);
    case grammar::WordKind::Slot:
      return random_slot(random).raw;
    case grammar::WordKind::Address: {
      constexpr u64 kPlaces[] = {kProgramAddress, kStartInformation, kHeapAddress, kMessageBuffer,
                                 kShareWindow,    kVaultAddress,     kPoolAddress};
      return kPlaces[random.below(std::size(kPlaces))] + random.below(64) * kPageSize;
    }
    case grammar::WordKind::Type:
      return random.below(18);
    case grammar::WordKind::U64:
      return random.below(2) ? random.below(64) : u64{1} << random.below(64);
  }
  return 0;
}

void try_one(Random& random) {
  const grammar::OperationEntry& entry = grammar::kOperations[random.below(grammar::kOperationCount)];
  CapabilitySlot slot = random_slot(random);
  Words words;
  for (u32 i = 0; i < kRegisterWords; i++) words.w[i] = random_word(random, entry.arguments[i].kind);
  Handle handle = Handle::operation(u32(entry.operation), slot);
  if (entry.kind == grammar::OperationKind::Fast) {
    u64 which = random.below(16);
    handle = which == 0 ? Handle::reply_receive(slot) : which < 8 ? Handle::run_guest(slot) : Handle::call(slot);
  } else if (entry.kind == grammar::OperationKind::Long) {
    for (u32& sent : ipc::message_buffer().capabilities) sent = random_slot(random).raw;
    ipc::message_buffer().deadline = 1;  // over: it does not wait, but for a server
    handle = Handle::message(u32(entry.operation), slot, u32(random.below(70)), u32(random.below(6)));
  }
  // Most of what waits for something does so until an instant that has passed; what waits for ever is the supervisor's to notice.
  if (random.below(50) != 0 && entry.argument_count == 1) words.w[0] = 1;
  (void)invoke(handle.raw, words);
}

struct Area {
  u64 address, size;
};

/// Words, all or every eighth or so. Not logged, and not taken back.
[[gnu::section(".text.unlogged"), gnu::noinline]] void write_rubbish(Area area, u64 seed) {
  u64 state = seed * 2 + 1;
  u64 mask = seed % 2 ? 0 : 7;
  for (u64 address = area.address; address < area.address + area.size; address += sizeof(u64)) {
    state = state * 6364136223846793005 + 1442695040888963407;
    if ((state >> 33 & mask) == 0) *reinterpret_cast<volatile u64*>(address) = state ^ state >> 29;
  }
}

u64 program_data;

}  // namespace

void do_its_worst(u64 seed) {
  Random random(seed);
  u64 count = random.below(kOperations);
  for (u64 i = 0; i < count; i++) try_one(random);
  const StartInformation& start = start_information();
  u64 data = reinterpret_cast<u64>(&program_data) & ~(kPageSize - 1);
  const Area areas[] = {{kVaultAddress, start.vault_size},
                        {vault::kLogAddress, start.undo_log_size},
                        {kHeapAddress, start.heap_size},
                        {kMessageBuffer, kPageSize},
                        {data, kPageSize}};
  for (const Area& area : areas) {
    if (random.below(3) != 0) write_rubbish(area, random.below(~u64{0}));
  }
  u64 stack = reinterpret_cast<u64>(__builtin_frame_address(0)) & ~(kPageSize - 1);
  write_rubbish({stack, kStackTop - stack}, random.below(~u64{0}));
  __builtin_trap();
}

}  // namespace pith::intruder
