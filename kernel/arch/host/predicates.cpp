// Loops over the domains of each predicate's parameters: objects by type, and of tables only what is not zero.
#include "kernel/arch/host/predicates.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "kernel/object/capability_space.h"
#include "kernel/object/endpoint.h"
#include "kernel/object/page_table.h"
#include "kernel/sched/cpu.h"

namespace pith {

predicate::Registered* predicate::Registered::first;

namespace host {

namespace {

using predicate::Domain;
using predicate::Registered;
using Numbers = std::vector<u32>;

constexpr u32 kTypes = 32;
constexpr u32 kMostNumbers = 512;

Numbers counting(u32 count) {
  Numbers numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

bool is_zero(const void* start, u64 size) {
  const u32* words = static_cast<const u32*>(start);
  u32 any = 0;
  for (u64 i = 0; i < size / sizeof(u32); i++) any |= words[i];
  return any == 0;
}

/// Indices below `count` at which an array of `size` bytes per element is not all zero.
Numbers not_zero(const void* array, u32 count, u32 size) {
  Numbers found;
  const u8* bytes = static_cast<const u8*>(array);
  constexpr u32 kChunk = 64;  // most of a table is empty
  for (u32 i = 0; i < count; i++) {
    if (i % kChunk == 0 && i + kChunk <= count && is_zero(bytes + u64{i} * size, u64{kChunk} * size)) {
      i += kChunk - 1;
      continue;
    }
    if (!is_zero(bytes + u64{i} * size, size)) found.push_back(i);
  }
  return found;
}

void add_bits(Numbers& numbers, u64 bits) {
  for (u32 i = 0; i < 64; i++) {
    if ((bits >> i & 1) != 0 && std::find(numbers.begin(), numbers.end(), i) == numbers.end()) numbers.push_back(i);
  }
}

class Search {
 public:
  explicit Search(Thoroughness thoroughness) : everything_(thoroughness == Thoroughness::Everything), in_use_(frame_count) {
    for (u32 i = 0; i < frame_count; i++) objects_[u32(frames[i].type) % kTypes].push_back(i);
    online_ = counting(everything_ ? kMaximumCpus : cpu_count);
    all_frames_ = counting(frame_count);
  }

  /// At most `most` that do not hold.
  std::vector<std::string> run(u32 most, bool properties) {
    std::vector<std::string> broken;
    for (const Registered* at = Registered::first; at != nullptr && broken.size() < most; at = at->next) {
      if ((at->kind == predicate::Kind::Property) != properties) continue;
      predicate_ = at;
      if (!holds(0)) broken.push_back(describe());
    }
    return broken;
  }

 private:
  bool holds(u32 position) {
    if (position == predicate_->count) return predicate_->call(values_);
    for (u32 value : candidates(position)) {
      values_[position] = value;
      if (!holds(position + 1)) return false;
    }
    return true;
  }

  const Numbers& candidates(u32 position) {
    const Domain& domain = predicate_->domains[position];
    if (domain.kind == Domain::Kind::Frames) return all_frames_;
    if (domain.kind == Domain::Kind::Objects) return objects_[u32(domain.type) % kTypes];
    if (domain.is_cpu) return online_;
    if (position == 0 || everything_) return all_numbers(domain.limit);
    const Domain& before = predicate_->domains[position - 1];
    if (before.kind == Domain::Kind::Objects) return numbers_of(before.type, values_[position - 1], domain.limit);
    if (before.is_cpu && domain.limit == kPriorities) return priorities_of(values_[position - 1]);
    if (position >= 2 && domain.limit == kTimerSlots) return timer_slots_of(values_[position - 2], values_[position - 1]);
    return all_numbers(domain.limit);
  }

  const Numbers& all_numbers(u32 limit) {
    static std::vector<Numbers> known(kMostNumbers + 1);
    if (known[limit].empty()) known[limit] = counting(limit);
    return known[limit];
  }

  /// Entries, slots or levels of an object that are in use.
  const Numbers& numbers_of(ObjectType type, u32 frame, u32 limit) {
    InUse& found = in_use_[frame];
    if (found.known) return found.numbers;
    found.known = true;
    switch (type) {
      case ObjectType::PageTable:
        found.numbers = not_zero(page_tables[frame].entry, kPageTableEntries, sizeof(u64));
        return found.numbers;
      case ObjectType::Share:
        found.numbers = not_zero(shares[frame].entry, kPageTableEntries, sizeof(u64));
        return found.numbers;
      case ObjectType::CapabilityTable:
        found.numbers = not_zero(capability_tables[frame].slot, kSlotsPerTable, sizeof(Capability));
        return found.numbers;
      case ObjectType::CapabilitySpace:
        found.numbers = not_zero(capability_spaces[frame].table, kTablesPerSpace, sizeof(FrameNumber));
        return found.numbers;
      case ObjectType::Endpoint:
        found.numbers = not_zero(endpoints[frame].queue, kPriorities, sizeof(List));
        add_bits(found.numbers, endpoints[frame].callers);
        return found.numbers;
      default:
        found.numbers = all_numbers(limit);
        return found.numbers;
    }
  }

  const Numbers& priorities_of(u32 cpu) {
    if (priorities_.empty()) priorities_.resize(kMaximumCpus);
    if (priorities_[cpu].known) return priorities_[cpu].numbers;
    priorities_[cpu] = {true, not_zero(cpus[cpu].queue, kPriorities, sizeof(List))};
    add_bits(priorities_[cpu].numbers, cpus[cpu].ready);
    return priorities_[cpu].numbers;
  }

  const Numbers& timer_slots_of(u32 cpu, u32 level) {
    if (timer_slots_.empty()) timer_slots_.resize(u64{kMaximumCpus} * kTimerLevels);
    InUse& found = timer_slots_[cpu * kTimerLevels + level];
    if (found.known) return found.numbers;
    found = {true, not_zero(cpus[cpu].timers.slot[level], kTimerSlots, sizeof(List))};
    add_bits(found.numbers, cpus[cpu].timers.occupied[level]);
    return found.numbers;
  }

  std::string describe() const {
    std::string text = predicate_->name;
    text += "(";
    for (u32 i = 0; i < predicate_->count; i++) text += (i == 0 ? "" : ", ") + std::to_string(values_[i]);
    return text + ")";
  }

  struct InUse {
    bool known = false;
    Numbers numbers;
  };
  bool everything_;
  Numbers objects_[kTypes], online_, all_frames_;
  std::vector<InUse> in_use_, priorities_, timer_slots_;
  const Registered* predicate_ = nullptr;
  u32 values_[predicate::kMaximumParameters] = {};
};

}  // namespace

std::string broken_predicate() {
  std::vector<std::string> broken = Search(Thoroughness::WhatIsInUse).run(1, false);
  return broken.empty() ? "" : broken[0];
}

std::vector<std::string> broken_predicates(Thoroughness thoroughness) { return Search(thoroughness).run(~u32{0}, false); }

std::string broken_property() {
  std::vector<std::string> broken = Search(Thoroughness::WhatIsInUse).run(1, true);
  return broken.empty() ? "" : broken[0];
}

}  // namespace host
}  // namespace pith
