// Control-flow graphs of functions, their natural loops, and who calls whom.
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "verify/bounds/program.h"

namespace pith::bounds {

/// Everything that keeps a bound from being computed; each is one sentence that names its place.
using Problems = std::vector<std::string>;

/// A straight run of instructions. A call ends it, so that its cost is its instructions and then its callee's.
struct Block {
  struct Edge {
    u32 to;
    bool is_taken;  ///< the branch at the end of the block is taken
  };
  std::vector<const Instruction*> instructions;
  std::vector<Edge> next;
  u64 callee = 0;          ///< of the call or tail call at its end
  u64 extra = 0;           ///< rounds of repeated string instructions, beyond the instruction itself
  u32 clears = 0;          ///< frames set to zero
  bool is_tail = false;    ///< the callee returns to this function's caller
  bool is_return = false;  ///< ends the function
  bool is_end = false;     ///< ends the kernel entry

  u64 start() const { return instructions.front()->address; }
  const Instruction& last() const { return *instructions.back(); }
};

/// Where a loop's bound comes from.
enum class Proof : u8 { None, Derived, Annotated, Lock };

struct Loop {
  u32 header;
  std::set<u32> blocks;  ///< header and inner loops included
  std::set<u32> latches;
  i32 parent = -1;
  u64 bound = 0;  ///< how often the header runs at most, once entered
  Proof proof = Proof::None;
};

struct Function {
  u64 address;
  std::string name;
  std::vector<Block> blocks;  ///< the first is where it starts
  std::vector<u32> order;     ///< reverse postorder of the blocks
  std::vector<Loop> loops;    ///< inner ones first, then by address
  std::vector<i32> loop_of;   ///< innermost loop of each block
  i32 repeat_argument = -1;   ///< number of the register whose value at the start says how often a string instruction runs
  bool returns = false;
  bool is_usable = true;  ///< no problem was found in it
};

/// All functions that the entries reach. Functions that are bugs to reach end a path without counting it; those that stop the machine end
/// the entry.
class Graph {
 public:
  Graph(Program& program, std::set<u64> bugs, std::set<u64> stops, Problems& problems)
      : program_(program), bugs_(std::move(bugs)), stops_(std::move(stops)), problems_(problems) {}

  /// The function that starts at an address, with everything that it calls.
  Function& function(u64 address);
  /// Functions made so far, callees before callers.
  const std::vector<Function*>& callees_first() const { return made_; }
  bool is_bug(u64 address) const { return bugs_.contains(address); }
  Program& program() { return program_; }

 private:
  void find_blocks(Function& function);
  void end_block(Function& function, Block& block, const std::map<u64, u32>& block_at);
  void order_blocks(Function& function);
  void find_loops(Function& function);
  void complain(Function& function, u64 address, const std::string& text);

  Program& program_;
  std::set<u64> bugs_, stops_;
  Problems& problems_;
  std::map<u64, Function> functions_;
  std::set<u64> in_progress_;
  std::vector<Function*> made_;
};

/// `walk+0x1c`, for messages.
std::string place(const Program& program, u64 address);

}  // namespace pith::bounds
