// Where a component sees device memory that it was granted.
#pragma once
#include "abi/start_information.h"

namespace pith {

/// Windows 0 to image::kComponentGrants - 1 show the device memory of the grant of that number; the others what the bus has given.
inline constexpr u64 kDeviceWindows = 128;
inline constexpr u64 kFirstBusWindow = image::kComponentGrants;

/// Address of a window.
constexpr u64 device_window(u64 number) { return kShareWindow + number * 512 * kPageSize; }

/// Where a memory that components share lies, by its number.
constexpr u64 shared_memory_address(u32 number) { return kSharedMemory + u64{number} * image::kMostSharedPages * kPageSize; }

}  // namespace pith
