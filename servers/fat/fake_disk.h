// A disk in a host test: it does what lies in the ring, in any order, and knows what would be left of it if the power failed.
#pragma once
#include <algorithm>
#include <cstring>
#include <map>
#include <vector>

#include "lib/random.h"
#include "lib/shared_memory.h"
#include "protocols/block_ring.h"

namespace pith::fat {

class FakeDisk {
 public:
  using Image = std::vector<std::byte>;

  /// `memories`: those that requests may name, by number.
  FakeDisk(Image image, block::Ring& ring, std::map<u32, std::span<std::byte>> memories)
      : image_(std::move(image)), medium_(image_), ring_(ring), memories_(std::move(memories)) {
    ring_.sectors = image_.size() / block::kSectorSize;
    ring_.can_flush = 1;
    ring_.is_present = 1;
  }

  bool has_requests() const {
    return std::any_of(std::begin(ring_.requests), std::end(ring_.requests), [](const auto& one) { return is_submitted(one); });
  }
  /// Does one of those that are submitted. Whether there was one.
  bool do_one(Random& random) {
    u32 first = u32(random.below(block::kMostRequests));
    for (u32 i = 0; i < block::kMostRequests; i++) {
      block::Request& request = ring_.requests[(first + i) % block::kMostRequests];
      if (!is_submitted(request)) continue;
      requests++;
      request.outcome = perform(request);
      store_shared(request.state, block::State::Done);
      return true;
    }
    return false;
  }

  /// What is on the medium when the power fails now: all that was flushed, and some of the rest.
  Image after_power_cut(Random& random) const {
    Image left = medium_;
    for (const auto& [sector, versions] : unflushed_) {
      u64 count = random.below(versions.size() + 1);
      if (count != 0) memcpy(left.data() + sector * block::kSectorSize, versions[count - 1].data(), block::kSectorSize);
    }
    return left;
  }

  const Image& image() const { return image_; }
  Image& image() { return image_; }

  u64 requests = 0, writes = 0;
  u64 fails_at = ~u64{0};  ///< sector that cannot be read or written

 private:
  static bool is_submitted(const block::Request& request) { return load_shared(request.state) == block::State::Submitted; }

  block::Outcome perform(const block::Request& request) {
    using block::Operation;
    using block::Outcome;
    if (request.operation == Operation::Flush) {
      for (const auto& [sector, versions] : unflushed_)
        memcpy(medium_.data() + sector * block::kSectorSize, versions.back().data(), block::kSectorSize);
      unflushed_.clear();
      return Outcome::Good;
    }
    auto memory = memories_.find(request.memory);
    u64 offset = request.sector * block::kSectorSize;
    if (request.length == 0 || request.length % block::kSectorSize != 0 || memory == memories_.end()) return Outcome::Malformed;
    if (request.offset % block::kSectorSize != 0 || request.offset + request.length > memory->second.size()) return Outcome::Malformed;
    if (offset + request.length > image_.size()) return Outcome::OutOfRange;
    if (fails_at >= request.sector && fails_at < request.sector + request.length / block::kSectorSize) return Outcome::Failed;
    std::byte* bytes = memory->second.data() + request.offset;
    if (request.operation == Operation::Read) {
      memcpy(bytes, image_.data() + offset, request.length);
      return Outcome::Good;
    }
    writes++;
    memcpy(image_.data() + offset, bytes, request.length);
    for (u64 i = 0; i < request.length / block::kSectorSize; i++) {
      const std::byte* sector = bytes + i * block::kSectorSize;
      unflushed_[request.sector + i].emplace_back(sector, sector + block::kSectorSize);
    }
    return Outcome::Good;
  }

  Image image_, medium_;
  block::Ring& ring_;
  std::map<u32, std::span<std::byte>> memories_;
  std::map<u64, std::vector<std::vector<std::byte>>> unflushed_;
};

}  // namespace pith::fat
