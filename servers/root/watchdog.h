// The hardware's watchdog as root feeds it: a machine whose root does not run any more begins anew.
#pragma once
#include "base/result.h"
#include "base/types.h"
#include "drivers/watchdog/ich9_tco/port_access.h"
#include "servers/root/frames.h"
#include "servers/root/places.h"

namespace pith::root {

class Watchdog {
 public:
  /// Makes the device's ports and registers root's and starts it. Errors: NotSupported without such a device, NoMemory, the kernel's.
  Result<void> start(FrameBank& bank, u32 milliseconds);

  /// Feeds it when that is due. `time`: nanoseconds since boot.
  void look(u64 time) {
    if (feed_at_ == 0 || time < feed_at_) return;
    device_.feed();
    feed_at_ = time + interval_;
  }
  /// When look() is wanted next; 0: never.
  u64 deadline() const { return feed_at_; }

 private:
  static constexpr CapabilitySlot kPorts{kSlotsPerTable - 2}, kChipSet{kSlotsPerTable - 3};

  ich9_tco::PortAccess access_{kPorts, kChipSetWindow};
  ich9_tco::Device device_{access_};
  u64 interval_ = 0, feed_at_ = 0;
};

}  // namespace pith::root
