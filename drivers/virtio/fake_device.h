// A virtio device over PCI for tests: its registers, and the device's side of its queues. Addresses that it is told are the test's own.
#pragma once
#include <cstring>
#include <functional>
#include <optional>
#include <vector>

#include "drivers/pci/fake_configuration.h"
#include "drivers/virtio/rings.h"

namespace pith::virtio {

class FakeDevice : public Access {
 public:
  static constexpr u32 kIndex = 4;  // base address register
  static constexpr u64 kBytes = 0x4000;
  static constexpr u32 kCommon = 0, kNotify = 0x1000, kOwn = 0x2000, kNotifyStep = 4;

  struct QueueRegisters {
    u16 size = 256, message = 0xffff, is_on = 0;
    u64 descriptors = 0, available = 0, used = 0;
    u16 taken = 0, filled = 0;  // the device's side
  };

  pci::FakeConfiguration function{0x1af4, 0x1040};
  u64 features = u64{1} << 32, agreed = 0;
  u8 status = 0;
  u8 own[64] = {};
  QueueRegisters queues[4];
  u32 resets = 0, selected = 0, feature_half = 0, driver_half = 0;
  bool refuses = false, never_resets = false, has_messages = true;
  std::function<void(u32)> on_notify;
  struct Death {};
  u32 accesses_left = 0;  ///< not 0: the driver dies, by a Death, before the access to registers that makes it 0

  FakeDevice() {
    add(0x40, 1, kCommon, 56);
    add(0x60, 2, kNotify, 0x100);
    function.words[0x60 / 4 + 4] = kNotifyStep;
    add(0x80, 4, kOwn, sizeof own);
  }
  /// A capability that says where registers of a kind are.
  void add(u32 offset, u32 kind, u32 place, u32 length, u32 index = kIndex) {
    function.add_capability(offset, pci::kVendorCapability, kind << 8 | 16);
    function.words[offset / 4 + 1] = index;
    function.words[offset / 4 + 2] = place;
    function.words[offset / 4 + 3] = length;
  }

  u8 read8(u32 offset) override {
    count_access();
    if (offset == kCommon + 20) return status;
    return offset >= kOwn && offset < kOwn + sizeof own ? own[offset - kOwn] : 0xff;
  }
  u16 read16(u32 offset) override {
    count_access();
    QueueRegisters& queue = queues[selected % 4];
    switch (offset - kCommon) {
      case 24:
        return selected < 4 ? queue.size : 0;
      case 26:
        return has_messages ? queue.message : 0xffff;
      case 30:
        return u16(selected);
      default:
        return 0xffff;
    }
  }
  u32 read32(u32 offset) override {
    count_access();
    if (offset == kCommon + 4) return u32(feature_half == 0 ? features : features >> 32);
    u32 value = ~u32{0};
    if (offset >= kOwn && offset + 4 <= kOwn + sizeof own) memcpy(&value, own + (offset - kOwn), 4);
    return value;
  }
  void write8(u32 offset, u8 value) override {
    count_access();
    if (offset != kCommon + 20) return;
    status = value;
    if (refuses) status &= u8(~8);
    if (value != 0) return;
    if (never_resets) status = 64;
    resets++;
    for (QueueRegisters& queue : queues) queue = {queue.size};
  }
  void write16(u32 offset, u16 value) override {
    count_access();
    if (offset >= kNotify && offset < kNotify + 0x100) {
      if (on_notify) on_notify((offset - kNotify) / kNotifyStep);
      return;
    }
    QueueRegisters& queue = queues[selected % 4];
    if (offset == kCommon + 22) selected = value;
    if (offset == kCommon + 24) queue.size = value;
    if (offset == kCommon + 26) queue.message = value;
    if (offset == kCommon + 28) queue.is_on = value;
  }
  void write32(u32 offset, u32 value) override {
    count_access();
    QueueRegisters& queue = queues[selected % 4];
    auto half = [&](u64& whole, u32 which) {
      whole = which == 0 ? (whole & ~u64{0xffffffff}) | value : (whole & 0xffffffff) | u64{value} << 32;
    };
    u32 at = offset - kCommon;
    if (at == 0) feature_half = value;
    if (at == 8) driver_half = value;
    if (at == 12) half(agreed, driver_half);
    if (at >= 32 && at < 40) half(queue.descriptors, (at - 32) / 4);
    if (at >= 40 && at < 48) half(queue.available, (at - 40) / 4);
    if (at >= 48 && at < 56) half(queue.used, (at - 48) / 4);
  }

  /// The next chain of descriptors that the driver has made available. Checks that it is one.
  struct Chain {
    u32 id = 0;
    std::vector<Piece> pieces;
  };
  std::optional<Chain> next(u32 number) {
    QueueRegisters& queue = queues[number];
    if (!queue.is_on) return {};
    auto* available = reinterpret_cast<u16*>(queue.available);
    if (available[1] == queue.taken) return {};
    Chain chain;
    chain.id = available[2 + queue.taken++ % queue.size];
    struct Descriptor {
      u64 address;
      u32 length;
      u16 flags, next;
    };
    for (u32 at = chain.id, i = 0; i < queue.size; i++) {
      if (at >= queue.size) throw std::out_of_range("descriptor");
      Descriptor descriptor = reinterpret_cast<Descriptor*>(queue.descriptors)[at];
      chain.pieces.push_back({descriptor.address, descriptor.length, (descriptor.flags & 2) != 0});
      if ((descriptor.flags & 1) == 0) break;
      at = descriptor.next;
    }
    return chain;
  }
  /// Says that a chain was used. Any number may be said.
  void use(u32 number, u32 id, u32 length) {
    QueueRegisters& queue = queues[number];
    auto* entry = reinterpret_cast<u32*>(queue.used + 4) + 2 * (queue.filled % queue.size);
    entry[0] = id;
    entry[1] = length;
    set_used_index(number, ++queue.filled);
  }
  void count_access() {
    if (accesses_left != 0 && --accesses_left == 0) throw Death();
  }
  void set_used_index(u32 number, u16 index) { reinterpret_cast<u16*>(queues[number].used)[1] = index; }
  bool wants_interrupts(u32 number) const { return (reinterpret_cast<u16*>(queues[number].available)[0] & 1) == 0; }
};

}  // namespace pith::virtio
