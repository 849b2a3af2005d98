// Has memory that another component's device is told to reach, and looks whether it does, while the bus is killed. Uses a disk of its own
// afterwards. Ends the machine with 0 when nothing has happened to it.
#include <cstring>
#include <string_view>

#include "lib/block_client.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/start.h"
#include "protocols/supervisor.h"
#include "tests/components/trespass.h"
#include "tests/components/wait.h"

namespace {

using namespace pith;
using ull = unsigned long long;

bool is_whole(std::span<const std::byte> bytes) {
  for (usize i = 0; i < bytes.size(); i += sizeof(u64)) {
    u64 word;
    memcpy(&word, bytes.data() + i, sizeof word);
    if (word != trespass::kSecret) return false;
  }
  return true;
}

u64 component_called(protocols::SupervisorClient supervisor, std::string_view name) {
  for (u64 i = 1; i < supervisor.count().value_or(0); i++) {
    auto text = supervisor.name(i);
    if (text && std::string_view(reinterpret_cast<const char*>(text->data.data()), text->data.size()) == name) return i;
  }
  return 0;
}

Result<void> transfer(block::Client& disk, const SharedMemory& memory, block::Operation operation) {
  block::Request request{};
  request.operation = operation;
  request.length = kPageSize;
  request.sector = 64;
  request.memory = memory.number;
  request.offset = kPageSize;
  auto slot = disk.submit(request);
  if (!slot) return Error::Busy;
  disk.ring();
  for (u64 end = now() + 20 * kSecond; now() < end; wait_for(kMillisecond)) {
    auto outcome = disk.take(*slot);
    if (outcome) return *outcome == block::Outcome::Good ? Result<void>() : Error::Damaged;
  }
  return Error::TimedOut;
}

/// What is written is read again.
Result<void> use_disk() {
  SharedMemory memory = TRY(find_memory("work"));
  block::Client disk(memory, TRY(find_doorbell("disk")));
  disk.open();
  for (u64 end = now() + 20 * kSecond; !disk.is_told() && now() < end;) wait_for(kMillisecond);
  if (!disk.is_present()) return Error::NotFound;
  auto page = memory.bytes.subspan(kPageSize, kPageSize);
  memset(page.data(), 0x6b, page.size());
  TRY(transfer(disk, memory, block::Operation::Write));
  memset(page.data(), 0, page.size());
  TRY(transfer(disk, memory, block::Operation::Read));
  for (std::byte byte : page) {
    if (byte != std::byte(0x6b)) return Error::Damaged;
  }
  return {};
}

Result<void> run(protocols::SupervisorClient supervisor) {
  SharedMemory treasure = TRY(find_memory("treasure"));
  auto& note = *reinterpret_cast<trespass::Note*>(TRY(find_memory("note")).bytes.data());
  u64 bus = component_called(supervisor, "bus");
  for (usize i = 0; i < treasure.bytes.size(); i += sizeof(u64)) memcpy(treasure.bytes.data() + i, &trespass::kSecret, sizeof(u64));
  log_line(LogLevel::Information, "treasure at 0x%llx", ull(treasure.physical));
  store_shared(note.target, treasure.physical);
  for (u64 attempt = 1; attempt <= trespass::kAttempts; attempt++) {
    while (load_shared(note.tried) != attempt) {
      if (load_shared(note.problem) != 0) return Error(load_shared(note.problem));
      wait_for(kMillisecond);
    }
    if (!is_whole(treasure.bytes)) {
      log_line(LogLevel::Error, "the treasure is not what it was");
      return Error::Damaged;
    }
    wait_for(50 * kMillisecond);  // the bus looks for faults now and then; another one finds everything as it is
    if (!supervisor.control(bus, std::as_bytes(std::span("kill", 4)))) return Error::NotFound;
    wait_for(10 * kMillisecond);
    store_shared(note.checked, attempt);
  }
  TRY(use_disk());
  log_line(LogLevel::Information, "all as it was");
  return {};
}

}  // namespace

int main() {
  auto slot = find_slot("supervisor");
  if (!slot) return 1;
  protocols::SupervisorClient supervisor{*slot};
  Result<void> result = run(supervisor);
  if (!result) log_line(LogLevel::Error, "%s", error_name(result.error()));
  (void)supervisor.power(0, result ? 0 : 1);
}
