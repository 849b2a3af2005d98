// Wiring of the FAT service: its vault, the memory that it shares with the disk's driver, and that of its clients.
#include "lib/arguments.h"
#include "lib/boot_tables.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/start.h"
#include "lib/vault/serve.h"
#include "servers/fat/service.h"

namespace {

using namespace pith;

u32 index_of(std::string_view name) {
  auto components = BootTables::shown().components();
  for (u32 i = 0; i < components.size(); i++) {
    if (name_of(components[i].name) == name) return i;
  }
  return ~0U;
}

class Fat final : public fat::Service {
 public:
  Fat(fat::State& state, const SharedMemory& memory, CapabilitySlot doorbell, u32 partition, std::string_view disk)
      : Service(ComponentSlot::Service, state, memory, doorbell, partition), disk_(index_of(disk)) {}

 private:
  u64 wall_clock() override { return start_information().wall_clock * kSecond + now(); }
  u64 time() override { return now(); }

  /// The first one that the session's component owns, and that both this one and the disk's driver see.
  Result<fat::ClientMemory> memory_of(u32 session) override {
    const StartInformation& start = start_information();
    for (u32 i = 0; i < start.memory_count; i++) {
      const image::SharedMemory& entry = BootTables::shown().memories()[start.memories[i].number];
      if (entry.owner + 1 != session || disk_ > 63 || (entry.parties >> disk_ & 1) == 0) continue;
      Result<SharedMemory> memory = find_memory(name_of(start.memories[i].name));
      if (memory) return fat::ClientMemory{memory->number, memory->bytes};
    }
    return Error::NotFound;
  }

  u32 disk_;
};

/// The memory of this component that it shares with the disk's driver alone: the ring, and what goes through it.
Result<SharedMemory> disk_memory() {
  const StartInformation& start = start_information();
  for (u32 i = 0; i < start.memory_count; i++) {
    if (BootTables::shown().memories()[start.memories[i].number].owner != start.index) continue;
    SharedMemory memory = TRY(find_memory(name_of(start.memories[i].name)));
    if (memory.bytes.size() >= fat::kDiskMemoryBytes) return memory;
  }
  return Error::NotFound;
}

Result<void> run() {
  SharedMemory memory = TRY(disk_memory());
  std::string_view disk = argument("disk=", "disk");
  CapabilitySlot doorbell = TRY(find_doorbell(disk));
  auto* state = TRY(vault::open_state<fat::State>());
  static Fat service(*state, memory, doorbell, number_of(argument("partition=", "0")), disk);
  vault::serve(service, ComponentSlot::Service);
}

}  // namespace

int main() {
  Result<void> result = run();
  log_line(LogLevel::Error, "cannot begin: %s", error_name(result.error()));
  return 1;
}
