// The longest path of a kernel entry: over blocks, loops as often as bounds allow, and callees, within facts that rule combinations out.
#pragma once
#include <array>
#include <functional>
#include <optional>

#include "verify/bounds/graph.h"

namespace pith::bounds {

/// A call that is counted on the way: every call of `callee`, or only those in `caller`.
struct Call {
  u64 caller = 0;  ///< 0: anywhere
  u64 callee = 0;
};

/// Calls that happen at most so often on one path, taken together.
struct Limit {
  std::vector<Call> calls;
  u32 most = 0;
};

/// Which paths count: from a start, through at least one of certain calls, and within limits.
struct Scope {
  u64 start = 0;
  std::vector<Call> through;  ///< empty: any way
  std::vector<Limit> limits;
};

constexpr usize kMostLimits = 8;

/// Some way through a piece of code: how long it is, and what it used of the limits.
struct Path {
  u64 instructions = 0;
  u32 clears = 0;
  bool went_through = false;
  std::array<u8, kMostLimits> used = {};
  i32 trace = -1;  ///< the calls and loops on it, the last one first
};

/// Paths of which none is as good as another in every respect.
using Front = std::vector<Path>;

/// A call or a loop on the longest path; what lies between them is plain code of the function around.
struct Step {
  i32 before;   ///< the step before it, or -1
  i32 inside;   ///< the last step in the callee or in a round
  u64 address;  ///< of the callee, or of the loop's header
  u64 rounds;   ///< 0: a call
  u64 instructions;
};

class Longest {
 public:
  Longest(Graph& graph, const Scope& scope, bool counts_clears) : graph_(graph), scope_(scope), counts_clears_(counts_clears) {}

  /// The longest path from the start to an end of the entry; nothing if there is none.
  std::optional<Path> run();
  /// Where its instructions are: one line per function and loop, indented by depth.
  std::string explain(const Path& path, u32 depth_limit) const;

 private:
  /// Ways through a function: back to its caller, and out of the kernel.
  struct Summary {
    Front returns, ends;
  };
  /// Ways through the inside of a loop or a whole function.
  struct Region {
    Front returns, ends, round;
    std::map<u32, Front> exits;
  };
  const Summary& summary(u64 address);
  Region region(const Function& function, i32 loop);
  void pass_block(const Function& function, u32 index, const Front& before, Region& result,
                  const std::function<void(u32, const Front&)>& go);
  void pass_loop(const Function& function, i32 loop, const Front& before, Region& result, const std::function<void(u32, const Front&)>& go);
  Front after_call(const Function& function, const Block& block, const Front& before, const Front& callee);
  void add(Front& front, const Path& path) const;
  void add(Front& front, const Front& paths) const;
  Front join(const Front& first, const Front& second) const;
  u64 weight(const Path& path) const { return counts_clears_ ? path.clears : path.instructions; }
  void explain(std::string& text, i32 step, u32 depth, u32 depth_limit) const;
  i32 step(i32 before, i32 inside, u64 address, u64 rounds, u64 instructions);

  Graph& graph_;
  const Scope& scope_;
  bool counts_clears_;
  std::map<u64, Summary> summaries_;
  std::vector<Step> steps_;
};

}  // namespace pith::bounds
