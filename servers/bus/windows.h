// Physical memory as the bus sees it: through windows that root gives for good.
#pragma once
#include "lib/device_window.h"
#include "servers/bus/acpi.h"

namespace pith::bus {

/// What has been given, kept across restarts: a window cannot be given anew, and nobody says what it shows.
struct GivenWindows {
  static constexpr u64 kMost = kDeviceWindows - kFirstBusWindow;
  struct Range {
    u64 first, size;
  };
  /// Those before `count` are there. The one behind them is being asked for when its size is not 0.
  Range ranges[kMost];
  u64 count;
};

class Windows : public PhysicalMemory {
 public:
  explicit Windows(GivenWindows& given) : given_(given) {}

  std::span<std::byte> show(u64 address, u64 size) override;

 protected:
  /// Asks root to show `size` bytes from `first` on in window number `window` of the bus. Errors: Occupied when something is there.
  virtual Result<void> give(u64 window, u64 first, u64 size) = 0;
  /// Where the bus sees it.
  virtual std::byte* place(u64 window) = 0;
  ~Windows() = default;

 private:
  static constexpr u64 kMostPages = 32;  // of a window

  bool add(GivenWindows::Range range);
  bool ask();

  GivenWindows& given_;
};

}  // namespace pith::bus
