// Platform: authority over the machine itself, held by root.
#pragma once
#include "kernel/generated/results.h"
#include "kernel/memory/view.h"

namespace pith {

/// It has no state: the one Platform lies in the frame of the first capability to it.
struct alignas(kPageSize) Platform {
  static constexpr ObjectType kType = ObjectType::Platform;

  Result<void> create_interrupt(Thread& caller, CapabilitySlot region, FrameNumber frame, u64 line, CapabilitySlot slot);
  Result<void> create_io_ports(Thread& caller, CapabilitySlot region, FrameNumber frame, u64 first, u64 count, CapabilitySlot slot);
  Result<void> create_device_share(Thread& caller, CapabilitySlot region, FrameNumber frame, u64 first, u64 pages, CapabilitySlot slot);
  Result<void> write_diagnostic(Thread& caller, u64 text);
  Result<void> power(Thread& caller, u64 action);
  Result<PlatformMeasureResult> measure(Thread& caller);
};

/// Pages of device memory that one share maps at most.
inline constexpr u64 kDevicePagesPerShare = 32;

/// Checks that nothing of the kernel and no frame lies in the pages from the address `first` on. Error: BadArgument.
Result<void> check_device_memory(u64 first, u64 pages);

/// Lets the empty share map the pages from the address `first` on.
void map_device(Share& share, u64 first, u64 pages);

extern "C" Platform platforms[];
template <>
struct ViewArray<Platform> {
  static Platform* array() { return platforms; }
};

}  // namespace pith
