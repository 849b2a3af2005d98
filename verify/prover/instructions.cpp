// Arithmetic, comparisons, conversions and addresses, with their poison.
#include <llvm/IR/Constants.h>
#include <llvm/Support/raw_ostream.h>

#include <stdexcept>

#include "verify/prover/executor.h"

namespace pith::verify {

namespace {

[[noreturn]] void unsupported(const llvm::Value& value) {
  std::string text;
  llvm::raw_string_ostream(text) << value;
  throw std::runtime_error("unsupported: " + text);
}

}  // namespace

Value Executor::constant(const llvm::Constant* constant) {
  if (auto* number = llvm::dyn_cast<llvm::ConstantInt>(constant)) {
    unsigned width = number->getBitWidth();
    if (width == 1) return Value::of(truth(number->isOne()));
    if (width <= 64) return Value::of(bits(number->getZExtValue(), width));
    unsupported(*constant);
  }
  if (llvm::isa<llvm::ConstantPointerNull>(constant)) {
    Pointer null;
    null.is_null = truth(true);
    return Value::of(null);
  }
  if (auto* global = llvm::dyn_cast<llvm::GlobalVariable>(constant)) {
    Pointer pointer;
    pointer.object = memory.object_of(global);
    return Value::of(pointer);
  }
  llvm::Type* type = constant->getType();
  if (llvm::isa<llvm::UndefValue>(constant) && !type->isAggregateType()) {  // undef counts as poison
    Value value = type->isIntegerTy() ? Value::of(fresh("undefined", type->getIntegerBitWidth())) : Value::of(Pointer{});
    if (value.kind == Value::Kind::Pointer) value.pointer.is_null = truth(true);
    value.add_poison(truth(true));
    return value;
  }
  if (type->isAggregateType()) {
    std::vector<Value> members;
    unsigned count = type->isStructTy() ? type->getStructNumElements() : unsigned(type->getArrayNumElements());
    for (unsigned i = 0; i < count; i++) members.push_back(this->constant(constant->getAggregateElement(i)));
    return Value::of(std::move(members));
  }
  if (auto* expression = llvm::dyn_cast<llvm::ConstantExpr>(constant)) {
    Value base = this->constant(llvm::cast<llvm::Constant>(expression->getOperand(0)));
    switch (expression->getOpcode()) {
      case llvm::Instruction::PtrToInt:
        return Value::of((base_of(base.pointer) + base.pointer.distance()).simplify());
      case llvm::Instruction::GetElementPtr: {
        llvm::APInt offset(64, 0);
        if (!llvm::cast<llvm::GEPOperator>(expression)->accumulateConstantOffset(layout_, offset)) break;
        base.pointer.offset += offset.getSExtValue();
        return base;
      }
      case llvm::Instruction::Add:
      case llvm::Instruction::Sub: {
        Value other = this->constant(llvm::cast<llvm::Constant>(expression->getOperand(1)));
        bool adds = expression->getOpcode() == llvm::Instruction::Add;
        return Value::of((adds ? *base.integer + *other.integer : *base.integer - *other.integer).simplify());
      }
      default:
        break;
    }
  }
  unsupported(*constant);
}

Value Executor::operand(const Locals& locals, const llvm::Value* value) {
  if (auto* fixed = llvm::dyn_cast<llvm::Constant>(value)) return constant(fixed);
  auto found = locals.find(value);
  if (found == locals.end()) unsupported(*value);
  return found->second;
}

/// An object's address: unknown, the same for each view of memory.
Expression Executor::base_of(const Pointer& pointer) {
  if (pointer.object < 0) return bits(0, 64);
  return solver_context().bv_const(("address." + memory.object(pointer.object).name).c_str(), 64);
}

Value Executor::binary(State& state, const llvm::BinaryOperator& instruction, const Value& a, const Value& b) {
  using Op = llvm::Instruction;
  Expression x = *a.integer, y = *b.integer, result = x, poison = either(a.poison_condition(), b.poison_condition());
  unsigned width = instruction.getType()->getIntegerBitWidth(), op = instruction.getOpcode();
  if (width == 1) {
    x = as_truth(x), y = as_truth(y);
    if (op == Op::And)
      result = both(x, y);
    else if (op == Op::Or)
      result = either(x, y);
    else if (op == Op::Xor || op == Op::Add || op == Op::Sub)
      result = y.is_true() ? negate(x) : negate(x == y);
    else
      unsupported(instruction);
    Value value = Value::of(result.simplify());
    value.add_poison(poison.simplify());
    return value;
  }
  if (auto* overflowing = llvm::dyn_cast<llvm::OverflowingBinaryOperator>(&instruction); overflowing && op != Op::Shl) {
    Arithmetic kind = op == Op::Add ? Arithmetic::Add : op == Op::Sub ? Arithmetic::Subtract : Arithmetic::Multiply;
    if (overflowing->hasNoSignedWrap()) poison = either(poison, negate(no_overflow(kind, x, y, true)));
    if (overflowing->hasNoUnsignedWrap()) poison = either(poison, negate(no_overflow(kind, x, y, false)));
  }
  bool is_division = op == Op::UDiv || op == Op::URem || op == Op::SDiv || op == Op::SRem;
  if (is_division) {
    oblige(state, negate(poison), "poison divided", &instruction);
    oblige(state, negate(equal(y, bits(0, width))), "division by zero", &instruction);
    Expression least = z3::shl(bits(1, width), bits(width - 1, width));
    if (op == Op::SDiv || op == Op::SRem) oblige(state, negate(both(equal(y, bits(~std::uint64_t{0}, width)), equal(x, least))), "division overflows", &instruction);
    poison = truth(false);
  }
  if (op == Op::Shl || op == Op::LShr || op == Op::AShr) poison = either(poison, z3::uge(y, bits(width, width)));
  if (op == Op::Shl) {
    auto* shift = llvm::cast<llvm::OverflowingBinaryOperator>(&instruction);
    Expression shifted = z3::shl(x, y);
    if (shift->hasNoUnsignedWrap()) poison = either(poison, z3::lshr(shifted, y) != x);
    if (shift->hasNoSignedWrap()) poison = either(poison, z3::ashr(shifted, y) != x);
  }
  if (auto* exact = llvm::dyn_cast<llvm::PossiblyExactOperator>(&instruction); exact && exact->isExact()) {
    if (op == Op::LShr || op == Op::AShr)
      poison = either(poison, z3::shl(z3::lshr(x, y), y) != x);
    else
      poison = either(poison, (op == Op::UDiv ? z3::urem(x, y) : z3::srem(x, y)) != bits(0, width));
  }
  if (auto* disjoint = llvm::dyn_cast<llvm::PossiblyDisjointInst>(&instruction); disjoint && disjoint->isDisjoint())
    poison = either(poison, (x & y) != bits(0, width));
  switch (op) {
    case Op::Add: result = x + y; break;
    case Op::Sub: result = x - y; break;
    case Op::Mul: result = x * y; break;
    case Op::And: result = x & y; break;
    case Op::Or: result = x | y; break;
    case Op::Xor: result = x ^ y; break;
    case Op::Shl: result = z3::shl(x, y); break;
    case Op::LShr: result = z3::lshr(x, y); break;
    case Op::AShr: result = z3::ashr(x, y); break;
    case Op::UDiv: result = z3::udiv(x, y); break;
    case Op::URem: result = z3::urem(x, y); break;
    case Op::SDiv: result = x / y; break;
    case Op::SRem: result = z3::srem(x, y); break;
    default: unsupported(instruction);
  }
  Value value = Value::of(result.simplify());
  value.add_poison(poison.simplify());
  return value;
}

Value Executor::compare(const llvm::ICmpInst& instruction, const Value& a, const Value& b) {
  using P = llvm::CmpInst;
  Expression result = truth(false);
  auto predicate = instruction.getPredicate();
  if (a.kind == Value::Kind::Pointer) {
    Expression a_null = a.pointer.null_condition(), b_null = b.pointer.null_condition();
    bool same_object = a.pointer.object == b.pointer.object && a.pointer.object >= 0;
    Expression same = both(a_null, b_null);
    if (same_object) same = either(same, both(both(negate(a_null), negate(b_null)), equal(a.pointer.distance(), b.pointer.distance())));
    if (predicate == P::ICMP_EQ)
      result = same;
    else if (predicate == P::ICMP_NE)
      result = negate(same);
    else
      unsupported(instruction);
  } else {
    Expression x = *a.integer, y = *b.integer;
    if (x.is_bool()) x = as_bits(x, 1), y = as_bits(as_truth(y), 1);
    switch (predicate) {
      case P::ICMP_EQ: result = equal(x, y); break;
      case P::ICMP_NE: result = negate(equal(x, y)); break;
      case P::ICMP_ULT: result = z3::ult(x, y); break;
      case P::ICMP_ULE: result = z3::ule(x, y); break;
      case P::ICMP_UGT: result = z3::ugt(x, y); break;
      case P::ICMP_UGE: result = z3::uge(x, y); break;
      case P::ICMP_SLT: result = x < y; break;
      case P::ICMP_SLE: result = x <= y; break;
      case P::ICMP_SGT: result = x > y; break;
      case P::ICMP_SGE: result = x >= y; break;
      default: unsupported(instruction);
    }
  }
  Value value = Value::of(result.simplify());
  value.add_poison(either(a.poison_condition(), b.poison_condition()));
  return value;
}

Value Executor::convert(const llvm::CastInst& instruction, const Value& a) {
  using Op = llvm::Instruction;
  Expression poison = a.poison_condition();
  auto done = [&](const Expression& result) {
    Value value = Value::of(result.simplify());
    value.add_poison(poison.simplify());
    return value;
  };
  if (instruction.getOpcode() == Op::PtrToInt) {
    Expression number = base_of(a.pointer) + a.pointer.distance();
    return done(choose(a.pointer.null_condition(), bits(0, 64), number));
  }
  if (instruction.getOpcode() == Op::BitCast) return a;
  if (a.kind != Value::Kind::Integer) unsupported(instruction);
  unsigned to = instruction.getType()->isIntegerTy() ? instruction.getType()->getIntegerBitWidth() : 0, from = width_of(*a.integer);
  switch (instruction.getOpcode()) {
    case Op::ZExt:
      if (auto* sign = llvm::dyn_cast<llvm::PossiblyNonNegInst>(&instruction); sign && sign->hasNonNeg() && !a.integer->is_bool())
        poison = either(poison, *a.integer < bits(0, from));
      return done(a.integer->is_bool() ? as_bits(*a.integer, to) : zero_extend(*a.integer, to));
    case Op::SExt:
      return done(a.integer->is_bool() ? choose(*a.integer, bits(~std::uint64_t{0}, to), bits(0, to)) : sign_extend(*a.integer, to));
    case Op::Trunc: {
      auto& cut = llvm::cast<llvm::TruncInst>(instruction);
      Expression low = a.integer->extract(to - 1, 0);
      if (cut.hasNoUnsignedWrap()) poison = either(poison, a.integer->extract(from - 1, to) != bits(0, from - to));
      if (cut.hasNoSignedWrap()) poison = either(poison, sign_extend(low, from) != *a.integer);
      return done(to == 1 ? as_truth(low) : low);
    }
    default:
      unsupported(instruction);
  }
}

Value Executor::address_of(const Locals& locals, const llvm::GEPOperator& instruction) {
  Value base = operand(locals, instruction.getPointerOperand());
  llvm::MapVector<llvm::Value*, llvm::APInt> variable;
  llvm::APInt fixed(64, 0);
  if (!instruction.collectOffset(layout_, 64, variable, fixed)) unsupported(instruction);
  Value result = Value::of(base.pointer);
  result.pointer.offset += fixed.getSExtValue();
  Expression poison = base.poison_condition();
  for (const auto& [name, stride] : variable) {
    Value index = operand(locals, name);
    poison = either(poison, index.poison_condition());
    result.pointer.add(stride.getSExtValue(), sign_extend(*index.integer, 64).simplify());
  }
  result.add_poison(poison);
  return result;
}

bool Executor::step(Active& active, const llvm::Instruction& instruction) {
  Locals& locals = active.locals;
  State& state = active.state;
  auto set = [&](const Value& value) { locals.insert_or_assign(&instruction, value); };
  auto at = [&](unsigned index) { return operand(locals, instruction.getOperand(index)); };
  if (auto* op = llvm::dyn_cast<llvm::BinaryOperator>(&instruction)) {
    set(binary(state, *op, at(0), at(1)));
  } else if (auto* comparison = llvm::dyn_cast<llvm::ICmpInst>(&instruction)) {
    set(compare(*comparison, at(0), at(1)));
  } else if (auto* conversion = llvm::dyn_cast<llvm::CastInst>(&instruction)) {
    set(convert(*conversion, at(0)));
  } else if (llvm::isa<llvm::GetElementPtrInst>(instruction)) {
    set(address_of(locals, llvm::cast<llvm::GEPOperator>(instruction)));
  } else if (auto* access = llvm::dyn_cast<llvm::LoadInst>(&instruction)) {
    Value address = at(0);
    check_pointer(state, address, &instruction);
    set(load(state, address.pointer, access->getType(), &instruction));
  } else if (auto* access = llvm::dyn_cast<llvm::StoreInst>(&instruction)) {
    Value address = at(1), value = at(0);
    check_pointer(state, address, &instruction);
    if (address.pointer.object >= 0 && memory.object(address.pointer.object).kind != ObjectKind::Local)
      oblige(state, negate(value.poison_condition()), "poison stored", &instruction);
    if (is_bool_access(instruction) && value.kind == Value::Kind::Integer && width_of(*value.integer) == 8)
      oblige(state, z3::ult(*value.integer, bits(2, 8)), "bool that is neither true nor false", &instruction);
    store(state, address.pointer, value, access->getValueOperand()->getType(), &instruction);
  } else if (auto* variable = llvm::dyn_cast<llvm::AllocaInst>(&instruction)) {
    Pointer pointer;
    pointer.object = memory.add_local(variable->getAllocatedType());
    set(Value::of(pointer));
  } else if (llvm::isa<llvm::SelectInst>(instruction)) {
    Value condition = at(0);
    auto merged = merge(as_truth(*condition.integer).simplify(), at(1), at(2));
    if (!merged) unsupported(instruction);
    if (merged->kind == Value::Kind::Integer) merged->integer = merged->integer->simplify();
    merged->add_poison(condition.poison_condition());
    set(*merged);
  } else if (llvm::isa<llvm::FreezeInst>(instruction)) {
    Value value = at(0);
    Expression poison = value.poison_condition();
    if (!poison.is_false()) {
      if (value.kind != Value::Kind::Integer) unsupported(instruction);
      value = Value::of(choose(poison, fresh("frozen", width_of(*value.integer)), *value.integer));
    }
    set(value);
  } else if (auto* extract = llvm::dyn_cast<llvm::ExtractValueInst>(&instruction)) {
    Value value = at(0);
    for (unsigned index : extract->indices()) value = Value(value.members[index]);
    set(value);
  } else if (auto* insert = llvm::dyn_cast<llvm::InsertValueInst>(&instruction)) {
    Value value = at(0);
    if (insert->getNumIndices() != 1) unsupported(instruction);
    value.members[insert->getIndices()[0]] = at(1);
    set(value);
  } else if (auto* exchange = llvm::dyn_cast<llvm::AtomicRMWInst>(&instruction)) {
    Value address = at(0);
    if (address.pointer.object < 0 || memory.object(address.pointer.object).kind != ObjectKind::Lock) unsupported(instruction);
    set(Value::of(bits(0, exchange->getType()->getIntegerBitWidth())));
  } else {
    unsupported(instruction);
  }
  return true;
}

}  // namespace pith::verify
