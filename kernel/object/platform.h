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

extern "C" Platform platforms[];
template <>
struct ViewArray<Platform> {
  static Platform* array() { return platforms; }
};

}  // namespace pith
