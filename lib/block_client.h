// A block device as its client sees it: a ring of requests in memory that client and driver share.
#pragma once
#include <optional>

#include "abi/error.h"
#include "abi/kernel.h"
#include "lib/shared_memory.h"
#include "protocols/block_ring.h"

namespace pith::block {

/// It keeps nothing outside of the ring: a new instance finds there what the one before has submitted.
class Client {
 public:
  /// `memory` begins with the ring, `doorbell` is the driver's.
  Client(const SharedMemory& memory, CapabilitySlot doorbell) : ring_(*reinterpret_cast<Ring*>(memory.bytes.data())), doorbell_{doorbell} {}

  /// Takes part in the ring; what was submitted there stays. Told by the driver's doorbell when is_present() changes.
  void open() {
    store_shared(ring_.magic, Ring::kMagic);
    ring();
  }
  /// Whether the driver has told what the device is.
  bool is_told() const { return load_shared(ring_.is_present) != 0; }
  bool is_present() const { return load_shared(ring_.is_present) == 1; }
  u64 sectors() const { return load_shared(ring_.sectors); }
  bool is_read_only() const { return load_shared(ring_.is_read_only) != 0; }
  bool can_flush() const { return load_shared(ring_.can_flush) != 0; }
  bool can_discard() const { return load_shared(ring_.can_discard) != 0; }

  /// Submits a request; `state` and `outcome` of it do not matter. The driver is told by ring(). Answers the slot, or nothing when all are
  /// taken.
  std::optional<u32> submit(const Request& request) {
    for (u32 i = 0; i < kMostRequests; i++) {
      if (load_shared(ring_.requests[i].state) != State::Free) continue;
      Request& place = ring_.requests[i];
      place = request;
      place.outcome = Outcome::Good;
      store_shared(place.state, State::Submitted);
      return i;
    }
    return {};
  }
  void ring() { (void)doorbell_.signal(0); }

  bool is_under_way(u32 slot) const { return load_shared(ring_.requests[slot].state) == State::Submitted; }
  /// Of a request that is done: what became of it; the slot is free afterwards. Nothing: it is not done.
  std::optional<Outcome> take(u32 slot) {
    Request& place = ring_.requests[slot];
    if (load_shared(place.state) != State::Done) return {};
    Outcome outcome = place.outcome;
    store_shared(place.state, State::Free);
    return outcome;
  }
  const Request& request(u32 slot) const { return ring_.requests[slot]; }
  /// Whether anything is submitted: of a new instance, whether something may still arrive that it did not ask for.
  bool has_requests() const {
    for (u32 i = 0; i < kMostRequests; i++) {
      if (is_under_way(i)) return true;
    }
    return false;
  }

 private:
  Ring& ring_;
  kernel::Notification doorbell_;
};

}  // namespace pith::block
