// A vault and its log in a host test, where a component has them.
#pragma once
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <vector>

#include "abi/vault.h"

namespace pith::vault {

inline std::vector<std::byte> copy_of(u64 address, u64 size) {
  const auto* first = reinterpret_cast<const std::byte*>(address);
  return {first, first + size};
}

/// Memory at a fixed address, as long as this lives.
class FixedMemory {
 public:
  FixedMemory(u64 address, u64 size) : address_(address), size_(size) {
    constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
    void* place = mmap(reinterpret_cast<void*>(address), size, PROT_READ | PROT_WRITE, kFlags, -1, 0);
    EXPECT_EQ(place, reinterpret_cast<void*>(address));
  }
  FixedMemory(const FixedMemory&) = delete;
  FixedMemory& operator=(const FixedMemory&) = delete;
  ~FixedMemory() { munmap(reinterpret_cast<void*>(address_), size_); }

 private:
  u64 address_, size_;
};

}  // namespace pith::vault
