// Runs one instruction on ranges of values instead of values: enough of x86-64 to see how often loops go round.
#pragma once
#include "verify/bounds/disassembler.h"
#include "verify/bounds/values.h"

namespace pith::bounds {

class Interpreter {
 public:
  explicit Interpreter(const Disassembler& disassembler);

  /// What is known after the instruction. Calls forget what the calling convention does not keep.
  void run(const Instruction& instruction, State& state) const;

  /// Number of the processor's register whose low bits `name` is, at least 32 of them; nothing for parts and others.
  struct Register {
    u32 number;
    u32 width;
  };
  std::optional<Register> register_of(unsigned name) const;

  struct Memory {
    std::optional<i64> slot;        ///< the stack slot, if it is one
    std::optional<u64> address;     ///< a place that is known when the program is linked
    std::optional<i64> stack_from;  ///< some slot from here on: an array's element
  };
  /// What the memory operand that begins at operand `first` means.
  Memory memory(const Instruction& instruction, const State& state, unsigned first) const;

 private:
  bool is_instruction_pointer(unsigned name) const;
  Value read(const Instruction& instruction, const State& state, unsigned operand, u32 width) const;
  void write(State& state, unsigned name, Value value) const;
  Value load(const Instruction& instruction, State& state, unsigned first, u32 width) const;
  void store(const Instruction& instruction, State& state, unsigned first, Value value, u32 width) const;
  void forget_results(const Instruction& instruction, State& state) const;
  bool move(const Instruction& instruction, State& state) const;
  void move_if(const Instruction& instruction, State& state) const;
  void combine_predicates(State& state, const std::string& operation, u64 left, u64 right, u64 result) const;
  bool compare(const Instruction& instruction, State& state) const;
  bool compute(const Instruction& instruction, State& state) const;
  bool move_stack(const Instruction& instruction, State& state) const;

  const Disassembler& disassembler_;
  std::map<unsigned, Register> registers_;
};

}  // namespace pith::bounds
