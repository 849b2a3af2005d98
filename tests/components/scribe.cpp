// Writes and reads a disk, many blocks at a time, and knows what must be there, while the driver is killed again and again. Ends the
// machine with 0 when everything was right.
#include <algorithm>
#include <cstring>
#include <span>

#include "lib/block_client.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/random.h"
#include "lib/start.h"
#include "protocols/supervisor.h"
#include "tests/components/wait.h"

namespace {

using namespace pith;
using ull = unsigned long long;

constexpr u32 kBlock = 4096, kBlocks = 2048, kUnderWay = 32;
constexpr u64 kOperations = 20'000, kKillEvery = 200;

struct Place {
  u32 slot = 0, block = 0;
  bool is_busy = false, is_write = false;
};

u32 versions[kBlocks];
bool is_used[kBlocks];  // by something under way
Place places[kUnderWay];
u64 wrong;

void fill(std::span<std::byte> bytes, u32 block, u32 version) {
  for (u32 i = 0; i < kBlock / 8; i++) {
    u64 word = u64{block} << 40 | u64{version} << 12 | i;
    memcpy(bytes.data() + i * 8, &word, 8);
  }
}

bool is_right(std::span<std::byte> bytes, u32 block, u32 version) {
  for (u32 i = 0; i < kBlock / 8; i++) {
    u64 word, expected = version == 0 ? 0 : u64{block} << 40 | u64{version} << 12 | i;
    memcpy(&word, bytes.data() + i * 8, 8);
    if (word != expected) return false;
  }
  return true;
}

void end(Result<CapabilitySlot> supervisor, u64 status) {
  if (supervisor) (void)protocols::SupervisorClient{*supervisor}.power(0, status);
}

u64 component_called(protocols::SupervisorClient supervisor, std::string_view name) {
  for (u64 i = 1; i < supervisor.count().value_or(0); i++) {
    auto text = supervisor.name(i);
    if (text && std::string_view(reinterpret_cast<const char*>(text->data.data()), text->data.size()) == name) return i;
  }
  return 0;
}

Result<void> run() {
  protocols::SupervisorClient supervisor{TRY(find_slot("supervisor"))};
  SharedMemory memory = TRY(find_memory("work"));
  block::Client disk(memory, TRY(find_doorbell("disk")));
  u64 driver = component_called(supervisor, "disk");
  disk.open();
  while (!disk.is_told()) wait_until(now() + kMillisecond);
  if (!disk.is_present() || disk.sectors() < u64{kBlocks} * 8) return Error::NotFound;
  log_line(LogLevel::Information, "scribe: %llu sectors", ull(disk.sectors()));
  Random random(start_information().seed[0]);
  u64 begun = 0, ended = 0, kills = 0, longest = 0, last = now();
  while (ended < kOperations) {
    bool is_new = false;
    for (u32 i = 0; i < kUnderWay; i++) {
      Place& place = places[i];
      auto bytes = memory.bytes.subspan(kPageSize + u64{i} * kBlock, kBlock);
      if (place.is_busy) {
        auto outcome = disk.take(place.slot);
        if (!outcome) continue;
        if (*outcome != block::Outcome::Good) wrong++;
        if (!place.is_write && !is_right(bytes, place.block, versions[place.block])) {
          if (wrong++ < 10) log_line(LogLevel::Error, "scribe: block %u does not hold version %u", place.block, versions[place.block]);
        }
        place.is_busy = is_used[place.block] = false;
        ended++;
        longest = std::max(longest, now() - last);
        last = now();
      }
      if (begun == kOperations) continue;
      u32 block = u32(random.below(kBlocks));
      if (is_used[block]) continue;
      bool is_write = random.below(2) == 0;
      if (is_write) {
        fill(bytes, block, ++versions[block]);
      } else {
        memset(bytes.data(), 0xaa, kBlock);
      }
      block::Request request{};
      request.operation = is_write ? block::Operation::Write : block::Operation::Read;
      request.length = kBlock;
      request.sector = u64{block} * 8;
      request.memory = memory.number;
      request.offset = kPageSize + u64{i} * kBlock;
      auto slot = disk.submit(request);
      if (!slot) break;
      place = {*slot, block, true, is_write};
      is_used[block] = is_new = true;
      begun++;
    }
    if (is_new) disk.ring();
    if (ended / kKillEvery > kills) {
      kills++;
      if (!supervisor.control(driver, std::as_bytes(std::span("kill", 4)))) wrong++;
    }
    wait_until(now() + kMillisecond);
  }
  log_line(LogLevel::Information, "scribe: %llu operations, %llu kills, %llu wrong, longest silence %llu us", ull(ended), ull(kills),
           ull(wrong), ull(longest / 1000));
  return wrong == 0 ? Result<void>() : Error::Damaged;
}

}  // namespace

int main() {
  Result<void> result = run();
  if (!result) log_line(LogLevel::Error, "scribe: %s", error_name(result.error()));
  end(find_slot("supervisor"), result ? 0 : 1);
}
