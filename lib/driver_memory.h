// The memory that a driver's device may reach: the driver's own, and what clients share with it.
#pragma once
#include <cstddef>
#include <span>

#include "abi/boot_image.h"
#include "abi/start_information.h"

namespace pith {

/// Memory that this driver and others see.
struct ClientMemory {
  u32 number;  ///< among all of the system
  std::span<std::byte> bytes;
  u64 physical;  ///< where devices see it
  u64 parties;   ///< bit N: component N
  u32 owner;
};

struct DriverMemory {
  ClientMemory clients[StartInformation::kMemories];
  u32 count = 0;
  std::span<std::byte> own;  ///< empty: there is none
  u64 own_physical = 0;
};

/// What the manifest gives this component.
DriverMemory find_driver_memory();

/// Rings component number `index`, if they share memory.
void ring_component(u32 index);

}  // namespace pith
