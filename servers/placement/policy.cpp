// Longest processing time first (Graham 1969): at most 4/3 of the best spread, which is as good as the measured past is.
#include "servers/placement/policy.h"

#include <algorithm>

namespace pith::placement {

namespace {

/// What a component weighs that did nothing: such ones are spread as well, before they wake together.
constexpr u64 kIdle = 1'000'000;

u64 weight(const Load& load) { return load.used + kIdle; }

u64 busiest(std::span<const Load> loads, u32 Load::*place) {
  u64 sum[kMostCpus] = {};
  for (const Load& load : loads) sum[load.*place % kMostCpus] += weight(load);
  return *std::max_element(sum, sum + kMostCpus);
}

void spread(std::span<Load> loads, u32 cpus) {
  u64 sum[kMostCpus] = {};
  Load* order[kMostComponents];
  u32 count = 0;
  for (Load& load : loads) {
    load.wanted = load.cpu;
    if (load.movable && count < kMostComponents) {
      order[count++] = &load;
    } else {
      sum[load.cpu % kMostCpus] += weight(load);
    }
  }
  std::sort(order, order + count, [](const Load* one, const Load* other) { return one->used != other->used ? one->used > other->used : one < other; });
  for (u32 i = 0; i < count; i++) {
    u32 best = order[i]->cpu < cpus ? order[i]->cpu : 0;  // among equals it stays
    for (u32 cpu = 0; cpu < cpus; cpu++) {
      if (sum[cpu] < sum[best]) best = cpu;
    }
    order[i]->wanted = best;
    sum[best] += weight(*order[i]);
  }
}

}  // namespace

u32 plan(std::span<Load> loads, u32 cpus) {
  cpus = std::clamp(cpus, 1u, kMostCpus);
  spread(loads, cpus);
  bool pays = busiest(loads, &Load::wanted) * 5 <= busiest(loads, &Load::cpu) * 4;
  u32 moves = 0;
  for (Load& load : loads) {
    if (!pays) load.wanted = load.cpu;
    moves += load.wanted != load.cpu;
  }
  return moves;
}

}  // namespace pith::placement
