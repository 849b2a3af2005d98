// Wiring of the ext4 service: its vault, the memory that it shares with the disk, that of its clients.
#include "abi/kernel.h"
#include "lib/arguments.h"
#include "lib/boot_tables.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/shared_memory.h"
#include "lib/start.h"
#include "lib/vault/commit.h"
#include "lib/vault/serve.h"
#include "lib/vault/state.h"
#include "servers/ext4/service.h"

namespace {

using namespace pith;

/// The memory that component number `owner` owns and this one shares, or owns itself. Errors: NotFound.
Result<SharedMemory> memory_owned_by(u32 owner) {
  const StartInformation& start = start_information();
  for (u32 i = 0; i < start.memory_count; i++) {
    Result<SharedMemory> memory = find_memory(name_of(start.memories[i].name));
    if (memory && BootTables::shown().memories()[memory->number].owner == owner) return memory;
  }
  return Error::NotFound;
}

class Ext4 final : public ext4::Service {
 public:
  Ext4(ext4::State& state, ext4::DiskLink disk, CapabilitySlot doorbell)
      : Service(ComponentSlot::Service, state, disk), doorbell_{doorbell} {}

 private:
  u64 wall_clock() override { return start_information().wall_clock * kSecond + now(); }
  u64 time() override { return now(); }
  void ring_disk() override { (void)doorbell_.signal(0); }
  /// A session's badge is one more than the number of the component that calls.
  Result<ext4::ClientMemory> memory_of(u32 session) override {
    SharedMemory memory = TRY(memory_owned_by(session - 1));
    return ext4::ClientMemory{memory.number, memory.bytes};
  }

  kernel::Notification doorbell_;
};

Result<void> run() {
  complete_interrupted_commit();
  SharedMemory memory = TRY(memory_owned_by(start_information().index));
  if (memory.bytes.size() < ext4::kDiskMemoryBytes) return Error::NoMemory;
  CapabilitySlot doorbell = TRY(find_doorbell(argument("disk=", "disk")));
  auto* state = TRY(vault::open_state<ext4::State>());
  Ext4 service(*state, {memory.bytes, memory.number, number_of(argument("partition=", "0"))}, doorbell);
  (void)kernel::Notification{doorbell}.signal(0);  // the ring is there
  vault::serve(service, ComponentSlot::Service);
}

}  // namespace

int main() {
  Result<void> failed = run();
  log_line(LogLevel::Error, "ext4: cannot start: %s", error_name(failed.error()));
  return 1;
}
