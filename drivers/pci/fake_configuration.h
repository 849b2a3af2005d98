// Configuration space of a function in memory for tests.
#pragma once
#include <map>

#include "drivers/pci/configuration.h"

namespace pith::pci {

/// Base address registers answer what they are sized by; of every other register what was written last. A test may set `words` itself.
class FakeConfiguration final : public Configuration {
 public:
  u32 words[1024] = {};
  int writes = 0;
  /// Called before each write.
  void (*before_write)(FakeConfiguration& self, u32 offset) = nullptr;

  FakeConfiguration() = default;
  FakeConfiguration(u32 vendor, u32 device) {
    words[0] = device << 16 | vendor;
    words[1] = kHasCapabilities | 0x7;
  }

  u32 read(u32 offset) override { return words[offset / 4 % 1024]; }
  void write(u32 offset, u32 value) override {
    if (before_write) before_write(*this, offset);
    writes++;
    u32& word = words[offset / 4 % 1024];
    if (offset == 4) {
      word = (word & 0xffff0000) | (value & 0xffff);
    } else if (auto mask = writable_.find(offset); mask != writable_.end()) {
      word = (value & mask->second) | (word & ~mask->second);
    } else {
      word = value;
    }
  }

  /// A register for `size` bytes (a power of two) at `address`; one of 64 bits takes the next register as well.
  enum class Width { Narrow, Wide };
  void add_memory(u32 index, u64 address, u64 size, Width width) {
    u64 mask = ~(size - 1);
    writable_[0x10 + 4 * index] = u32(mask) & ~u32{15};
    words[4 + index] = u32(address) | (width == Width::Wide ? 4 : 0);
    if (width == Width::Narrow) return;
    writable_[0x14 + 4 * index] = u32(mask >> 32);
    words[5 + index] = u32(address >> 32);
  }
  void add_ports(u32 index, u32 first, u32 count) {
    writable_[0x10 + 4 * index] = ~(count - 1) & ~u32{3};
    words[4 + index] = first | 1;
  }
  /// A capability of `length` bytes at `offset`, in front of those that are there. Its second byte is the next one's offset.
  void add_capability(u32 offset, u32 id, u32 rest = 0) {
    words[offset / 4] = rest << 16 | (words[0x34 / 4] & 0xff) << 8 | id;
    words[0x34 / 4] = offset;
  }
  void add_message_table(u32 offset, u32 index, u32 place, u32 entries) {
    add_capability(offset, kMessageTableCapability, entries - 1);
    words[offset / 4 + 1] = place | index;
  }

 private:
  static constexpr u32 kHasCapabilities = u32{1} << 20;
  std::map<u32, u32> writable_;
};

}  // namespace pith::pci
