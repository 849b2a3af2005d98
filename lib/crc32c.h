// CRC-32C (Castagnoli, as in iSCSI and ext4): tells bytes that were changed by accident, not by intent.
#pragma once
#include <array>
#include <cstddef>
#include <span>

#include "base/types.h"

namespace pith {

namespace detail {

/// Of each byte, the polynomial's bits in reverse order.
inline constexpr std::array<u32, 256> kCrc32c = [] {
  std::array<u32, 256> table{};
  for (u32 byte = 0; byte < table.size(); byte++) {
    u32 rest = byte;
    for (u32 bit = 0; bit < 8; bit++) rest = rest >> 1 ^ (rest & 1 ? 0x82f63b78 : 0);
    table[byte] = rest;
  }
  return table;
}();

}  // namespace detail

constexpr u32 crc32c(std::span<const std::byte> bytes) {
  u32 rest = ~u32{0};
  for (std::byte byte : bytes) rest = rest >> 8 ^ detail::kCrc32c[(rest ^ u32(byte)) & 0xff];
  return ~rest;
}

}  // namespace pith
