// The loop over blocks: the earliest place first, so that paths that arrive at the same place can become one.
#include "verify/prover/executor.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "verify/prover/traps.h"

namespace pith::verify {

namespace {
/// Rounds of a loop that are followed without asking whether they can happen.
constexpr unsigned kTrustedRounds = 9;
}  // namespace

/// While it lives, reads of the state before the operation are noted in `state`.
class Executor::Listening {
 public:
  Listening(Executor& executor, std::function<void(const Read&)> listener) : executor_(executor), before_(executor.memory.on_read) {
    executor_.memory.on_read = std::move(listener);
  }
  ~Listening() { executor_.memory.on_read = before_; }

 private:
  Executor& executor_;
  std::function<void(const Read&)> before_;
};

Executor::Executor(llvm::Module& module, const ExecutorOptions& options)
    : memory(module),
      facts(*this),
      meanings(*this),
      this_cpu(solver_context().bv_const("cpu", 64)),
      module_(module),
      layout_(module.getDataLayout()),
      options_(options) {
  type_leaf_ = memory.leaf_at(memory.object_named("frames"), "0");
  count_leaf_ = memory.leaf_at(memory.object_named("frame_count"), "");
}

bool Executor::keeps_apart() const { return !meanings.is_empty() && !pure_; }

const FunctionAnalysis& Executor::analysis_of(llvm::Function& function) {
  auto& analysis = analyses_[&function];
  if (!analysis) analysis = std::make_unique<FunctionAnalysis>(function);
  return *analysis;
}

bool Executor::is_type_leaf(int leaf) { return leaf == type_leaf_; }

void Executor::fail(const std::string& obligation, const llvm::Instruction* at, const std::string& example, bool is_unknown,
                    const std::string& counterexample) {
  std::string where = location(at);
  for (const Failure& known : failures) {
    if (known.obligation == obligation && known.where == where) return;
  }
  failures.push_back({obligation, where, example, is_unknown, counterexample});
  if (options_.stops_at_failure) throw StoppedAtFailure();
}

std::string Executor::example() const {
  std::string text;
  if (!solver.has_model()) return text;
  for (const auto& [name, value] : named) text += (text.empty() ? "" : " ") + name + "=" + solver.value_of(value);
  return text;
}

void Executor::listen(State& state) {
  if (pure_) return;
  if (follows_) meanings.go_on(&state);
  memory.on_read = [this, &state](const Read& read) { state.reads.insert(facts.number_of(read)); };
}

void Executor::run_entry(llvm::Function& function, const std::vector<Value>& arguments, State state) {
  for (Outcome& outcome : call(std::move(state), function, arguments, 0))
    endings.push_back({std::move(outcome.state), outcome.result, "return", false});
}

Expression Executor::evaluate(llvm::Function& function, const std::vector<Value>& arguments, const Memory& now, const Memory* old,
                              std::vector<Read>* reads) {
  bool was_pure = pure_;
  const Memory* was_old = old_;
  pure_ = true;
  old_ = old;
  State state;
  state.memory = now;
  Expression result = truth(false);
  {
    std::function<void(const Read&)> listener;
    if (reads != nullptr) listener = [reads](const Read& read) { reads->push_back(read); };
    Listening listening(*this, listener);
    bool is_first = true;
    for (const Outcome& outcome : call(std::move(state), function, arguments, 100)) {
      Expression condition = truth(true);
      for (const Expression& e : outcome.state.path) condition = both(condition, e);
      Expression value = *outcome.result->integer;
      if (value.is_bool()) {
        result = either(result, both(condition, value));
      } else {
        result = is_first ? value : choose(condition, value, result);
      }
      is_first = false;
    }
  }
  pure_ = was_pure;
  old_ = was_old;
  return result.simplify();
}

std::vector<Outcome> Executor::follow(State state, llvm::Function& function, const std::vector<Value>& arguments) {
  Memory before;
  bool did = std::exchange(follows_, true);
  const Memory* was_old = std::exchange(old_, &before);
  std::vector<Outcome> outcomes = call(std::move(state), function, arguments, 0);
  follows_ = did;
  old_ = was_old;
  meanings.go_on(nullptr);
  return outcomes;
}

std::vector<Outcome> Executor::call(State state, llvm::Function& function, const std::vector<Value>& arguments, unsigned depth) {
  const FunctionAnalysis& analysis = analysis_of(function);
  Frame frame{analysis, depth, {}, {}, nullptr, {}};
  Locals locals;
  std::size_t next = 0;
  for (const llvm::Argument& argument : function.args()) {
    Value value = arguments[next++];
    if (value.kind == Value::Kind::Integer && argument.getType()->isIntegerTy()) {
      unsigned width = argument.getType()->getIntegerBitWidth();
      value.integer = width == 1 ? as_truth(*value.integer) : low_bits(as_bits(*value.integer, width), width);
    }
    locals.insert({&argument, value});
  }
  const llvm::BasicBlock* entry = &function.getEntryBlock();
  frame.agenda[analysis.place_of(entry, nullptr, {})] = {entry, {Active{std::move(state), std::move(locals), nullptr}}};
  while (!frame.agenda.empty()) {
    auto first = frame.agenda.begin();
    frame.place = first->first;
    frame.block = first->second.first;
    std::vector<Active> actives = std::move(first->second.second);
    frame.agenda.erase(first);
    for (Active& active : merge_actives(std::move(actives), frame, frame.block)) execute_block(frame, frame.block, std::move(active));
  }
  return merge_outcomes(std::move(frame.outcomes), depth);
}

void Executor::go(Frame& frame, Active active, const llvm::BasicBlock* to) {
  std::vector<std::pair<const llvm::Value*, Value>> values;
  for (const llvm::PHINode& phi : to->phis()) values.push_back({&phi, operand(active.locals, phi.getIncomingValueForBlock(frame.block))});
  for (auto& [name, value] : values) active.locals.insert_or_assign(name, value);
  active.from = frame.block;
  auto& entry = frame.agenda[frame.analysis.place_of(to, frame.block, frame.place)];
  entry.first = to;
  entry.second.push_back(std::move(active));
}

void Executor::execute_block(Frame& frame, const llvm::BasicBlock* block, Active active) {
  auto at = block->begin();
  while (llvm::isa<llvm::PHINode>(&*at)) ++at;
  execute_from(frame, std::move(active), at);
}

void Executor::execute_from(Frame& frame, Active active, llvm::BasicBlock::const_iterator at) {
  while (true) {
    const llvm::Instruction& instruction = *at;
    ++at;
    if (!pure_ && ++steps > options_.most_steps)
      throw std::runtime_error("too many steps: a loop without end at " + location(&instruction));
    listen(active.state);
    if (auto* back = llvm::dyn_cast<llvm::ReturnInst>(&instruction)) {
      std::optional<Value> result;
      if (back->getReturnValue() != nullptr) {
        result = operand(active.locals, back->getReturnValue());
        // A padding byte of a returned structure may be anything; what is used of it is checked where it is used.
        if (result->kind == Value::Kind::Integer) oblige(active.state, negate(result->poison_condition()), "poison returned", &instruction);
      }
      frame.outcomes.push_back({std::move(active.state), result});
      return;
    }
    if (auto* jump = llvm::dyn_cast<llvm::BranchInst>(&instruction)) return branch(frame, std::move(active), *jump);
    if (auto* choice = llvm::dyn_cast<llvm::SwitchInst>(&instruction)) return switch_to(frame, std::move(active), *choice);
    if (llvm::isa<llvm::UnreachableInst>(instruction)) {
      oblige(active.state, truth(false), "unreachable reached", &instruction);
      return;
    }
    if (auto* made = llvm::dyn_cast<llvm::CallInst>(&instruction)) {
      Modelled modelled = Modelled::No;
      llvm::Function *callee = made->getCalledFunction(), *stand_in = stand_in_for(*made);
      if (stand_in != nullptr)
        callee = stand_in;
      else if (made->isInlineAsm())
        modelled = assembly(active, *made);
      else if (callee == nullptr)
        throw std::runtime_error("indirect call at " + location(made));
      else if (callee->isIntrinsic())
        modelled = intrinsic(active, *made, callee->getIntrinsicID());
      else
        modelled = model(active, *made, *callee);
      if (modelled == Modelled::Ends) return;
      if (modelled == Modelled::Continues) continue;
      if (callee == nullptr || (callee->isDeclaration() && callee->getName() != "verify_split")) {
        std::string text;
        llvm::raw_string_ostream(text) << *made;
        throw std::runtime_error("no model of this call at " + location(made) + ":" + text);
      }
      if (callee != nullptr && callee->getName() == "verify_split") {
        Expression value = *operand(active.locals, made->getArgOperand(0)).integer,
                   limit = *operand(active.locals, made->getArgOperand(1)).integer;
        oblige(active.state, z3::ult(value, limit), "all cases of a split", made);
        for (std::uint64_t i = 0; i < limit.simplify().get_numeral_uint64(); i++) {
          Active one = active;
          Expression here = equal(value, bits(i, width_of(value))).simplify();
          if (!is_feasible(one.state, here, made)) continue;
          one.state.path.push_back(here);
          if (!made->getType()->isVoidTy()) one.locals.insert_or_assign(made, Value::of(bits(i, width_of(value))));
          execute_from(frame, std::move(one), at);
        }
        return;
      }
      std::vector<Value> arguments;
      for (const llvm::Use& use : made->args()) arguments.push_back(operand(active.locals, use.get()));
      const Contract* contract = contract_of(*callee);
      std::vector<Outcome> outcomes = contract != nullptr ? call_by_contract(*contract, std::move(active.state), arguments)
                                      : callee->getName().starts_with("spec_walk_") ? follow(std::move(active.state), *callee, arguments)
                                                                                    : call(std::move(active.state), *callee, arguments,
                                                                                           stand_in != nullptr ? kDeep : frame.depth + 1);
      if (walk != nullptr) keep_one(outcomes, *made);
      for (Outcome& outcome : outcomes) {
        if (outcome.result && outcome.result->kind == Value::Kind::Integer) note_answer(outcome.state, *callee, *outcome.result->integer);
        Active next{std::move(outcome.state), active.locals, active.from};
        if (outcome.result) next.locals.insert_or_assign(made, *outcome.result);
        if (outcomes.size() == 1) {
          active = std::move(next);
          break;
        }
        execute_from(frame, std::move(next), at);
      }
      if (outcomes.size() != 1) return;
      continue;
    }
    if (auto* selection = llvm::dyn_cast<llvm::SelectInst>(&instruction); selection && fork(frame, active, *selection, at)) continue;
    if (!step(active, instruction)) return;
  }
}

/// A choice between pointers into different objects makes two paths: the other one is run here to its end of the block.
bool Executor::fork(Frame& frame, Active& active, const llvm::SelectInst& instruction, llvm::BasicBlock::const_iterator next) {
  Value value = operand(active.locals, instruction.getCondition());
  Expression condition = as_truth(*value.integer).simplify();
  Value yes = operand(active.locals, instruction.getTrueValue()), no = operand(active.locals, instruction.getFalseValue());
  if (condition.is_true() || condition.is_false() || merge(condition, yes, no)) return false;
  oblige(active.state, negate(value.poison_condition()), "choice on poison", &instruction);
  if (walk != nullptr) {
    bool is_yes = walk_first(active.state, instruction, {condition, negate(condition)}) == 0;
    active.state.path.push_back(is_yes ? condition : negate(condition));
    active.locals.insert_or_assign(&instruction, is_yes ? yes : no);
    return true;
  }
  Active other = active;
  other.state.path.push_back(negate(condition));
  other.locals.insert_or_assign(&instruction, no);
  execute_from(frame, std::move(other), next);
  active.state.path.push_back(condition);
  active.locals.insert_or_assign(&instruction, yes);
  return true;
}

void Executor::branch(Frame& frame, Active active, const llvm::BranchInst& branch) {
  if (branch.isUnconditional()) return go(frame, std::move(active), branch.getSuccessor(0));
  Value value = operand(active.locals, branch.getCondition());
  oblige(active.state, negate(value.poison_condition()), "branch on poison", &branch);
  Expression condition = as_truth(*value.integer).simplify();
  if (keeps_apart()) condition = literals_of(active.state).simplify(condition);
  const llvm::BasicBlock *yes = branch.getSuccessor(0), *no = branch.getSuccessor(1);
  for (bool swapped : {false, true}) {
    const llvm::BasicBlock* failing = swapped ? yes : no;
    if (pure_ || !FunctionAnalysis::is_failure(failing)) continue;
    const char* what = failure_of(*failing, "assertion");
    // Checks of one kind share a trap.
    const llvm::Instruction* at = is_trap(what) ? &branch : failing->getFirstNonPHI();
    oblige(active.state, swapped ? negate(condition) : condition, what, at);
    return go(frame, std::move(active), swapped ? no : yes);
  }
  if (condition.is_true()) return go(frame, std::move(active), yes);
  if (condition.is_false()) return go(frame, std::move(active), no);
  // Where paths meet again, asking which of them exist costs more than it saves, but for loops that only the path's conditions end.
  bool is_late = may_merge_memory(frame.depth) && frame.place.size() > 1 && frame.place[frame.place.size() - 2] >= kTrustedRounds;
  bool asks = follows_ || keeps_apart() || (!frame.analysis.is_quiet(frame.block) && (!may_merge_memory(frame.depth) || is_late));
  if (is_late) active.state.witness.reset();  // of a path that took other ways since
  if (walk != nullptr && asks) return walk_on(frame, std::move(active), branch, {{condition, yes}, {negate(condition), no}});
  if (follows_ && meanings.is_thorough()) {
    // The kernel's path usually leaves one way, and to find it ruled in takes longer than the other ruled out.
    solver.subject = "way " + location(&branch);
    if (refute_briefly(active.state, negate(condition))) return go(frame, std::move(active), yes);
    if (refute_briefly(active.state, condition)) return go(frame, std::move(active), no);
  }
  bool can_be_true = !asks || is_feasible(active.state, condition, &branch);
  auto witness = active.state.witness;
  // The path is possible, so that one of them is, unless it went round a loop unasked.
  bool can_be_false = (!can_be_true && !is_late) || !asks || is_feasible(active.state, negate(condition), &branch);
  if (!can_be_true && !can_be_false) return;
  if (can_be_true && can_be_false) {
    Active other = active;
    active.state.witness = witness;
    other.state.path.push_back(negate(condition));
    active.state.path.push_back(condition);
    go(frame, std::move(active), yes);
    go(frame, std::move(other), no);
    return;
  }
  go(frame, std::move(active), can_be_true ? yes : no);
}

void Executor::switch_to(Frame& frame, Active active, const llvm::SwitchInst& instruction) {
  Value value = operand(active.locals, instruction.getCondition());
  oblige(active.state, negate(value.poison_condition()), "switch on poison", &instruction);
  Expression otherwise = truth(true);
  std::vector<Way> ways;
  for (const auto& option : instruction.cases()) {
    Expression here = equal(*value.integer, *constant(option.getCaseValue()).integer).simplify();
    if (here.is_false()) continue;
    if (here.is_true()) return go(frame, std::move(active), option.getCaseSuccessor());
    otherwise = both(otherwise, negate(here));
    ways.push_back({here, option.getCaseSuccessor()});
    if (walk != nullptr && !pure_) continue;
    if ((follows_ || !may_merge_memory(frame.depth)) && !is_feasible(active.state, here, &instruction)) continue;
    Active taken = active;
    taken.state.path.push_back(here);
    go(frame, std::move(taken), option.getCaseSuccessor());
  }
  bool fails = FunctionAnalysis::is_failure(instruction.getDefaultDest()) && !pure_;
  if (walk != nullptr && !pure_) {
    if (!fails) ways.push_back({otherwise, instruction.getDefaultDest()});
    return walk_on(frame, std::move(active), instruction, ways);
  }
  if (fails) {
    oblige(active.state, negate(otherwise), failure_of(*instruction.getDefaultDest(), "value outside the enumeration"), &instruction);
    return;
  }
  if (!is_feasible(active.state, otherwise, &instruction)) return;
  active.state.path.push_back(otherwise);
  go(frame, std::move(active), instruction.getDefaultDest());
}

}  // namespace pith::verify
