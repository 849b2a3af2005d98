// A virtio network card for tests: keeps what is sent, and receives what a test gives it.
#pragma once
#include <map>
#include <string>

#include "drivers/virtio/fake_device.h"
#include "drivers/virtio/net/device.h"

namespace pith::virtio_net {

class FakeCard final : public virtio::FakeDevice {
 public:
  std::vector<std::string> sent;
  bool holds = false;          ///< frames to send wait for work()
  std::map<u64, u64> allowed;  ///< where frames may be: first address and size
  u32 strays = 0, lost = 0;

  FakeCard() {
    features |= 1 << 5 | 1 << 16;
    const u8 values[] = {0x52, 0x54, 0, 0x12, 0x34, 0x56, 1, 0};
    memcpy(own, values, sizeof values);
    on_notify = [this](u32 queue) {
      if (queue == 1 && !holds) work(~0u);
    };
  }
  void set_link(bool is_up) { own[6] = is_up; }

  /// Sends up to `most` of the frames that are available.
  void work(u32 most) {
    for (u32 i = 0; i < most; i++) {
      auto chain = next(1);
      if (!chain) return;
      const virtio::Piece& piece = chain->pieces[0];
      if (chain->pieces.size() != 1 || piece.device_writes || piece.length < 26 || piece.length > 1526 || !is_allowed(piece)) {
        strays++;
      } else {
        const auto* bytes = reinterpret_cast<const char*>(piece.address);
        if (std::string(bytes, 12) != std::string(12, '\0')) strays++;  // asks for something that was not agreed on
        sent.emplace_back(bytes + 12, piece.length - 12);
      }
      use(1, chain->id, 0);
    }
  }
  /// A frame comes. Lost when there is no room.
  void receive(const std::string& frame) {
    auto chain = next(0);
    if (!chain) {
      lost++;
      return;
    }
    fill(*chain, frame);
    use(0, chain->id, u32(12 + frame.size()));
  }
  void fill(const Chain& chain, const std::string& frame) {
    const virtio::Piece& piece = chain.pieces[0];
    if (chain.pieces.size() != 1 || !piece.device_writes || piece.length != 1526 || !is_allowed(piece)) {
      strays++;
      return;
    }
    auto* bytes = reinterpret_cast<char*>(piece.address);
    memset(bytes, 0xee, 12);
    memcpy(bytes + 12, frame.data(), frame.size());
  }

 private:
  bool is_allowed(const virtio::Piece& piece) const {
    auto range = allowed.upper_bound(piece.address);
    if (range == allowed.begin()) return false;
    --range;
    return piece.address - range->first + piece.length <= range->second;
  }
};

}  // namespace pith::virtio_net
