// Commands to the unit, each of which it says to have done. [vt-d 3.4, 6.5, 11.4]
#include "drivers/iommu/vt_d/unit.h"

#include <cstddef>

#include "abi/error.h"

namespace pith::vt_d {

namespace {

constexpr u32 kCapabilities = 0x08, kMoreCapabilities = 0x10, kCommand = 0x18, kStatus = 0x1c, kRoot = 0x20, kContextCommand = 0x28;
constexpr u32 kFaultStatus = 0x34, kFaultControl = 0x38;
constexpr u32 kTranslate = u32{1} << 31, kSetRoot = u32{1} << 30, kFlushWrites = u32{1} << 27;
/// What the command register keeps of its state; the others are done once.
constexpr u32 kLasting = 0x96ffffff;
constexpr u64 kInvalidate = u64{1} << 63, kAllContexts = u64{1} << 61, kAllTranslations = u64{1} << 60;
constexpr u64 kDrain = u64{3} << 48;
constexpr u32 kFaultsLost = 1, kFaultWaits = 2, kFaultMasked = u32{1} << 31;
constexpr u32 kMostReads = 1'000'000;
constexpr u64 kPage = 4096;
constexpr u32 kLine = 64;

/// Offsets that the unit itself says.
u64 fault_records(u64 capabilities) { return (capabilities >> 24 & 0x3ff) * 16; }
u64 fault_count(u64 capabilities) { return (capabilities >> 40 & 0xff) + 1; }
u64 invalidation(u64 more) { return (more >> 8 & 0x3ff) * 16; }

template <class Done>
Result<void> wait_for(Done done) {
  for (u32 i = 0; i < kMostReads; i++) {
    if (done()) return {};
  }
  return Error::TimedOut;
}

}  // namespace

Result<u32> Unit::levels() {
  u64 capabilities = registers_.read64(kCapabilities), more = registers_.read64(kMoreCapabilities);
  bool is_seen = fault_records(capabilities) + fault_count(capabilities) * 16 <= kPage && invalidation(more) + 16 <= kPage;
  if (!is_seen || capabilities == ~u64{0}) return Error::NotSupported;
  if ((capabilities >> 9 & 1) != 0) return 3U;
  if ((capabilities >> 10 & 1) != 0) return 4U;
  return Error::NotSupported;
}

bool Unit::translates_by(u64 root) { return (registers_.read32(kStatus) & kTranslate) != 0 && registers_.read64(kRoot) == root; }

Result<void> Unit::command(u32 bit) {
  registers_.write32(kCommand, (registers_.read32(kStatus) & kLasting) | bit);
  bool is_flush = bit == kFlushWrites;  // the one whose bit goes away when it is done
  return wait_for([&] { return ((registers_.read32(kStatus) & bit) != 0) != is_flush; });
}

Result<void> Unit::forget() {
  registers_.write64(kContextCommand, kInvalidate | kAllContexts);
  TRY(wait_for([&] { return (registers_.read64(kContextCommand) & kInvalidate) == 0; }));
  u32 place = u32(invalidation(registers_.read64(kMoreCapabilities))) + 8;
  registers_.write64(place, kInvalidate | kAllTranslations | kDrain);
  return wait_for([&] { return (registers_.read64(place) & kInvalidate) == 0; });
}

Result<void> Unit::switch_on(u64 root, std::span<const std::byte> tables) {
  bool must_flush = (registers_.read64(kCapabilities) >> 4 & 1) != 0, is_coherent = (registers_.read64(kMoreCapabilities) & 1) != 0;
  if (!is_coherent) {
    for (usize i = 0; i < tables.size(); i += kLine) asm volatile("clflush %0" : : "m"(tables[i]) : "memory");
  }
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  if (must_flush) TRY(command(kFlushWrites));
  registers_.write32(kFaultControl, kFaultMasked);
  registers_.write64(kRoot, root);
  TRY(command(kSetRoot));
  TRY(forget());
  return command(kTranslate);
}

std::optional<Fault> Unit::take_fault() {
  if ((registers_.read32(kFaultStatus) & (kFaultsLost | kFaultWaits)) == 0) return {};
  u64 capabilities = registers_.read64(kCapabilities);
  u32 first = u32(fault_records(capabilities));
  for (u32 i = 0; i < fault_count(capabilities); i++) {
    u32 place = first + 16 * i;
    u64 high = registers_.read64(place + 8);
    if (high >> 63 == 0) continue;
    u64 address = registers_.read64(place) & ~(kPage - 1);
    registers_.write32(place + 12, u32{1} << 31);  // the record may be used anew
    return Fault{u32(high & 0xffff), address, u32(high >> 32 & 0xff), (high >> 62 & 1) != 0 ? Access::Read : Access::Write};
  }
  registers_.write32(kFaultStatus, kFaultsLost);
  return {};
}

}  // namespace pith::vt_d
