// Writes and reads a disk, many blocks at a time, and knows what must be there. With `endless` in its arguments it goes on for ever; else
// it kills the driver again and again meanwhile, and ends the machine with 0 when everything was right. `from=N`: the first of its blocks.
#include <algorithm>
#include <cstring>
#include <span>

#include "lib/arguments.h"
#include "lib/block_client.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/random.h"
#include "lib/start.h"
#include "protocols/supervisor.h"
#include "tests/components/wait.h"
#include "tests/fault/findings.h"

namespace {

using namespace pith;
using ull = unsigned long long;

constexpr u32 kBlock = 4096, kBlocks = 2048, kUnderWay = 32;
constexpr u64 kOperations = 20'000, kKillEvery = 200;

torture::Findings findings("scribe");

/// What a block holds after its write number `version`; 0: it was never written.
u64 word_of(u32 block, u32 version, u32 index) { return version == 0 ? 0 : u64{block} << 40 | u64{version} << 12 | index; }

void fill(std::span<std::byte> bytes, u32 block, u32 version) {
  for (u32 i = 0; i < kBlock / 8; i++) {
    u64 word = word_of(block, version, i);
    memcpy(bytes.data() + i * 8, &word, 8);
  }
}

bool is_right(std::span<std::byte> bytes, u32 block, u32 version) {
  for (u32 i = 0; i < kBlock / 8; i++) {
    u64 word;
    memcpy(&word, bytes.data() + i * 8, 8);
    if (word != word_of(block, version, i)) return false;
  }
  return true;
}

class Scribe {
 public:
  Scribe(const SharedMemory& memory, CapabilitySlot doorbell, u64 first, u64 most)
      : memory_(memory), disk_(memory, doorbell), first_(first), most_(most) {}

  /// Errors: NotFound without a disk that is large enough.
  Result<void> open() {
    disk_.open();
    while (!disk_.is_told()) wait_for(kMillisecond);
    if (!disk_.is_present() || disk_.sectors() < (first_ + kBlocks) * (kBlock / block::kSectorSize)) return Error::NotFound;
    log_line(LogLevel::Information, "%llu sectors", ull(disk_.sectors()));
    last_ = now();
    return {};
  }

  /// Takes what is done and begins as much anew.
  void work() {
    bool is_new = false;
    for (u32 i = 0; i < kUnderWay; i++) {
      if (places_[i].is_busy && !take(i)) continue;
      if (begun_ < most_) is_new = begin(i) || is_new;
    }
    if (is_new) disk_.ring();
  }

  u64 ended() const { return ended_; }
  u64 longest_silence() const { return longest_; }

 private:
  struct Place {
    u32 slot, block;
    bool is_busy, is_write;
  };

  u64 offset_of(u32 place) const { return kPageSize + u64{place} * kBlock; }
  std::span<std::byte> bytes_of(u32 place) const { return memory_.bytes.subspan(offset_of(place), kBlock); }

  bool take(u32 index) {
    Place& place = places_[index];
    auto outcome = disk_.take(place.slot);
    if (!outcome) return false;
    if (*outcome != block::Outcome::Good) findings.add("disk", torture::Finding::Wrong, "a request has failed");
    if (!place.is_write && !is_right(bytes_of(index), place.block, versions_[place.block]))
      findings.add("disk", torture::Finding::Lost, "a block does not hold what was written last");
    place.is_busy = is_used_[place.block] = false;
    ended_++;
    findings.count_operation();
    longest_ = std::max(longest_, now() - last_);
    last_ = now();
    return true;
  }

  bool begin(u32 index) {
    u32 block = u32(random_.below(kBlocks));
    if (is_used_[block]) return false;
    bool is_write = random_.below(2) == 0;
    if (is_write) {
      fill(bytes_of(index), block, ++versions_[block]);
    } else {
      memset(bytes_of(index).data(), 0xaa, kBlock);
    }
    block::Request request{};
    request.operation = is_write ? block::Operation::Write : block::Operation::Read;
    request.length = kBlock;
    request.sector = (first_ + block) * (kBlock / block::kSectorSize);
    request.memory = memory_.number;
    request.offset = offset_of(index);
    auto slot = disk_.submit(request);
    if (!slot) return false;
    places_[index] = {*slot, block, true, is_write};
    is_used_[block] = true;
    begun_++;
    return true;
  }

  SharedMemory memory_;
  block::Client disk_;
  Random random_{start_information().seed[0]};
  u64 first_, most_, begun_ = 0, ended_ = 0, last_ = 0, longest_ = 0;
  Place places_[kUnderWay] = {};
  u32 versions_[kBlocks] = {};
  bool is_used_[kBlocks] = {};  // by something under way
};

Result<u64> component_called(protocols::SupervisorClient supervisor, std::string_view name) {
  u64 count = TRY(supervisor.count());
  for (u64 i = 1; i < count; i++) {
    if (TRY(supervisor.name(i)).text() == name) return i;
  }
  return Error::NotFound;
}

/// Answers how often it was killed.
Result<u64> write_and_kill(Scribe& scribe, protocols::SupervisorClient supervisor) {
  u64 driver = TRY(component_called(supervisor, "disk"));
  u64 kills = 0;
  while (scribe.ended() < kOperations) {
    scribe.work();
    if (scribe.ended() / kKillEvery > kills) {
      kills++;
      TRY(supervisor.control(driver, std::as_bytes(std::span("kill", 4))));
    }
    wait_for(kMillisecond);
  }
  return kills;
}

u64 first_block() {
  u64 first = 0;
  for (char digit : argument("from=", "0")) first = first * 10 + u64(digit - '0');
  return first;
}

Result<void> run() {
  bool is_endless = arguments().starts_with("endless");
  static Scribe scribe(TRY(find_memory("work")), TRY(find_doorbell("disk")), first_block(), is_endless ? ~u64{0} : kOperations);
  TRY(scribe.open());
  while (is_endless) {
    scribe.work();
    wait_for(kMillisecond);
  }
  u64 kills = TRY(write_and_kill(scribe, protocols::SupervisorClient{TRY(find_slot("supervisor"))}));
  log_line(LogLevel::Information, "%llu operations, %llu kills, %llu wrong, longest silence %llu us", ull(scribe.ended()), ull(kills),
           ull(findings.total()), ull(scribe.longest_silence() / 1000));
  return findings.total() == 0 ? Result<void>() : Error::Damaged;
}

}  // namespace

int main() {
  Result<void> result = run();
  if (!result) log_line(LogLevel::Error, "%s", error_name(result.error()));
  if (auto supervisor = find_slot("supervisor")) (void)protocols::SupervisorClient{*supervisor}.power(0, result ? 0 : 1);
}
