// Natural loops by dominators. A cycle that is entered in two places has no header and is refused.
#include <algorithm>

#include "verify/bounds/graph.h"

namespace pith::bounds {

namespace {

constexpr u32 kNone = ~u32{0};

/// Immediate dominators by Cooper, Harvey and Kennedy's iteration.
std::vector<u32> dominators(const Function& function, const std::vector<std::vector<u32>>& before, const std::vector<u32>& position) {
  std::vector<u32> dominator(function.blocks.size(), kNone);
  dominator[0] = 0;
  auto meet = [&](u32 a, u32 b) {
    while (a != b) {
      while (position[a] > position[b]) a = dominator[a];
      while (position[b] > position[a]) b = dominator[b];
    }
    return a;
  };
  for (bool changed = true; changed;) {
    changed = false;
    for (u32 block : function.order) {
      if (block == 0) continue;
      u32 found = kNone;
      for (u32 previous : before[block]) {
        if (dominator[previous] == kNone) continue;
        found = found == kNone ? previous : meet(found, previous);
      }
      if (found != dominator[block]) {
        dominator[block] = found;
        changed = true;
      }
    }
  }
  return dominator;
}

}  // namespace

void Graph::find_loops(Function& function) {
  usize count = function.blocks.size();
  std::vector<u32> position(count, kNone);
  for (u32 i = 0; i < function.order.size(); i++) position[function.order[i]] = i;
  std::vector<std::vector<u32>> before(count);
  for (u32 block : function.order) {
    for (const auto& edge : function.blocks[block].next) before[edge.to].push_back(block);
  }
  std::vector<u32> dominator = dominators(function, before, position);
  auto dominates = [&](u32 above, u32 block) {
    while (block != above && block != 0) block = dominator[block];
    return block == above;
  };

  std::map<u32, Loop> by_header;
  for (u32 block : function.order) {
    for (const auto& edge : function.blocks[block].next) {
      if (position[edge.to] > position[block]) continue;
      if (!dominates(edge.to, block)) {
        complain(function, function.blocks[edge.to].start(), "a cycle that is entered in two places: no bound can be given");
        return;
      }
      Loop& loop = by_header[edge.to];
      loop.header = edge.to;
      loop.latches.insert(block);
      loop.blocks.insert(edge.to);
      std::vector<u32> pending{block};
      while (!pending.empty()) {
        u32 inside = pending.back();
        pending.pop_back();
        if (!loop.blocks.insert(inside).second) continue;
        for (u32 previous : before[inside]) pending.push_back(previous);
      }
    }
  }
  for (auto& [header, loop] : by_header) function.loops.push_back(std::move(loop));
  std::ranges::sort(function.loops, [&](const Loop& a, const Loop& b) {
    if (a.blocks.size() != b.blocks.size()) return a.blocks.size() < b.blocks.size();
    return function.blocks[a.header].start() < function.blocks[b.header].start();
  });
  function.loop_of.assign(count, -1);
  for (i32 i = 0; i < i32(function.loops.size()); i++) {
    for (u32 block : function.loops[usize(i)].blocks) {
      if (function.loop_of[block] < 0) function.loop_of[block] = i;
    }
    for (i32 outer = i + 1; outer < i32(function.loops.size()); outer++) {
      if (function.loops[usize(outer)].blocks.contains(function.loops[usize(i)].header)) {
        function.loops[usize(i)].parent = outer;
        break;
      }
    }
  }
}

}  // namespace pith::bounds
