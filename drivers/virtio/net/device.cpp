// Starts a network card and keeps its two queues. [virtio 1.2, 5.1]
#include "drivers/virtio/net/device.h"

#include "abi/error.h"

namespace pith::virtio_net {

namespace {

/// Of the device's own registers. [virtio 1.2, 5.1.4]
constexpr u32 kAddressRegister = 0, kStatusRegister = 6;
constexpr u8 kLinkIsUp = 1;

}  // namespace

Result<void> Device::start(pci::Configuration& function, u32 index, u64 size, std::span<std::byte> memory, u64 physical) {
  if (memory.size() < kMemoryBytes) return Error::NoMemory;
  memory_ = memory;
  physical_ = physical;
  TRY(transport_.find(function, index, size));
  return reset();
}

Result<void> Device::reset() {
  is_reset_ = false;
  TRY(transport_.reset());
  features_ = TRY(transport_.agree(kAddress | kStatus));
  if ((features_ & kAddress) == 0) return Error::NotSupported;
  for (u32 i = 0; i < sizeof address_; i++) address_[i] = transport_.device_byte(kAddressRegister + i);
  is_reset_ = true;
  return {};
}

void Device::reopen(u64 first_received, u64 first_sent) {
  received_.reopen(received_memory(), first_received);
  sent_.reopen(sent_memory(), first_sent);
  is_odd_ = false;
}

Result<void> Device::restart(u64 first_received, u64 first_sent) {
  // Not twice: what comes meanwhile may wait in the device, and another reset would lose it.
  if (!is_reset_) TRY(reset());
  is_reset_ = false;
  received_.initialize(received_memory(), physical_, first_received);
  sent_.initialize(sent_memory(), physical_ + Slots::kBytes, first_sent);
  is_odd_ = has_received_news_ = has_sent_news_ = false;
  TRY(transport_.set_queue(kReceiveQueue, received_.places()));
  TRY(transport_.set_queue(kSendQueue, sent_.places()));
  transport_.run();
  return {};
}

/// A card that does not tell has one.
bool Device::has_link() { return (features_ & kStatus) == 0 || (transport_.device_byte(kStatusRegister) & kLinkIsUp) != 0; }

void Device::publish() {
  if (has_received_news_ && received_.publish()) transport_.notify(kReceiveQueue);
  if (has_sent_news_ && sent_.publish()) transport_.notify(kSendQueue);
  has_received_news_ = has_sent_news_ = false;
}

std::optional<u32> Device::take_received() {
  if (is_odd_) return {};
  auto written = received_.take();
  if (!written) return {};
  is_odd_ = *written < sizeof(Header) || *written > sizeof(Header) + kMostBytes;
  if (is_odd_) return {};
  return *written - u32(sizeof(Header));
}

}  // namespace pith::virtio_net
