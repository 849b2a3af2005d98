// Memory that the manifest has two or more components share, and the way to tell the others that something has changed there.
#pragma once
#include <cstddef>
#include <span>
#include <string_view>

#include "abi/start_information.h"
#include "base/result.h"

namespace pith {

/// A [[memory]] of the manifest, as this component sees it. It lasts as long as the system; whoever else shares it may write there at any
/// time.
struct SharedMemory {
  u32 number;                  ///< among all of the system
  std::span<std::byte> bytes;  ///< at the same address in all components
  u64 physical;                ///< where devices see it
};

/// The memory that the manifest calls `name`, if this component owns or shares it. Errors: NotFound.
Result<SharedMemory> find_memory(std::string_view name);

/// The capability to ring component `name`: to signal its notification with doorbell_bit() of this component. The owner of a memory and
/// each that shares it have one for each other. Errors: NotFound.
Result<CapabilitySlot> find_doorbell(std::string_view name);

/// The bit of on_signals() that says that component number `index` rang, or one 24 numbers away. Bits below 8 are for the component's own
/// interrupts.
constexpr u64 doorbell_bit(u32 index) { return u64{1} << (8 + index % 24); }

/// Reads a word of shared memory once, and everything after that later.
template <class T>
T load_shared(const T& place) {
  T value;
  __atomic_load(&place, &value, __ATOMIC_ACQUIRE);
  return value;
}

/// Writes a word of shared memory, and everything before that earlier.
template <class T>
void store_shared(T& place, T value) {
  __atomic_store(&place, &value, __ATOMIC_RELEASE);
}

}  // namespace pith
