// Finds a driver's memory in its start information and in the image's tables.
#include "lib/driver_memory.h"

#include "abi/kernel.h"
#include "lib/boot_tables.h"
#include "lib/shared_memory.h"
#include "lib/start.h"

namespace pith {

DriverMemory find_driver_memory() {
  DriverMemory memories;
  const StartInformation& start = start_information();
  for (u32 i = 0; i < start.memory_count; i++) {
    auto memory = find_memory(name_of(start.memories[i].name));
    if (!memory) continue;
    const image::SharedMemory& entry = BootTables::shown().memories()[memory->number];
    if (entry.owner == start.index) {
      memories.own = memory->bytes;
      memories.own_physical = memory->physical;
    } else {
      memories.clients[memories.count++] = {memory->number, memory->bytes, memory->physical, entry.parties, entry.owner};
    }
  }
  return memories;
}

void ring_component(u32 index) {
  auto doorbell = find_doorbell(name_of(BootTables::shown().components()[index].name));
  if (doorbell) (void)kernel::Notification{*doorbell}.signal(0);
}

}  // namespace pith
