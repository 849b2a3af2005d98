// A virtio disk for tests, which does requests in memory, all or when it is told to.
#pragma once
#include <map>

#include "drivers/virtio/block/device.h"
#include "drivers/virtio/fake_device.h"

namespace pith::virtio_block {

class FakeDisk final : public virtio::FakeDevice {
 public:
  std::vector<std::byte> medium;
  bool holds = false;  ///< requests wait for work()
  u8 answer = 0;       ///< status of each request
  u32 done = 0, flushes = 0, discarded = 0;
  /// Where transfers may be: first address and size. A transfer elsewhere is noted in `strays` and not done.
  std::map<u64, u64> allowed;
  u32 strays = 0;

  explicit FakeDisk(u64 sectors) : medium(sectors * kSectorSize) {
    features |= 1 << 9 | 1 << 13;
    memcpy(own, &sectors, sizeof sectors);
    on_notify = [this](u32) {
      if (!holds) work(~0u);
    };
  }

  /// Does up to `most` of the requests that are available.
  void work(u32 most) {
    for (u32 i = 0; i < most; i++) {
      auto chain = next(0);
      if (!chain) return;
      perform(*chain);
    }
  }

 private:
  void perform(const Chain& chain) {
    struct {
      u32 kind, reserved;
      u64 sector;
    } head;
    check(chain);
    memcpy(&head, at(chain.pieces[0].address), sizeof head);
    u8 status = answer;
    const virtio::Piece& data = chain.pieces[1];
    if (head.kind == u32(Kind::Flush)) flushes++;
    if (head.kind == u32(Kind::Discard)) discarded++;
    if (head.kind == u32(Kind::Read) || head.kind == u32(Kind::Write)) {
      bool is_there = head.sector * kSectorSize + data.length <= medium.size() && is_allowed(data);
      bool is_right = data.device_writes == (head.kind == u32(Kind::Read));
      std::byte* place = medium.data() + head.sector * kSectorSize;
      if (!is_there || !is_right) {
        strays++;
        status = 1;
      } else if (status == 0) {
        head.kind == u32(Kind::Read) ? memcpy(at(data.address), place, data.length) : memcpy(place, at(data.address), data.length);
      }
    }
    memcpy(at(chain.pieces.back().address), &status, 1);
    done++;
    use(0, chain.id, 1);
  }
  static void check(const Chain& chain) {
    if (chain.pieces.size() < 2 || chain.pieces[0].length != 16 || !chain.pieces.back().device_writes) throw std::logic_error("request");
  }
  bool is_allowed(const virtio::Piece& data) const {
    auto range = allowed.upper_bound(data.address);
    if (range == allowed.begin()) return false;
    --range;
    return data.address - range->first + data.length <= range->second;
  }
  static std::byte* at(u64 address) { return reinterpret_cast<std::byte*>(address); }
};

}  // namespace pith::virtio_block
