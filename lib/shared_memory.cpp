// Finds shared memory and doorbells in the start information.
#include "lib/shared_memory.h"

#include <cstring>

#include "abi/error.h"
#include "lib/device_window.h"
#include "lib/start.h"

namespace pith {

namespace {

bool is_called(const char (&field)[24], std::string_view name) { return std::string_view(field, strnlen(field, sizeof field)) == name; }

}  // namespace

Result<SharedMemory> find_memory(std::string_view name) {
  const StartInformation& start = start_information();
  for (u32 i = 0; i < start.memory_count && i < StartInformation::kMemories; i++) {
    const NamedMemory& memory = start.memories[i];
    if (!is_called(memory.name, name)) continue;
    auto* first = reinterpret_cast<std::byte*>(shared_memory_address(memory.number));
    return SharedMemory{memory.number, {first, memory.pages * kPageSize}, memory.physical};
  }
  return Error::NotFound;
}

Result<CapabilitySlot> find_doorbell(std::string_view name) {
  const StartInformation& start = start_information();
  for (u32 i = 0; i < start.slot_count && i < StartInformation::kSlots; i++) {
    const NamedSlot& entry = start.slots[i];
    if (entry.kind == u32(image::GrantKind::Doorbell) && is_called(entry.name, name)) return CapabilitySlot(entry.slot);
  }
  return Error::NotFound;
}

}  // namespace pith
