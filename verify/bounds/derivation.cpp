// Bounds of loops from the code itself.
#include "verify/bounds/derivation.h"

#include <algorithm>

namespace pith::bounds {

namespace {

/// Registers that carry arguments: rdi rsi rdx rcx r8 r9, by the processor's numbers.
constexpr u32 kArgumentRegisters[] = {7, 6, 2, 1, 8, 9};
/// Longest structure that may be copied at once.
constexpr u64 kMostRepetitions = 4096;

void add(std::map<u32, State>& states, u32 block, const State& state, u64 place, bool widens) {
  auto [there, is_new] = states.try_emplace(block, state);
  if (!is_new) there->second.join(state, place, widens);
}

}  // namespace

std::optional<State> Derivation::along(const Block& block, const Block::Edge& edge, const State& state) const {
  State after = state;
  for (const Instruction* instruction : block.instructions) interpreter_.run(*instruction, after);
  const Instruction& last = block.last();
  if (last.flow == Flow::Branch && !assume(after, last.condition, edge.is_taken)) return {};
  after.flags = last.flow == Flow::Branch || last.flow == Flow::Jump || last.flow == Flow::Next ? after.flags : Comparison();
  return after;
}

/// Carries states forward until nothing changes; loops inside are widened at their headers.
Derivation::States Derivation::propagate(const Function& function, const std::vector<u32>& order, States states,
                                         const std::function<bool(u32, u32)>& follows) const {
  std::set<u32> headers;
  for (const Loop& loop : function.loops) headers.insert(loop.header);
  std::set<u32> changed;
  for (const auto& [block, state] : states) changed.insert(block);
  while (!changed.empty()) {
    std::set<u32> next_changed;
    for (u32 index : order) {
      if (!changed.contains(index) || !states.contains(index)) continue;
      changed.erase(index);
      const Block& block = function.blocks[index];
      for (const auto& edge : block.next) {
        if (!follows(index, edge.to)) continue;
        auto after = along(block, edge, states.at(index));
        if (!after) continue;
        auto there = states.find(edge.to);
        if (there == states.end()) {
          states.emplace(edge.to, *after);
          changed.insert(edge.to);
          continue;
        }
        State joined = there->second;
        joined.join(*after, function.blocks[edge.to].start(), headers.contains(edge.to));
        if (joined == there->second) continue;
        there->second = joined;
        changed.insert(edge.to);
      }
    }
    changed.merge(next_changed);
  }
  return states;
}

Derivation::States Derivation::states_of(const Function& function, const State& start) const {
  return propagate(function, function.order, {{0, start}}, [](u32, u32) { return true; });
}

std::optional<State> Derivation::round(const Function& function, const Loop& loop, const State& header) const {
  std::vector<u32> order;
  for (u32 block : function.order) {
    if (loop.blocks.contains(block)) order.push_back(block);
  }
  auto inside = [&](u32, u32 to) { return loop.blocks.contains(to) && to != loop.header; };
  States states = propagate(function, order, {{loop.header, header}}, inside);
  States back;
  for (u32 latch : loop.latches) {
    if (!states.contains(latch)) continue;
    const Block& block = function.blocks[latch];
    for (const auto& edge : block.next) {
      if (edge.to != loop.header) continue;
      if (auto after = along(block, edge, states.at(latch))) add(back, loop.header, *after, function.blocks[loop.header].start(), false);
    }
  }
  if (back.empty()) return {};
  return back.at(loop.header);
}

/// The lock's waiting loop only loads from the lock and compares: it is as long as others hold the lock, and alone it is run once.
bool Derivation::waits_for_lock(const Function& function, const Loop& loop, const State& header) {
  auto [start, end] = graph_.program().extent_of("kernel_lock");
  if (loop.blocks.size() != 1 || start == end) return false;
  State state = header;
  bool loads = false;
  for (const Instruction* instruction : function.blocks[loop.header].instructions) {
    const auto& description = graph_.program().disassembler().description(*instruction);
    if (description.mayStore()) return false;
    if (description.mayLoad() && instruction->shape.operation != "PAUSE") {
      const auto& [operation, form, width] = instruction->shape;
      if (operation != "CMP" && operation != "MOV") return false;
      auto from = interpreter_.memory(*instruction, state, form == "rm" ? 1 : 0);
      if (!from.address || *from.address < start || *from.address >= end) return false;
      loads = true;
    }
    interpreter_.run(*instruction, state);
  }
  return loads;
}

void Derivation::find_repetitions(Function& function, const States& states) {
  for (u32 index = 0; index < function.blocks.size(); index++) {
    Block& block = function.blocks[index];
    block.extra = 0;
    block.clears = 0;
    if (!states.contains(index)) continue;
    State state = states.at(index);
    for (const Instruction* instruction : block.instructions) {
      if (instruction->is_repeated) {
        const Value& count = state.registers[1];
        const std::string& operation = instruction->shape.operation;
        if (count.is_constant() && count.low == kFrameWords && operation.find("STOSQ") != std::string::npos) {
          block.clears++;
        } else if (count.name >= kFirstArgumentName && count.name < kFirstArgumentName + kRegisters && count.offset == 0) {
          function.repeat_argument = i32(count.name - kFirstArgumentName);
        } else if (count.high <= kMostRepetitions) {
          block.extra += count.high;
        } else {
          function.is_usable = false;
          problems_.push_back(place(graph_.program(), instruction->address) + ": a repeated instruction without a known count");
        }
      }
      bool is_last = instruction == block.instructions.back();
      if (is_last && block.callee != 0) {
        i32 argument = graph_.function(block.callee).repeat_argument;
        if (argument >= 0) {
          u64 count = state.registers[u32(argument)].high;
          if (count <= kMostRepetitions) {
            block.extra += count;
          } else {
            function.is_usable = false;
            problems_.push_back(place(graph_.program(), instruction->address) + ": copies an unknown number of bytes");
          }
        }
        pass_arguments(block, state);
      }
      interpreter_.run(*instruction, state);
    }
  }
}

void Derivation::pass_arguments(const Block& block, State state) {
  Arguments given;
  for (u32 number : kArgumentRegisters) {
    given[number].low = state.registers[number].low;
    given[number].high = state.registers[number].high;
  }
  auto [there, is_new] = arguments_.try_emplace(block.callee, given);
  if (is_new) return;
  for (u32 i = 0; i < kRegisters; i++) {
    there->second[i].low = std::min(there->second[i].low, given[i].low);
    there->second[i].high = std::max(there->second[i].high, given[i].high);
  }
}

void Derivation::run(Function& function) {
  State start = State::start(arguments_[function.address]);
  States states = states_of(function, start);
  find_repetitions(function, states);
  for (Loop& loop : function.loops) {
    if (states.contains(loop.header) && waits_for_lock(function, loop, states.at(loop.header))) {
      loop.bound = 1;
      loop.proof = Proof::Lock;
      continue;
    }
    States entering;
    if (loop.header == 0) entering.emplace(0, start);
    for (u32 index : function.order) {
      if (loop.blocks.contains(index) || !states.contains(index)) continue;
      for (const auto& edge : function.blocks[index].next) {
        if (edge.to != loop.header) continue;
        if (auto after = along(function.blocks[index], edge, states.at(index)))
          add(entering, loop.header, *after, function.blocks[loop.header].start(), false);
      }
    }
    if (entering.empty()) {  // never entered
      loop.bound = 1;
      loop.proof = Proof::Derived;
      continue;
    }
    State header = entering.at(loop.header);
    for (u64 rounds = 1; rounds <= kMostRounds + 1; rounds++) {
      auto back = round(function, loop, header);
      if (!back) {
        loop.bound = rounds;
        loop.proof = Proof::Derived;
        break;
      }
      header = *back;
    }
  }
}

void Derivation::run(const std::set<u64>& entries) {
  for (u64 entry : entries) arguments_[entry];
  const auto& functions = graph_.callees_first();
  // A callee's repetitions that depend on an argument must be known before its callers are looked at: those are leaves.
  for (Function* function : functions) {
    bool is_leaf = std::ranges::none_of(function->blocks, [](const Block& block) { return block.callee != 0; });
    if (is_leaf && function->is_usable) find_repetitions(*function, states_of(*function, State::start({})));
  }
  for (auto function = functions.rbegin(); function != functions.rend(); ++function) {
    if ((*function)->is_usable) run(**function);
  }
}

}  // namespace pith::bounds
