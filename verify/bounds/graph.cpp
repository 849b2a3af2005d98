// Building control-flow graphs: blocks by following every jump, then order; calls recursively.
#include "verify/bounds/graph.h"

#include <llvm/Support/FormatVariadic.h>

#include <algorithm>

namespace pith::bounds {

std::string place(const Program& program, u64 address) {
  std::string name = program.name_of(address);
  auto start = program.address_of(name);
  return start && *start != address ? llvm::formatv("{0}+{1:x}", name, address - *start).str() : name;
}

void Graph::complain(Function& function, u64 address, const std::string& text) {
  function.is_usable = false;
  problems_.push_back(place(program_, address) + ": " + text);
}

Function& Graph::function(u64 address) {
  if (auto known = functions_.find(address); known != functions_.end()) {
    if (in_progress_.contains(address) && known->second.is_usable) complain(known->second, address, "recursion: no bound exists");
    return known->second;
  }
  Function& function = functions_[address];
  function.address = address;
  function.name = program_.name_of(address);
  in_progress_.insert(address);
  find_blocks(function);
  order_blocks(function);
  if (function.is_usable) find_loops(function);
  in_progress_.erase(address);
  made_.push_back(&function);
  return function;
}

void Graph::find_blocks(Function& function) {
  // Every address that is reached, and those where a block begins.
  std::set<u64> reached, leaders{function.address};
  std::vector<u64> pending{function.address};
  auto leader = [&](u64 address) {
    leaders.insert(address);
    pending.push_back(address);
  };
  auto is_tail_target = [&](u64 target) { return target != function.address && program_.is_function(target); };
  while (!pending.empty()) {
    u64 address = pending.back();
    pending.pop_back();
    while (reached.insert(address).second) {
      const Instruction* found = program_.at(address);
      if (found == nullptr) {
        complain(function, address, "no instruction can be decoded here");
        return;
      }
      bool goes_on = found->flow == Flow::Next;
      switch (found->flow) {
        case Flow::Branch:
          leader(found->next());
          [[fallthrough]];
        case Flow::Jump:
          if (!is_tail_target(found->target)) leader(found->target);
          break;
        case Flow::Call:
          if (!is_bug(found->target) && !stops_.contains(found->target)) {
            Function& callee = this->function(found->target);
            if (!callee.is_usable) function.is_usable = false;
            if (callee.returns) leader(found->next());
          }
          break;
        case Flow::Indirect:
          complain(function, address, "an indirect jump or call: its target is not known");
          return;
        default:
          break;
      }
      if (!goes_on) break;
      address = found->next();
      if (leaders.contains(address)) break;
    }
  }
  // An address may have become a leader after a run had passed over it.
  std::map<u64, u32> block_at;
  for (u64 start : leaders) {
    block_at[start] = u32(function.blocks.size());
    function.blocks.emplace_back();
  }
  std::swap(function.blocks[0], function.blocks[block_at[function.address]]);
  for (auto& [start, index] : block_at) {
    if (index == 0) index = block_at[function.address];
  }
  block_at[function.address] = 0;
  for (auto [start, index] : block_at) {
    Block& block = function.blocks[index];
    u64 address = start;
    do {
      block.instructions.push_back(program_.at(address));
      address = block.last().next();
    } while (block.last().flow == Flow::Next && !leaders.contains(address));
  }
  for (Block& block : function.blocks) end_block(function, block, block_at);
}

void Graph::end_block(Function& function, Block& block, const std::map<u64, u32>& block_at) {
  const Instruction& last = block.last();
  auto leave_to = [&](u64 target, bool is_taken) {
    if (auto inside = block_at.find(target); inside != block_at.end()) {
      block.next.push_back({inside->second, is_taken});
      return;
    }
    if (is_bug(target)) return;
    if (stops_.contains(target)) {
      block.is_end = true;
      return;
    }
    Function& callee = this->function(target);
    if (!callee.is_usable) function.is_usable = false;
    if (last.flow == Flow::Branch) {
      // A conditional tail call: a block of its own without instructions would have no address, so it is refused until one appears.
      if (block.callee != 0) complain(function, last.address, "a branch between two tail calls");
    }
    block.callee = target;
    block.is_tail = true;
    function.returns |= callee.returns;
  };
  switch (last.flow) {
    case Flow::Next:
      leave_to(last.next(), false);
      break;
    case Flow::Branch:
      leave_to(last.target, true);
      if (last.target != last.next()) leave_to(last.next(), false);
      break;
    case Flow::Jump:
      leave_to(last.target, true);
      break;
    case Flow::Call:
      block.is_end = stops_.contains(last.target);
      if (is_bug(last.target) || block.is_end) break;
      block.callee = last.target;
      if (this->function(last.target).returns) leave_to(last.next(), false);
      break;
    case Flow::Return:
      block.is_return = function.returns = true;
      break;
    case Flow::End:
      block.is_end = true;
      break;
    case Flow::Dead:
    case Flow::Indirect:
      break;
  }
}

void Graph::order_blocks(Function& function) {
  std::vector<u8> seen(function.blocks.size());
  struct Step {
    u32 block;
    usize edge;
  };
  std::vector<Step> stack;
  if (function.blocks.empty()) return;
  stack.push_back({0, 0});
  seen[0] = 1;
  while (!stack.empty()) {
    auto& [block, edge] = stack.back();
    if (edge == function.blocks[block].next.size()) {
      function.order.push_back(block);
      stack.pop_back();
      continue;
    }
    u32 next = function.blocks[block].next[edge++].to;
    if (!seen[next]) {
      seen[next] = 1;
      stack.push_back({next, 0});
    }
  }
  std::reverse(function.order.begin(), function.order.end());
}

}  // namespace pith::bounds
