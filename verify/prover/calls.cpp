// What is not executed but modelled: intrinsics, the port's assembly and devices. The list of what the proof trusts is this file.
#include <llvm/IR/InlineAsm.h>

#include <stdexcept>

#include "verify/prover/executor.h"
#include "verify/prover/modelled.h"
#include "verify/prover/traps.h"

namespace pith::verify {

Executor::Modelled Executor::intrinsic(Active& active, const llvm::CallInst& call, llvm::Intrinsic::ID id) {
  namespace Id = llvm::Intrinsic;
  State& state = active.state;
  auto argument = [&](unsigned index) { return operand(active.locals, call.getArgOperand(index)); };
  auto set = [&](Value value) {
    active.locals.insert_or_assign(&call, std::move(value));
    return Modelled::Continues;
  };
  switch (id) {
    case Id::lifetime_start:
    case Id::lifetime_end:
    case Id::dbg_value:
    case Id::dbg_declare:
    case Id::dbg_label:
    case Id::experimental_noalias_scope_decl:
      return Modelled::Continues;
    case Id::assume: {
      Value condition = argument(0);
      oblige(state, both(negate(condition.poison_condition()), as_truth(*condition.integer)), "assumption of the compiler", &call);
      return Modelled::Continues;
    }
    case Id::expect:
      return set(argument(0));
    case Id::trap:
    case Id::ubsantrap:
    case Id::debugtrap:
      oblige(state, truth(false), trap_of(call), &call);
      return Modelled::Ends;
    case Id::umin:
    case Id::umax:
    case Id::smin:
    case Id::smax: {
      Value a = argument(0), b = argument(1);
      Expression x = *a.integer, y = *b.integer;
      Expression first = id == Id::umin ? z3::ult(x, y) : id == Id::umax ? z3::ugt(x, y) : id == Id::smin ? x < y : x > y;
      Value value = Value::of(choose(first, x, y).simplify());
      value.add_poison(either(a.poison_condition(), b.poison_condition()));
      return set(value);
    }
    case Id::usub_sat: {
      Value a = argument(0), b = argument(1);
      Value value = Value::of(choose(z3::uge(*a.integer, *b.integer), *a.integer - *b.integer, bits(0, width_of(*a.integer))).simplify());
      value.add_poison(either(a.poison_condition(), b.poison_condition()));
      return set(value);
    }
    case Id::uadd_with_overflow:
    case Id::usub_with_overflow:
    case Id::umul_with_overflow:
    case Id::sadd_with_overflow:
    case Id::ssub_with_overflow:
    case Id::smul_with_overflow: {
      Value a = argument(0), b = argument(1);
      Expression x = *a.integer, y = *b.integer;
      bool adds = id == Id::uadd_with_overflow || id == Id::sadd_with_overflow, subtracts = id == Id::usub_with_overflow || id == Id::ssub_with_overflow;
      bool is_signed = id == Id::sadd_with_overflow || id == Id::ssub_with_overflow || id == Id::smul_with_overflow;
      Arithmetic kind = adds ? Arithmetic::Add : subtracts ? Arithmetic::Subtract : Arithmetic::Multiply;
      Expression result = kind == Arithmetic::Add ? x + y : kind == Arithmetic::Subtract ? x - y : x * y;
      Value value = Value::of(std::vector<Value>{Value::of(result.simplify()), Value::of(negate(no_overflow(kind, x, y, is_signed)).simplify())});
      value.add_poison(either(a.poison_condition(), b.poison_condition()));
      return set(value);
    }
    case Id::fshl:
    case Id::fshr: {
      Value a = argument(0), b = argument(1), c = argument(2);
      unsigned width = width_of(*a.integer);
      Expression shift = zero_extend(z3::urem(*c.integer, bits(width, width)), 2 * width), pair = z3::concat(*a.integer, *b.integer);
      Expression result = id == Id::fshl ? z3::shl(pair, shift).extract(2 * width - 1, width) : z3::lshr(pair, shift).extract(width - 1, 0);
      return set(Value::of(result.simplify()));
    }
    case Id::ctpop: {
      Value a = argument(0);
      unsigned width = width_of(*a.integer);
      Expression sum = bits(0, width);
      for (unsigned i = 0; i < width; i++) sum = sum + zero_extend(a.integer->extract(i, i), width);
      return set(Value::of(sum.simplify()));
    }
    case Id::cttz:
    case Id::ctlz: {
      Value a = argument(0);
      unsigned width = width_of(*a.integer);
      Expression result = bits(width, width);
      for (unsigned i = 0; i < width; i++) {
        unsigned bit = id == Id::cttz ? width - 1 - i : i;
        Expression position = bits(id == Id::cttz ? bit : width - 1 - bit, width);
        result = choose(equal(a.integer->extract(bit, bit), bits(1, 1)), position, result);
      }
      Value value = Value::of(result.simplify());
      if (as_truth(*argument(1).integer).is_true()) value.add_poison(equal(*a.integer, bits(0, width)));
      return set(value);
    }
    case Id::memset:
    case Id::memcpy:
    case Id::memmove: {
      Value to = argument(0), from = argument(1), count = argument(2);
      check_pointer(state, to, &call);
      Expression length = count.integer->simplify();
      if (!length.is_numeral()) throw std::runtime_error("a copy of variable length at " + location(&call));
      if (id == Id::memset) {
        fill(state, to.pointer, length.get_numeral_uint64(), *from.integer, &call);
      } else {
        check_pointer(state, from, &call);
        copy(state, to.pointer, from.pointer, length.get_numeral_uint64(), &call);
      }
      return Modelled::Continues;
    }
    default:
      throw std::runtime_error("no model of intrinsic " + call.getCalledFunction()->getName().str() + " at " + location(&call));
  }
}

Executor::Modelled Executor::model(Active& active, const llvm::CallInst& call, const llvm::Function& callee) {
  llvm::StringRef name = callee.getName();
  std::string_view called = name;
  State& state = active.state;
  auto argument = [&](unsigned index) { return operand(active.locals, call.getArgOperand(index)); };
  auto set = [&](Value value) {
    active.locals.insert_or_assign(&call, std::move(value));
    return Modelled::Continues;
  };
  auto end = [&] {
    if (pure_) return Modelled::Ends;
    Ending ending{state, std::nullopt, name.str(), false, {}};
    for (const llvm::Use& use : call.args()) ending.passed.push_back(operand(active.locals, use.get()));
    endings.push_back(std::move(ending));
    return Modelled::Ends;
  };
  if (cuts.count(name.str())) return end();
  if (name == "verify_old_begin" || name == "verify_old_end") {
    state.reads_old = name == "verify_old_begin";
    return Modelled::Continues;
  }
  if (name == "verify_assume") {
    state.path.push_back(as_truth(*argument(0).integer).simplify());
    return state.path.back().is_false() ? Modelled::Ends : Modelled::Continues;
  }
  if (name == "verify_expect") {
    Expression expected = as_truth(*argument(0).integer);
    // What a contract expects is its callers' to show; what those expect that it is made of is shown where it is proved, of what it says.
    bool is_own = call.getFunction() == summary_;
    if (is_own != specifies)
      oblige(state, expected, "what a contract expects", &call);
    else
      state.path.push_back(expected.simplify());
    return Modelled::Continues;
  }
  if (name == "verify_some") {
    Value value = argument(0);
    return set(specifies ? value : Value::of(fresh("some", width_of(*value.integer))));
  }
  if (name == "verify_here") return set(Value::of(low_bits(this_cpu, 32)));
  if (name == "verify_frame_of") return set(Value::of(memory.held(argument(0))));
  if (name == "verify_thread") return set(Value::of(memory.element(memory.object_named("threads"), *argument(0).integer, true)));
  if (name.starts_with("verify_any")) return set(Value::of(answered(state, "any", callee.getReturnType()->getIntegerBitWidth())));
  if (name == "verify_each") return set(Value::of(fresh("each", 64)));
  if (name == "verify_write_where") {
    write_where(state, as_truth(*argument(0).integer).simplify(), *argument(1).integer, argument(2), *argument(3).integer, call);
    return Modelled::Continues;
  }
  if (name == "verify_promise") {
    Expression promised = as_truth(*argument(0).integer);
    (specifies ? state.promises : state.path).push_back(promised.simplify());
    return Modelled::Continues;
  }
  for (const char* said :
       {"verify_forget", "verify_raise", "verify_require", "verify_keep", "verify_keep_all", "verify_obey", "verify_obey_all", "verify_part", "verify_return_apart"}) {
    if (name == said) return Modelled::Continues;
  }
  // The kernel's walk and the specification's give one answer; that they do is shown where the kernel's walk is proved.
  if (name.starts_with("spec_walk_") && !pure_) {
    auto anything = [&] { return set(Value::of(fresh("any", callee.getReturnType()->getIntegerBitWidth()))); };
    if (meanings.is_empty()) return anything();
    if (specifies && proving != nullptr) return Modelled::No;
    std::vector<Value> arguments;
    for (const llvm::Use& use : call.args()) arguments.push_back(operand(active.locals, use.get()));
    auto answer = meanings.answer_of_walk(const_cast<llvm::Function&>(callee), arguments, state, follows_);
    if (answer) return set(Value::of(*answer));
    return follows_ ? Modelled::No : anything();
  }
  if (is_assertion(name)) {
    oblige(state, truth(false), "assertion", &call);
    return Modelled::Ends;
  }
  // What models of the port say, in verify/machine.cpp.
  if (name == "verify_demand") {
    oblige(state, as_truth(*argument(1).integer), text_at(*call.getArgOperand(0)).c_str(), &call);
    return Modelled::Continues;
  }
  if (name == "verify_access") {
    check_pointer(state, argument(0), &call);
    Pointer address = argument(0).pointer;
    check_place(state, address, memory.resolve(address), "access", &call);
    return Modelled::Continues;
  }
  if (name == "verify_root") return set(Value::of(own("translation_roots")));
  if (name == "verify_vectors") return set(Value::of(own("vector_units")));
  if (name == "verify_leave") {
    if (!pure_) endings.push_back({state, std::nullopt, call.getFunction()->getName().str(), true, {}});
    return Modelled::Ends;
  }
  // The one routine that switches views.
  if (name == "clear_frame") {
    memory.clear_frame(state.memory, *argument(0).integer);
    return Modelled::Continues;
  }
  for (const Primitive& primitive : kPrimitives) {
    if (called != primitive.name) continue;
    if (primitive.ends) return end();
    if (callee.getReturnType()->isVoidTy()) return Modelled::Continues;
    Expression answer = answered(state, "device", callee.getReturnType()->getIntegerBitWidth());
    if (name.contains("3now")) state.path.push_back(z3::ult(answer, bits(std::uint64_t{1} << 63, 64)));  // 292 years
    set(Value::of(answer));
    note_answer(state, callee, answer);
    return Modelled::Continues;
  }
  if (changes_nothing(name)) return Modelled::Continues;
  return Modelled::No;
}

void Executor::note_answer(State& state, const llvm::Function& function, const Expression& answer) {
  auto [name, is_new] = short_names_.try_emplace(&function);
  if (is_new) name->second = short_name(function);
  note_answer(state, name->second, answer);
}

void Executor::note_answer(State& state, const std::string& name, const Expression& answer) {
  if (!memory.meaning_of || pure_ || follows_) return;
  int object = memory.object_named("answer_of_" + name);
  if (object >= 0) memory.write(state.memory, memory.leaf_at(object, ""), {}, Value::of(zero_extend(as_bits(answer, 1), 64)));
}

/// What a device or the machine answers: anything, and noted in the order in which it is asked.
Expression Executor::answered(State& state, const std::string& who, unsigned width) {
  Expression answer = fresh(who, width);
  MemoryModel::append(state.answers, Value::of(answer));
  return answer;
}

llvm::Function* Executor::stand_in_for(const llvm::CallInst& call) const {
  std::string name;
  if (auto* code = llvm::dyn_cast<llvm::InlineAsm>(call.getCalledOperand()))
    name = code->getAsmString();
  else if (call.getCalledFunction() != nullptr)
    name = call.getCalledFunction()->getName().str();
  const char* machine = stand_in_of(name);
  if (machine == nullptr) return nullptr;
  llvm::Function* function = module_.getFunction(machine);
  if (function == nullptr) throw std::runtime_error("there is no " + std::string(machine) + ", which says what `" + name + "` does");
  return function;
}

Pointer Executor::own(const char* array) const {
  Pointer pointer;
  pointer.object = memory.object_named(array);
  llvm::Type* element = llvm::cast<llvm::ArrayType>(memory.object(pointer.object).type)->getElementType();
  pointer.terms.push_back({std::int64_t(layout_.getTypeAllocSize(element)), this_cpu});
  return pointer;
}

Executor::Modelled Executor::assembly(Active& active, const llvm::CallInst& call) {
  auto* code = llvm::cast<llvm::InlineAsm>(call.getCalledOperand());
  std::string text = code->getAsmString();
  if (text == kOwnCpu) {
    active.locals.insert_or_assign(&call, Value::of(own("cpus")));
    return Modelled::Continues;
  }
  if (!is_harmless(text)) throw std::runtime_error("no model of assembly `" + text + "` at " + location(&call));
  llvm::Type* type = call.getType();
  if (type->isIntegerTy() && text.starts_with("in")) {
    Expression answer = answered(active.state, "machine", type->getIntegerBitWidth());
    active.locals.insert_or_assign(&call, Value::of(answer));
    note_answer(active.state, "read_port", answer);
    return Modelled::Continues;
  }
  if (type->isIntegerTy()) active.locals.insert_or_assign(&call, Value::of(answered(active.state, "machine", type->getIntegerBitWidth())));
  if (type->isStructTy()) {
    std::vector<Value> members;
    for (unsigned i = 0; i < type->getStructNumElements(); i++)
      members.push_back(Value::of(answered(active.state, "machine", type->getStructElementType(i)->getIntegerBitWidth())));
    active.locals.insert_or_assign(&call, Value::of(std::move(members)));
  }
  return Modelled::Continues;
}

}  // namespace pith::verify
