// The entropy service: random bytes for everybody.
#pragma once
#include "protocols/entropy_server.h"
#include "servers/entropy/generator.h"

namespace pith::entropy {

/// A source that the generator is fed from again and again.
class Source {
 public:
  /// Fills part of `room` and says how much.
  virtual usize collect(std::span<std::byte> room) = 0;

 protected:
  ~Source() = default;
};

/// It keeps nothing across restarts: a new instance collects afresh, and what an old one gave out is not repeated.
class Service : public protocols::EntropyServer {
 public:
  Service(CapabilitySlot endpoint, Source& source) : EntropyServer(endpoint), source_(source) {}

  Result<Bytes> read(Session session, u64 most, std::span<std::byte, 448> data_room) override;
  Result<void> add(Session session, std::span<const std::byte> data) override;

  /// Mixes in what the source has now.
  void stir();

 private:
  Source& source_;
  Generator generator_;
};

}  // namespace pith::entropy
