// A disk's driver that tells its device addresses of memory that is not its own: to fill, to write to the disk, and to keep its queue in.
#include <cstring>

#include "abi/error.h"
#include "abi/kernel.h"
#include "drivers/pci/own_configuration.h"
#include "drivers/virtio/block/device.h"
#include "drivers/virtio/window_access.h"
#include "lib/clock.h"
#include "lib/device_window.h"
#include "lib/log.h"
#include "lib/shared_memory.h"
#include "lib/start.h"
#include "tests/components/trespass.h"
#include "tests/components/wait.h"

namespace {

using namespace pith;
using virtio_block::Kind;

constexpr u64 kKernel = 0x118000;  // physical, in the kernel's data

class Trespasser {
 public:
  Trespasser(virtio_block::Device& device, const SharedMemory& memory, trespass::Note& note)
      : device_(device), memory_(memory), note_(note) {}

  Result<void> run(pci::Configuration& configuration, u32 index, u64 size) {
    TRY(device_.start(configuration, index, size, memory_.bytes, memory_.physical));
    TRY(use_own());
    u64 target = load_shared(note_.target);
    // Filled by the device.
    TRY(attempt(Kind::Read, target));
    // Read by the device, to the disk, from which it would come back.
    TRY(attempt(Kind::Write, target + kPageSize));
    TRY(transfer(Kind::Read, own()));
    u64 word;
    memcpy(&word, memory_.bytes.data() + virtio_block::kMemoryBytes, sizeof word);
    if (word == trespass::kSecret) return Error::Damaged;
    TRY(attempt(Kind::Read, kKernel));
    // A queue in memory of others.
    TRY(device_.start(configuration, index, size, memory_.bytes, target));
    TRY(attempt(Kind::Read, own()));
    TRY(device_.start(configuration, index, size, memory_.bytes, memory_.physical));
    return use_own();
  }

 private:
  u64 own() const { return memory_.physical + virtio_block::kMemoryBytes; }

  /// Errors: TimedOut, Damaged when the device says that it failed, or has stopped working.
  Result<void> transfer(Kind kind, u64 address, u64 patience = 20 * kSecond) {
    if (!device_.submit(kind, 8, address, u32(kPageSize))) return Error::Busy;
    device_.publish();
    for (u64 end = now() + patience; now() < end; wait_for(kMillisecond)) {
      auto done = device_.take();
      if (done) return done->status == virtio_block::Status::Good ? Result<void>() : Error::Damaged;
      if (device_.is_broken()) return Error::Damaged;
    }
    return Error::TimedOut;
  }

  Result<void> attempt(Kind kind, u64 address) {
    Result<void> done = transfer(kind, address, kSecond);
    log_line(LogLevel::Information, "attempt %u at 0x%llx: %s", u32(load_shared(note_.tried)) + 1, static_cast<unsigned long long>(address),
             done ? "done" : error_name(done.error()));
    store_shared(note_.tried, load_shared(note_.tried) + 1);
    while (load_shared(note_.checked) != load_shared(note_.tried)) wait_for(kMillisecond);
    TRY(device_.restart());
    return load_shared(note_.tried) == trespass::kAttempts ? Result<void>() : use_own();
  }

  /// What it may do goes on working.
  Result<void> use_own() { return transfer(Kind::Read, own()); }

  virtio_block::Device& device_;
  const SharedMemory memory_;
  trespass::Note& note_;
};

Result<void> run(trespass::Note& note) {
  SharedMemory memory = TRY(find_memory("trespasser_queues"));
  protocols::BusClient bus{TRY(find_slot("bus"))};
  auto place = TRY(bus.device());
  pci::OwnConfiguration configuration(bus);
  static virtio::WindowAccess access(device_window(kFirstBusWindow));
  static virtio_block::Device device(access);
  while (load_shared(note.target) == 0) wait_for(kMillisecond);
  return Trespasser(device, memory, note).run(configuration, u32(place.index), place.size);
}

}  // namespace

int main() {
  auto shared = find_memory("note");
  if (!shared) return 1;
  auto& note = *reinterpret_cast<trespass::Note*>(shared->bytes.data());
  Result<void> result = run(note);
  if (!result) {
    log_line(LogLevel::Error, "could not try: %s", error_name(result.error()));
    store_shared(note.problem, u64(result.error()));
  }
  for (;;) wait_until(0);
}
