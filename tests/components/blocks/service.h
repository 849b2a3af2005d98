// A server of blocks: the blocks lie outside of the vault, what is known of them in it.
#pragma once
#include "lib/vault/state.h"
#include "lib/vault/transactional.h"
#include "protocols/blocks_server.h"

namespace pith::blocks {

inline constexpr u32 kBlocks = 8;
inline constexpr usize kBlockSize = 65536;

struct State {
  static constexpr u64 kLayout = 1;
  u64 version[kBlocks];
  u64 copied_from[kBlocks];
  void begin() {}
};

class Service final : public vault::Transactional<protocols::BlocksServer> {
 public:
  Service(CapabilitySlot endpoint, State& state) : Transactional(endpoint), state_(state) {}

  Result<u64> copy(Session session, u64 from, u64 to) override;

 private:
  State& state_;
  std::byte data_[kBlocks][kBlockSize] = {};
};

}  // namespace pith::blocks
