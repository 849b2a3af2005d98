// The meaning of x86-64 instructions for ranges. What is not listed forgets what it writes.
#include "verify/bounds/interpreter.h"

#include <algorithm>

namespace pith::bounds {

namespace {

/// Names of fresh values: by the instruction that makes them.
constexpr u64 kLoaded = 200, kResult = 201;
u64 fresh(const Instruction& instruction, u64 which) { return instruction.address << 8 | which; }

constexpr const char* kNames[kRegisters] = {"AX", "CX", "DX", "BX", "SP", "BP", "SI", "DI", "8", "9", "10", "11", "12", "13", "14", "15"};
/// rbx, rbp, rsp and r12 to r15 survive calls.
constexpr u32 kKept = 1 << 3 | 1 << 4 | 1 << 5 | 0xf000;

Value truncated(Value value, u32 width) {
  if (width >= 64 || value.high <= mask_of(width)) return value;
  if (value.is_constant()) return Value::constant(value.low & mask_of(width));
  if (width == 32) return {0, mask_of(32), value.name, value.offset, 32};
  return {0, mask_of(width), 0, 0, 64};
}

/// value + addend, modulo 2^width.
Value sum(const Value& value, u64 addend, u32 width) {
  u64 mask = mask_of(width);
  Value result = truncated(value, width);
  result.offset += addend;
  if (width == 32) result.modulus = 32;
  u64 low = (result.low + addend) & mask, high = (result.high + addend) & mask;
  if (low <= high && high - low == result.high - result.low) {
    result.low = low;
    result.high = high;
  } else {
    result.low = 0;
    result.high = mask;
  }
  return result;
}

Value sum(const Value& one, const Value& other, u32 width) {
  if (other.is_constant()) return sum(one, other.low, width);
  if (one.is_constant()) return sum(other, one.low, width);
  u64 mask = mask_of(width);
  Value result = Value::range(0, mask, 0);
  if (one.high <= mask && other.high <= mask - one.high) result = Value::range(one.low + other.low, one.high + other.high, 0);
  return result;
}

/// What two-operand arithmetic makes, but for names.
Value combined(const std::string& operation, const Value& left, const Value& right, u32 width) {
  u64 mask = mask_of(width);
  bool fits = left.high <= mask && right.high <= mask;
  Value unknown = Value::range(0, mask, 0);
  if (operation == "ADD") return sum(left, right, width);
  if (operation == "SUB" && right.is_constant()) return sum(left, (~right.low + 1) & mask_of(64), width);
  if (operation == "AND") return Value::range(0, std::min({mask, left.high, right.high}), 0);
  if (!fits) return unknown;
  if (operation == "SHR" && right.is_constant()) return Value::range(left.low >> (right.low & 63), left.high >> (right.low & 63), 0);
  if (operation == "SHL" && right.is_constant() && (right.low & 63) < width && left.high <= mask >> (right.low & 63))
    return Value::range(left.low << (right.low & 63), left.high << (right.low & 63), 0);
  if (operation == "SUB" && left.low >= right.high) return Value::range(left.low - right.high, left.high - right.low, 0);
  if (operation == "OR" || operation == "XOR") {
    if (left.is_constant() && right.is_constant()) return Value::constant(operation == "OR" ? left.low | right.low : left.low ^ right.low);
    u64 reach = left.high | right.high;
    while ((reach & (reach + 1)) != 0) reach |= reach >> 1;
    return Value::range(operation == "OR" ? std::max(left.low, right.low) : 0, reach, 0);
  }
  return unknown;
}

}  // namespace

Interpreter::Interpreter(const Disassembler& disassembler) : disassembler_(disassembler) {
  const auto& names = disassembler.registers();
  for (unsigned name = 1; name < names.getNumRegs(); name++) {
    std::string text = names.getName(name);
    for (u32 number = 0; number < kRegisters; number++) {
      std::string core = kNames[number];
      if (text == "R" + core) registers_[name] = {number, 64};
      if (text == (number < 8 ? "E" + core : "R" + core + "D")) registers_[name] = {number, 32};
      if (text == (number < 8 ? core : "R" + core + "W")) registers_[name] = {number, 16};
      std::string low = number < 4 ? core.substr(0, 1) + "L" : number < 8 ? core + "L" : "R" + core + "B";
      if (text == low || (number < 4 && text == core.substr(0, 1) + "H")) registers_[name] = {number, 8};
    }
  }
}

std::optional<Interpreter::Register> Interpreter::register_of(unsigned name) const {
  auto found = registers_.find(name);
  if (found == registers_.end()) return {};
  return found->second;
}

bool Interpreter::is_instruction_pointer(unsigned name) const {
  return name != 0 && std::string(disassembler_.registers().getName(name)) == "RIP";
}

Value Interpreter::read(const Instruction& instruction, const State& state, unsigned operand, u32 width) const {
  const llvm::MCOperand& from = instruction.code.getOperand(operand);
  if (from.isImm()) return Value::constant(u64(from.getImm()) & mask_of(width));
  auto known = from.isReg() ? register_of(from.getReg()) : std::nullopt;
  if (!known) return Value::range(0, mask_of(width), 0);
  const std::string name = disassembler_.registers().getName(from.getReg());
  if (known->width == 8) return name.ends_with("H") ? Value::range(0, 255, 0) : state.bytes[known->number];
  return truncated(state.registers[known->number], known->width);
}

void Interpreter::write(State& state, unsigned name, Value value) const {
  auto known = register_of(name);
  if (!known) return;
  bool is_low_byte = known->width == 8 && !std::string(disassembler_.registers().getName(name)).ends_with("H");
  state.bytes[known->number] = value.high <= 255 && (is_low_byte || known->width >= 32) ? value : Value::range(0, 255, 0);
  if (known->width < 32) value = Value();  // the rest of the register stays
  // A pointer into the stack: whoever has it may write to what begins there.
  if (value.name == kStackName && known->number != kStackRegister) state.escaped = std::min(state.escaped, i64(value.offset));
  state.registers[known->number] = truncated(value, known->width);
}

Interpreter::Memory Interpreter::memory(const Instruction& instruction, const State& state, unsigned first) const {
  const auto& base = instruction.code.getOperand(first);
  const auto& index = instruction.code.getOperand(first + 2);
  const auto& displacement = instruction.code.getOperand(first + 3);
  if (!base.isReg() || !displacement.isImm()) return {};
  if (is_instruction_pointer(base.getReg()) && index.getReg() == 0) return {{}, instruction.next() + u64(displacement.getImm()), {}};
  auto known = register_of(base.getReg());
  if (!known) return {};
  const Value& address = state.registers[known->number];
  if (address.is_constant() && index.getReg() == 0) return {{}, address.low + u64(displacement.getImm()), {}};
  if (address.name != kStackName) return {};
  i64 at = i64(address.offset) + displacement.getImm();
  if (index.getReg() != 0) return {{}, {}, at};
  return {at, {}, {}};
}

Value Interpreter::load(const Instruction& instruction, State& state, unsigned first, u32 width) const {
  if (auto place = memory(instruction, state, first); place.slot) {
    auto slot = state.slots.find(*place.slot);
    if (slot != state.slots.end() && slot->second.width >= width) return truncated(slot->second.value, width);
  }
  state.forget(fresh(instruction, kLoaded));
  return Value::range(0, mask_of(width), fresh(instruction, kLoaded));
}

void Interpreter::store(const Instruction& instruction, State& state, unsigned first, Value value, u32 width) const {
  auto place = memory(instruction, state, first);
  if (!place.slot) {
    state.forget_escaped();
    if (place.stack_from) state.slots.erase(state.slots.lower_bound(*place.stack_from), state.slots.end());
    return;
  }
  i64 bytes = i64(width / 8);
  for (i64 at = *place.slot - 7; at < *place.slot + bytes; at++) {
    auto there = state.slots.find(at);
    if (there != state.slots.end() && at + i64(there->second.width / 8) > *place.slot) state.slots.erase(there);
  }
  if (width >= 32) state.slots[*place.slot] = {truncated(value, width), width};
}

void Interpreter::forget_results(const Instruction& instruction, State& state) const {
  const auto& description = disassembler_.description(instruction);
  for (unsigned i = 0; i < description.getNumDefs() && i < instruction.code.getNumOperands(); i++) {
    const auto& operand = instruction.code.getOperand(i);
    if (operand.isReg()) write(state, operand.getReg(), Value());
  }
  for (unsigned name : description.implicit_defs()) write(state, name, Value());
  for (unsigned name : description.implicit_defs()) {
    if (std::string(disassembler_.registers().getName(name)) == "EFLAGS") state.flags = {};
  }
}

bool Interpreter::move(const Instruction& instruction, State& state) const {
  const auto& [operation, form, width] = instruction.shape;
  const auto& code = instruction.code;
  auto result = [&](Value value) { write(state, code.getOperand(0).getReg(), value); };
  if (operation == "MOV") {
    if (form == "rr" || form == "ri" || form == "ri32") return result(read(instruction, state, 1, width)), true;
    if (form == "rm") return result(load(instruction, state, 1, width)), true;
    if (form == "mr" || form == "mi" || form == "mi32")
      return store(instruction, state, 0, read(instruction, state, 5, width), width), true;
    return false;
  }
  if (operation == "MOVZX") {
    u32 from = form.ends_with("16") ? 16 : 8;
    if (form.starts_with("rr")) return result(read(instruction, state, 1, from)), true;
    if (form.starts_with("rm")) return result(load(instruction, state, 1, from)), true;
  }
  if (operation == "LEA" && form == "r") {
    auto base = code.getOperand(1).getReg(), index = code.getOperand(3).getReg();
    if (!code.getOperand(4).isImm()) return false;
    if (is_instruction_pointer(base)) return result(truncated(Value::constant(*memory(instruction, state, 1).address), width)), true;
    Value address = Value::constant(0);
    if (base != 0) {
      if (!register_of(base)) return false;
      address = read(instruction, state, 1, 64);
    }
    if (index != 0) {
      Value scaled =
          combined("SHL", read(instruction, state, 3, 64), Value::constant(u64(__builtin_ctzll(u64(code.getOperand(2).getImm())))), 64);
      if (code.getOperand(2).getImm() == 1) scaled = read(instruction, state, 3, 64);
      address = base == 0 ? scaled : sum(address, scaled, 64);
    }
    address = sum(address, u64(code.getOperand(4).getImm()), 64);
    return result(truncated(address, width)), true;
  }
  if (operation == "CMOV") return move_if(instruction, state), true;
  if (operation == "SETCCr") {
    u64 name = fresh(instruction, kResult);
    state.forget(name);
    if (state.flags.is_known) state.predicates[name] = {true, {{state.flags, u32(code.getOperand(1).getImm())}}};
    return result(Value::range(0, 1, name)), true;
  }
  return false;
}

/// A conditional move: what was there where the condition does not hold, the other value where it does, each as the condition narrows it.
void Interpreter::move_if(const Instruction& instruction, State& state) const {
  u32 width = instruction.shape.width;
  bool from_memory = instruction.shape.form == "rm";
  u32 condition = u32(instruction.code.getOperand(from_memory ? 7 : 3).getImm());
  State kept = state, moved = state;
  bool may_keep = assume(kept, condition, false), may_move = assume(moved, condition, true);
  Value one = read(instruction, kept, 1, width),
        other = from_memory ? load(instruction, moved, 2, width) : read(instruction, moved, 2, width);
  u64 name = fresh(instruction, kResult);
  state.forget(name);
  Value both = Value::range(std::min(one.low, other.low), std::max(one.high, other.high), name);
  if (!may_keep || !may_move) both = Value::range(may_move ? other.low : one.low, may_move ? other.high : one.high, name);
  write(state, instruction.code.getOperand(0).getReg(), both);
}

/// Keeps what the values say that two conditions were combined to.
void Interpreter::combine_predicates(State& state, const std::string& operation, u64 left, u64 right, u64 result) const {
  auto one = state.predicates.find(left), other = state.predicates.find(right);
  if (one == state.predicates.end() || other == state.predicates.end()) return;
  bool is_any = operation == "OR";
  if (operation != "OR" && operation != "AND") return;
  Predicate both{is_any, one->second.conditions};
  for (const Predicate* part : {&one->second, &other->second}) {
    if (part->conditions.size() > 1 && part->is_any != is_any) return;
  }
  both.conditions.insert(both.conditions.end(), other->second.conditions.begin(), other->second.conditions.end());
  state.predicates[result] = both;
}

bool Interpreter::compare(const Instruction& instruction, State& state) const {
  const auto& [operation, form, width] = instruction.shape;
  if (operation != "CMP" && operation != "TEST") return false;
  Comparison flags{true, false, width, {}, {}};
  if (form.starts_with("mi") || form == "mr") {
    flags.left = load(instruction, state, 0, width);
    flags.right = read(instruction, state, 5, width);
  } else if (form == "rm") {
    flags.left = read(instruction, state, 0, width);
    flags.right = load(instruction, state, 1, width);
  } else if (form == "rr" || form.starts_with("ri")) {
    flags.left = read(instruction, state, 0, width);
    flags.right = read(instruction, state, 1, width);
  } else if (form.starts_with("i")) {
    flags.left = width == 8 ? state.bytes[0] : truncated(state.registers[0], width);
    flags.right = read(instruction, state, 0, width);
  } else {
    return false;
  }
  if (operation == "TEST") {
    bool is_same = form == "rr" && instruction.code.getOperand(0).getReg() == instruction.code.getOperand(1).getReg();
    if (!is_same) flags.left = combined("AND", flags.left, flags.right, width);
    flags.right = Value::constant(0);
  }
  state.flags = flags;
  return true;
}

bool Interpreter::compute(const Instruction& instruction, State& state) const {
  const auto& [operation, form, width] = instruction.shape;
  const auto& code = instruction.code;
  bool is_step = operation == "INC" || operation == "DEC";
  bool is_arithmetic = operation == "ADD" || operation == "SUB" || operation == "AND" || operation == "OR" || operation == "XOR";
  bool is_shift = operation == "SHL" || operation == "SHR";
  if (width == 16 || width == 0 || (!is_step && !is_arithmetic && !is_shift)) return false;
  bool to_memory = form.starts_with("m"), is_accumulator = form.starts_with("i");
  Value left, right = Value::constant(1);
  if (to_memory) {
    left = load(instruction, state, 0, width);
    if (form == "mr" || form.starts_with("mi")) right = read(instruction, state, 5, width);
    if (form == "mCL") return false;
  } else if (is_accumulator) {
    left = truncated(state.registers[0], width);
    right = read(instruction, state, 0, width);
  } else {
    left = read(instruction, state, 1, width);
    if (form == "rr" || form.starts_with("ri")) right = read(instruction, state, 2, width);
    if (form == "rm") right = load(instruction, state, 2, width);
    if (form == "rCL") right = Value::range(0, 255, 0);
  }
  bool is_zero = operation == "XOR" && form == "rr" && code.getOperand(1).getReg() == code.getOperand(2).getReg();
  Value result = operation == "INC"   ? sum(left, 1, width)
                 : operation == "DEC" ? sum(left, ~u64{0}, width)
                 : is_zero            ? Value::constant(0)
                                      : combined(operation, left, right, width);
  if (result.name == 0 && !result.is_constant()) {
    result.name = fresh(instruction, kResult);
    u64 left_name = left.name == result.name ? 0 : left.name, right_name = right.name == result.name ? 0 : right.name;
    state.forget(result.name);
    combine_predicates(state, operation, left_name, right_name, result.name);
    result.offset = 0;
    result.modulus = 64;
  }
  if (to_memory) {
    store(instruction, state, 0, result, width);
  } else if (is_accumulator) {
    state.registers[0] = width < 32 ? Value() : truncated(result, width);
    state.bytes[0] = Value::range(0, 255, 0);
  } else {
    write(state, code.getOperand(0).getReg(), result);
  }
  // A subtraction compares its operands; of the others it is known whether the result is zero.
  state.flags = {true, true, width, truncated(result, width), Value::constant(0)};
  if (operation == "SUB" || operation == "DEC") {
    state.flags = {true, operation == "DEC", width, left, right};
    // The operand is gone where the result was put, so names narrow the result: left - right as name + offset.
  }
  return true;
}

bool Interpreter::move_stack(const Instruction& instruction, State& state) const {
  const auto& [operation, form, width] = instruction.shape;
  Value& stack = state.registers[kStackRegister];
  auto slot = [&]() { return i64(stack.offset); };
  bool is_known = stack.name == kStackName;
  if (operation == "PUSH") {
    Value pushed = form == "r" ? read(instruction, state, 0, 64) : Value();
    stack = sum(stack, u64(-8), 64);
    if (is_known) state.slots[slot()] = {pushed, 64};
    return true;
  }
  if (operation == "POP" && form == "r") {
    Value popped;
    if (auto found = state.slots.find(slot()); is_known && found != state.slots.end() && found->second.width == 64)
      popped = found->second.value;
    stack = sum(stack, 8, 64);
    write(state, instruction.code.getOperand(0).getReg(), popped);
    return true;
  }
  return false;
}

void Interpreter::run(const Instruction& instruction, State& state) const {
  if (instruction.flow == Flow::Call) {
    for (u32 i = 0; i < kRegisters; i++) {
      if ((kKept >> i & 1) == 0) state.registers[i] = Value();
      if ((kKept >> i & 1) == 0) state.bytes[i] = Value::range(0, 255, 0);
    }
    state.flags = {};
    state.forget_escaped();
    // What was pushed below the stack pointer belongs to the callee.
    Value& stack = state.registers[kStackRegister];
    if (stack.name == kStackName) state.slots.erase(state.slots.begin(), state.slots.lower_bound(i64(stack.offset)));
    return;
  }
  if (instruction.flow != Flow::Next) return;
  if (!instruction.is_repeated &&
      (move(instruction, state) || compare(instruction, state) || compute(instruction, state) || move_stack(instruction, state)))
    return;
  const auto& description = disassembler_.description(instruction);
  forget_results(instruction, state);
  if (description.mayStore()) state.slots.clear();
}

}  // namespace pith::bounds
