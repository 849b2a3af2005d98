// Longest paths by dynamic programming; a front of incomparable paths stands at each place, so the facts are kept exactly.
#include <llvm/Support/FormatVariadic.h>

#include <algorithm>
#include <functional>

#include "verify/bounds/longest.h"

namespace pith::bounds {

void Longest::add(Front& front, const Path& path) const {
  auto covers = [&](const Path& one, const Path& other) {
    if (weight(one) < weight(other) || (other.went_through && !one.went_through)) return false;
    for (usize i = 0; i < scope_.limits.size(); i++) {
      if (one.used[i] > other.used[i]) return false;
    }
    return true;
  };
  for (usize i = 0; i < scope_.limits.size(); i++) {
    if (path.used[i] > scope_.limits[i].most) return;
  }
  for (const Path& known : front) {
    if (covers(known, path)) return;
  }
  std::erase_if(front, [&](const Path& known) { return covers(path, known); });
  front.push_back(path);
}

void Longest::add(Front& front, const Front& paths) const {
  for (const Path& path : paths) add(front, path);
}

/// Every path of the first followed by every path of the second; the steps are the first's.
Front Longest::join(const Front& first, const Front& second) const {
  Front result;
  for (const Path& one : first) {
    for (const Path& other : second) {
      Path both = one;
      both.instructions += other.instructions;
      both.clears += other.clears;
      both.went_through |= other.went_through;
      for (usize i = 0; i < kMostLimits; i++) both.used[i] = u8(std::min<u32>(255, both.used[i] + other.used[i]));
      if (other.trace >= 0 && one.trace < 0) both.trace = other.trace;
      add(result, both);
    }
  }
  return result;
}

i32 Longest::step(i32 before, i32 inside, u64 address, u64 rounds, u64 instructions) {
  steps_.push_back({before, inside, address, rounds, instructions});
  return i32(steps_.size()) - 1;
}

Front Longest::after_call(const Function& function, const Block& block, const Front& before, const Front& callee) {
  auto is_meant = [&](const Call& call) { return call.callee == block.callee && (call.caller == 0 || call.caller == function.address); };
  Front result;
  for (const Path& one : before) {
    for (const Path& other : callee) {
      Path both = one;
      both.instructions += other.instructions;
      both.clears += other.clears;
      both.went_through |= other.went_through || std::ranges::any_of(scope_.through, is_meant);
      for (usize i = 0; i < scope_.limits.size(); i++) {
        u32 used = both.used[i] + other.used[i] + (std::ranges::any_of(scope_.limits[i].calls, is_meant) ? 1 : 0);
        both.used[i] = u8(std::min<u32>(255, used));
      }
      both.trace = step(one.trace, other.trace, block.callee, 0, other.instructions);
      add(result, both);
    }
  }
  return result;
}

void Longest::pass_block(const Function& function, u32 index, const Front& before, Region& result,
                         const std::function<void(u32, const Front&)>& go) {
  const Block& block = function.blocks[index];
  Front after = before;
  for (Path& path : after) {
    path.instructions += block.instructions.size() + block.extra;
    path.clears += block.clears;
  }
  Front onward = after;
  if (block.callee != 0) {
    const Summary& callee = summary(block.callee);
    add(result.ends, after_call(function, block, after, callee.ends));
    Front returned = after_call(function, block, after, callee.returns);
    if (block.is_tail) {
      add(result.returns, returned);
    } else {
      onward = returned;
    }
  }
  if (block.is_return) add(result.returns, after);
  if (block.is_end) add(result.ends, after);
  for (const auto& edge : block.next) go(edge.to, onward);
}

void Longest::pass_loop(const Function& function, i32 index, const Front& before, Region& result,
                        const std::function<void(u32, const Front&)>& go) {
  const Loop& loop = function.loops[usize(index)];
  Region inside = region(function, index);
  u64 header = function.blocks[loop.header].start();
  // Any number of whole rounds below the bound, then a way out of the loop.
  Front rounds{Path()}, some{Path()};
  for (u64 i = 1; i < loop.bound && !some.empty(); i++) {
    some = join(some, inside.round);
    add(rounds, some);
  }
  auto leave = [&](const Front& out) {
    Front found;
    for (const Path& one : before) {
      for (const Path& other : join(rounds, out)) {
        Path both = one;
        both.instructions += other.instructions;
        both.clears += other.clears;
        both.went_through |= other.went_through;
        for (usize i = 0; i < scope_.limits.size(); i++) both.used[i] = u8(std::min<u32>(255, both.used[i] + other.used[i]));
        both.trace = step(one.trace, other.trace, header, loop.bound, other.instructions);
        add(found, both);
      }
    }
    return found;
  };
  add(result.returns, leave(inside.returns));
  add(result.ends, leave(inside.ends));
  for (const auto& [to, out] : inside.exits) go(to, leave(out));
}

Longest::Region Longest::region(const Function& function, i32 loop) {
  Region result;
  if (!function.is_usable) return result;
  std::map<u32, Front> at;
  u32 start = loop < 0 ? 0 : function.loops[usize(loop)].header;
  at[start] = {Path()};
  auto go = [&](u32 to, const Front& paths) {
    if (loop >= 0 && to == start) {
      add(result.round, paths);
    } else if (loop >= 0 && !function.loops[usize(loop)].blocks.contains(to)) {
      add(result.exits[to], paths);
    } else {
      add(at[to], paths);
    }
  };
  for (u32 index : function.order) {
    auto here = at.find(index);
    if (here == at.end() || here->second.empty()) continue;
    // The loop directly inside this region that the block belongs to, if any: it is passed as a whole at its header.
    i32 inner = function.loop_of[index];
    while (inner != loop && inner >= 0 && function.loops[usize(inner)].parent != loop) inner = function.loops[usize(inner)].parent;
    Front before = here->second;
    if (inner == loop || inner < 0) {
      pass_block(function, index, before, result, go);
    } else if (function.loops[usize(inner)].header == index) {
      pass_loop(function, inner, before, result, go);
    }
  }
  return result;
}

const Longest::Summary& Longest::summary(u64 address) {
  if (auto known = summaries_.find(address); known != summaries_.end()) return known->second;
  Region whole = region(graph_.function(address), -1);
  return summaries_[address] = {whole.returns, whole.ends};
}

std::optional<Path> Longest::run() {
  const Front& ends = summary(scope_.start).ends;
  std::optional<Path> best;
  for (const Path& path : ends) {
    if (!scope_.through.empty() && !path.went_through) continue;
    if (!best || weight(path) > weight(*best)) best = path;
  }
  return best;
}

void Longest::explain(std::string& text, i32 last, u32 depth, u32 depth_limit) const {
  if (depth > depth_limit) return;
  std::vector<i32> order;
  for (i32 at = last; at >= 0; at = steps_[usize(at)].before) order.push_back(at);
  for (auto at = order.rbegin(); at != order.rend(); ++at) {
    const Step& each = steps_[usize(*at)];
    std::string name = place(graph_.program(), each.address);
    if (each.rounds != 0) name = llvm::formatv("loop at {0}, {1} rounds", name, each.rounds).str();
    text += llvm::formatv("{0,6}  {1}{2}\n", each.instructions, std::string(depth * 2, ' '), name).str();
    explain(text, each.inside, depth + 1, depth_limit);
  }
}

std::string Longest::explain(const Path& path, u32 depth_limit) const {
  std::string text = llvm::formatv("{0,6}  {1}\n", path.instructions, place(graph_.program(), scope_.start)).str();
  explain(text, path.trace, 1, depth_limit);
  return text;
}

}  // namespace pith::bounds
