// A disk's driver: does what is submitted in its clients' rings. It keeps nothing that matters: a new instance does everything anew that is
// still submitted.
#pragma once
#include "drivers/virtio/block/device.h"
#include "lib/driver_memory.h"
#include "protocols/block_ring.h"
#include "protocols/disk_server.h"

namespace pith::disk {

class Service : public protocols::DiskServer {
 public:
  static constexpr u32 kMostMemories = StartInformation::kMemories;

  /// `memories`: those of others. `device`: null where there is none.
  Service(CapabilitySlot endpoint, virtio_block::Device* device, std::span<const ClientMemory> memories);

  Result<protocols::DiskStateResult> state(Session session) const override;

  /// Takes what the device has done, and gives it what is submitted.
  void pump();

 protected:
  void signals(u64) override { pump(); }
  /// Tells a component that something in its ring is done.
  virtual void ring(u32 component) = 0;
  ~Service() = default;

 private:
  static constexpr u32 kMostRestarts = 4;  // in a row, without anything getting done

  struct Client {
    const ClientMemory* memory = nullptr;
    u64 under_way = 0;  // requests of its ring, as bits
    bool is_told = false;
    bool has_news = false;
  };
  struct UnderWay {
    u32 client, slot;
    bool is_followed_by_flush;
  };

  static block::Ring& ring_of(const Client& client) { return *reinterpret_cast<block::Ring*>(client.memory->bytes.data()); }
  void tell(Client& client);
  void take_done();
  void submit_all();
  /// Whether the device took it; if not, it stays submitted.
  bool submit(u32 client, u32 slot);
  block::Outcome check(const Client& client, const block::Request& request, u64& address) const;
  void finish(Client& client, u32 slot, block::Outcome outcome);
  void restart();

  virtio_block::Device* device_;
  Client clients_[kMostMemories];
  u32 client_count_ = 0;
  std::span<const ClientMemory> memories_;
  UnderWay under_way_[virtio::Queue::kRequests] = {};
  u64 done_ = 0, failed_ = 0;
  u32 restarts_ = 0;
};

}  // namespace pith::disk
