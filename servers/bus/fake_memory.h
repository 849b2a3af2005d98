// Physical memory for tests: pieces at addresses of their own.
#pragma once
#include <map>
#include <vector>

#include "servers/bus/acpi.h"

namespace pith::bus {

class FakeMemory final : public PhysicalMemory {
 public:
  std::map<u64, std::vector<std::byte>> pieces;

  std::span<std::byte> show(u64 address, u64 size) override {
    if (size > 4096) return {};
    auto piece = pieces.upper_bound(address);
    if (piece == pieces.begin()) return {};
    --piece;
    u64 offset = address - piece->first;
    if (offset > piece->second.size() || size > piece->second.size() - offset) return {};
    return std::span(piece->second).subspan(offset, size);
  }
};

}  // namespace pith::bus
