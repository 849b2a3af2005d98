// A network card's driver: has the device fill and read the slots of its client's ring. It keeps nothing that matters: a new instance
// resets the device, takes what that has done from its queues, and goes on with the ring's indices.
#pragma once
#include "drivers/virtio/net/device.h"
#include "lib/driver_memory.h"
#include "protocols/netcard_server.h"
#include "protocols/packet_ring.h"

namespace pith::netcard {

class Service : public protocols::NetcardServer {
 public:
  /// Of the notification's bits: the device's interrupt.
  static constexpr u64 kInterruptBit = 1;

  /// `device`, started: null where there is none. `memories`: those of others; the first one that can hold a ring is the client's.
  Service(CapabilitySlot endpoint, virtio_net::Device* device, std::span<const ClientMemory> memories);

  Result<protocols::NetcardStateResult> state(Session session) const override;

  /// Takes what the device has done, and gives it slots. The client is rung when frames have come, when it waits for slots to send in (half
  /// of them were taken), and when it is told what the card is.
  void pump();

 protected:
  void signals(u64 bits) override;
  /// Tells a component that something in its ring is new.
  virtual void ring(u32 component) = 0;
  ~Service() = default;

 private:
  static constexpr u32 kMostRestarts = 4;  // of a device that breaks, in a row, without a frame in between

  void attach();
  void repair();
  /// Whether the ring's indices are what this instance has left there, and the client's fit to them.
  bool is_consistent() const;
  void take_received();
  void take_sent();
  void give_slots();
  void give_frame();
  void tell();
  void give_up(Error error);
  /// Where the device sees the frame at this offset of the client's memory.
  u64 frame(u64 offset) const { return memory_->physical + offset + packet::kHeaderBytes; }

  virtio_net::Device* device_;
  const ClientMemory* memory_ = nullptr;
  packet::Ring* ring_ = nullptr;
  bool is_attached_ = false;   // the device has the ring's slots
  bool may_take_over_ = true;  // what the device has done for the instance before is still in its queues
  bool is_told_ = false, has_link_ = false, has_news_ = false;
  virtio::Interrupts wanted_ = virtio::Interrupts::Wanted;
  u64 received_ = 0, sent_ = 0, resets_ = 0;
  u32 breaks_ = 0;
};

}  // namespace pith::netcard
