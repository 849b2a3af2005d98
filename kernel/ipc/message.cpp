// Message transfer. Buffers are user memory: each field is read once, nothing read is trusted.
#include "kernel/ipc/message.h"

#include "kernel/object/capability_space.h"
#include "kernel/sched/cpu.h"

namespace pith {

namespace {

constexpr u64 kCapabilitiesWord = offsetof(MessageBuffer, capabilities) / 8;

/// Copies `count` capabilities, at most four, into the receiver's window. Answers a bit for each that did not arrive.
u64 transfer_capabilities(Thread& sender, u32 count, Thread& receiver) {
  if (receiver.window == kNoSlot) return (1u << count) - 1;
  const volatile u64* pairs = &view<DataPage>(sender.buffer).words[kCapabilitiesWord];
  u64 slots[kMessageCapabilities / 2] = {pairs[0], pairs[1]};
  u64 missing = 0;
  for (u32 i = 0; i < count && i < kMessageCapabilities; i++) {
    CapabilitySlot from(u32(slots[i / 2] >> (i % 2 * 32)));
    if (!transfer_capability(sender, from, receiver, CapabilitySlot(receiver.window.raw + i))) missing |= u64{1} << i;
  }
  return missing;
}

}  // namespace

[[gnu::noinline]] bool transfer_capability(Thread& sender, CapabilitySlot from, Thread& receiver, CapabilitySlot to) {
  constexpr u32 kSlots = kTablesPerSpace * kSlotsPerTable;
  if (from.raw >= kSlots || to.raw >= kSlots || to == kNoSlot) return false;
  FrameNumber source = view<CapabilitySpace>(sender.capabilities).table[from.raw / kSlotsPerTable];
  const Capability& given = capability_tables[source.raw].slot[from.raw % kSlotsPerTable];  // an absent table is an empty one
  if (!given.is_live() || (given.rights() & kRightGrant) == 0) return false;
  FrameNumber destination = view<CapabilitySpace>(receiver.capabilities).table[to.raw / kSlotsPerTable];
  Capability& room = capability_tables[destination.raw].slot[to.raw % kSlotsPerTable];
  if (destination.raw == 0 || !room.is_empty()) return false;
  room = given;
  return true;
}

Result<void> check_message(const Thread& sender, Handle handle) {
  if (handle.words() > kMessageWords || handle.capabilities() > kMessageCapabilities) return Error::BadArgument;
  bool uses_buffer = handle.words() > kRegisterWords || handle.capabilities() > 0;
  if (uses_buffer && sender.buffer.raw == 0) return Error::NotConfigured;
  return {};
}

[[gnu::noinline]] u64 transfer_buffer(Thread& sender, Handle handle, Thread& receiver) {
  note_heavy_entry();
  u32 words = handle.words();
  u32 capabilities = handle.capabilities();
  if (words > kRegisterWords && (words > kMessageWords || receiver.buffer.raw == 0)) words = kRegisterWords;
  if (words > kRegisterWords) copy_buffer(view<DataPage>(sender.buffer), view<DataPage>(receiver.buffer), words);
  u64 missing = capabilities == 0 ? 0 : transfer_capabilities(sender, capabilities, receiver);
  return u64{words} << 32 | u64{capabilities} << 40 | missing << 44;
}

}  // namespace pith
