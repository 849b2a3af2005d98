// Moves indices between ring and device. What the client and the device write is read once and believed only after a check.
#include "servers/netcard/service.h"

#include <cstring>
#include <utility>

#include "lib/log.h"
#include "lib/shared_memory.h"

namespace pith::netcard {

namespace {

constexpr u32 kLeastBytes = 14;  // of a frame: two addresses and a type
static_assert(virtio_net::Slots::kCount == packet::kSlots && virtio_net::kMostBytes == packet::kMostBytes);
static_assert(packet::kHeaderBytes >= sizeof(virtio_net::Header) && packet::kHeaderBytes + packet::kMostBytes <= packet::kSlotBytes);

}  // namespace

Service::Service(CapabilitySlot endpoint, virtio_net::Device* device, std::span<const ClientMemory> memories)
    : NetcardServer(endpoint), device_(device), has_link_(device && device->has_link()) {
  for (const ClientMemory& memory : memories) {
    if (ring_ || memory.bytes.size() < packet::kRingBytes) continue;
    memory_ = &memory;
    ring_ = reinterpret_cast<packet::Ring*>(memory.bytes.data());
  }
}

Result<protocols::NetcardStateResult> Service::state(Session) const {
  if (!device_) return Error::NotFound;
  u64 address = 0;
  memcpy(&address, device_->address().data(), device_->address().size());
  return protocols::NetcardStateResult{address, has_link_, received_, sent_, resets_};
}

void Service::signals(u64 bits) {
  // The device interrupts for a change of its link as for frames.
  if (device_ && (bits & kInterruptBit) != 0 && device_->has_link() != has_link_) {
    has_link_ = !has_link_;
    is_told_ = false;
  }
  pump();
}

void Service::pump() {
  if (!ring_) return;
  if (load_shared(ring_->magic) != packet::Ring::kMagic) {
    // The device keeps the slots that it has: reset when the client takes part again, which may mean something else by them then.
    is_attached_ = is_told_ = false;
    return;
  }
  if (device_ && (!is_attached_ || !is_consistent())) attach();
  if (device_) {
    take_received();
    take_sent();
  }
  if (device_ && device_->is_broken()) repair();
  if (device_) give_slots();
  if (!is_told_ || load_shared(ring_->is_present) == 0) tell();
  if (has_news_) ring(memory_->owner);
  has_news_ = false;
}

void Service::repair() {
  if (breaks_++ == kMostRestarts) return give_up(Error::Limit);
  attach();
  if (device_) log_line(LogLevel::Warning, "the card was reset");
}

bool Service::is_consistent() const {
  const virtio_net::Slots &received = device_->received(), &sent = device_->sent();
  if (load_shared(ring_->received.filled) != received.taken() || load_shared(ring_->sent.taken) != sent.taken()) return false;
  u64 kept = received.taken() - load_shared(ring_->received.taken), to_send = load_shared(ring_->sent.filled) - sent.taken();
  return kept <= packet::kSlots && to_send <= packet::kSlots && to_send >= sent.added() - sent.taken();
}

/// The device is reset and goes on where the ring is; what it had done for the instance before is not lost, and not done twice. Indices
/// that do not fit together were left by a client that died, or that lies: no slot counts then.
void Service::attach() {
  u64 filled = load_shared(ring_->received.filled), taken = load_shared(ring_->sent.taken);
  u64 client_taken = load_shared(ring_->received.taken), client_filled = load_shared(ring_->sent.filled);
  if (filled - client_taken > packet::kSlots) filled = client_taken;
  if (client_filled - taken > packet::kSlots) taken = client_filled;
  if (std::exchange(may_take_over_, false)) {
    device_->reopen(filled, taken);
    for (; filled - client_taken < packet::kSlots; filled++) {
      auto length = device_->take_received();
      if (!length) break;
      received_++;
      store_shared(ring_->received.length[filled % packet::kSlots], *length);
    }
    for (; taken != client_filled && device_->sent().take(); taken++) sent_++;
  }
  // Before the device's queues are begun anew: who dies in between has not lost what was in them.
  store_shared(ring_->received.filled, filled);
  store_shared(ring_->sent.taken, taken);
  Result<void> started = device_->restart(filled, taken);
  resets_++;
  if (!started) return give_up(started.error());
  wanted_ = virtio::Interrupts::Wanted;
  is_attached_ = has_news_ = true;
}

void Service::take_received() {
  u64 before = device_->received().taken(), number = before;
  while (auto length = device_->take_received()) {
    breaks_ = 0;
    received_++;
    store_shared(ring_->received.length[number++ % packet::kSlots], *length);
  }
  if (number == before) return;
  store_shared(ring_->received.filled, number);
  has_news_ = true;
}

/// Interrupts for sent frames are wanted when the client may wait for a slot only.
void Service::take_sent() {
  virtio_net::Slots& sent = device_->sent();
  bool was_short = sent.added() - sent.taken() >= packet::kSlots / 2;
  u64 before = sent.taken();
  while (sent.take()) {
    breaks_ = 0;
    sent_++;
  }
  if (sent.taken() == before) return;
  store_shared(ring_->sent.taken, sent.taken());
  has_news_ = has_news_ || was_short;
}

void Service::give_slots() {
  // These were consistent a moment ago; the client may have changed them since.
  const virtio_net::Slots& received = device_->received();
  u64 free = load_shared(ring_->received.taken) + packet::kSlots - received.added();
  for (; free != 0 && free <= packet::kSlots && !received.is_full(); free--) {
    device_->receive(frame(packet::received_slot(received.added())));
  }
  virtio_net::Slots& sent = device_->sent();
  u64 to_send = load_shared(ring_->sent.filled) - sent.added();
  for (; to_send != 0 && to_send <= packet::kSlots && !sent.is_full(); to_send--) give_frame();
  auto wanted = sent.added() - sent.taken() >= packet::kSlots / 2 ? virtio::Interrupts::Wanted : virtio::Interrupts::Unwanted;
  if (wanted != wanted_) sent.ask_for(wanted);
  wanted_ = wanted;
  device_->publish();
  take_sent();  // what was done before interrupts were asked for, or was skipped
}

/// One that is no frame is skipped.
void Service::give_frame() {
  virtio_net::Slots& sent = device_->sent();
  u64 number = sent.added(), slot = packet::sent_slot(number);
  u32 length = load_shared(ring_->sent.length[number % packet::kSlots]);
  if (length < kLeastBytes || length > packet::kMostBytes) return sent.skip();
  memset(memory_->bytes.data() + slot + packet::kHeaderBytes - sizeof(virtio_net::Header), 0, sizeof(virtio_net::Header));
  device_->send(frame(slot), length);
}

/// What an instance before has told may have been another card's.
void Service::tell() {
  if (device_) {
    memcpy(ring_->address, device_->address().data(), device_->address().size());
    store_shared(ring_->has_link, u64{has_link_});
  }
  store_shared(ring_->is_present, u64{device_ ? 1U : 2U});
  is_told_ = has_news_ = true;
}

void Service::give_up(Error error) {
  log_line(LogLevel::Error, "the card is given up: %s", error_name(error));
  device_ = nullptr;
  is_told_ = false;
}

}  // namespace pith::netcard
