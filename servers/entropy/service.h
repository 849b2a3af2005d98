// The entropy service: random bytes for everybody.
#pragma once
#include "lib/vault/state.h"
#include "lib/vault/transactional.h"
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

/// What lasts. The last answers lie in the vault until others take their place, as with every server of its kind.
struct State {
  static constexpr u64 kLayout = 1;
  Generator generator;
  bool is_seeded;
  void begin() {}
};

/// What an event that is taken back would have given out is not given out by the next one: each mixes in the source anew.
class Service : public vault::Transactional<protocols::EntropyServer> {
 public:
  Service(CapabilitySlot endpoint, Source& source, State& state) : Transactional(endpoint), source_(source), state_(state) {}

  Result<Bytes> read(Session session, u64 most, std::span<std::byte, 448> data_room) override;
  Result<void> add(Session session, std::span<const std::byte> data) override;

 private:
  Source& source_;
  State& state_;
};

/// Mixes in what the source has now.
void stir(Generator& generator, Source& source);

}  // namespace pith::entropy
