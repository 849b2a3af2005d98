// From an entry function to a verdict.
#include "verify/prover/proof.h"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <utility>

#include "verify/prover/anything.h"
#include "verify/prover/case.h"
#include "verify/prover/knowledge.h"

namespace pith::verify {

namespace {

/// Entries that begin after an operation and before the choice of who runs next: what holds only when the kernel is left is proved, not assumed.
constexpr llvm::StringRef kAfterOperation = "entry_schedule";

/// What holds whenever the kernel is left.
constexpr llvm::StringRef kExit = "exit_invariant_";

/// Places that a path wrote for which a predicate is shown one by one from the beginning.
constexpr std::size_t kFewPlaces = 2;

/// What would be proved of nothing is not proved.
constexpr const char* kContradiction = "no path is feasible: the assumptions contradict each other";
/// Nothing would be compared.
constexpr const char* kUnspecified = "the specification does nothing where the kernel goes on";

class Proof {
 public:
  Proof(Knowledge& knowledge, const Entry& entry)
      : knowledge_(knowledge), module_(knowledge.module), entry_(entry), options_(knowledge.options), executor_(knowledge.executor) {
    is_after_operation_ = llvm::StringRef(entry.function).starts_with(kAfterOperation);
  }

  EntryReport run() {
    double begin = processor_seconds();
    report_.name = entry_.name;
    try {
      assume();
      if (executor_.proving != nullptr) {
        prove_contract();
      } else {
        execute(state_at_entry(executor_));
        if (options_.only_refinement)
          check_refinement();
        else if (!options_.only_traps)
          check_endings();
        check_possible();
      }
    } catch (const StoppedAtFailure&) {
      // The report says which.
    } catch (const std::exception& problem) {
      executor_.fail(problem.what(), nullptr, "", true);
    }
    report_.paths = long(executor_.endings.size());
    report_.queries = executor_.solver.statistics.queries;
    report_.longest_query = executor_.solver.statistics.longest;
    report_.obligations = executor_.obligations;
    report_.facts = executor_.facts.count();
    report_.steps = executor_.steps;
    report_.seconds = processor_seconds() - begin;
    report_.failures = executor_.failures;
    bool is_unknown = std::any_of(report_.failures.begin(), report_.failures.end(), [](const Failure& f) { return f.is_unknown; });
    report_.result = report_.failures.empty() ? "proved" : is_unknown ? "unknown" : "failed";
    return report_;
  }

 private:
  /// What is known of the state in which the entry begins.
  void assume() {
    if (!knowledge_.problem.empty()) throw std::runtime_error(knowledge_.problem);
    executor_.keep_counterexample = [this](const State& state, const std::string& what) {
      return keep_counterexample(state, [&](CaseWriter& writer) { writer.breaks(what); });
    };
    executor_.check_call = [this](State& state, const Contract& contract) { check_call(state, contract); };
    for (const Contract& contract : executor_.contracts) {
      std::string own = kContractEntry.str() + contract.name;
      if (entry_.function == own || entry_.function.starts_with(own + "_of_")) executor_.proving = &contract;
    }
    for (const Predicate& predicate : knowledge_.predicates) {
      if (knowledge_.is_obeyed(predicate)) executor_.facts.add(predicate);
      bool is_lemma = predicate.name.starts_with("lemma_"), is_assumed = is_lemma || predicate.name.starts_with("invariant_");
      if (executor_.proving != nullptr) {
        // Where the function is called, other invariants may be broken.
        if (is_lemma || (is_assumed && executor_.proving->requires_that(predicate))) executor_.facts.add(predicate);
        continue;
      }
      if (is_assumed || (predicate.name.starts_with(kExit) && !is_after_operation_)) executor_.facts.add(predicate);
      if (predicate.name.starts_with(kExit) && is_after_operation_) show_at_end(exits_, predicate);
      if (predicate.name.starts_with("property_") && !options_.only_refinement) show_at_end(properties_, predicate);
    }
    executor_.meanings.assume();
  }

  void show_at_end(std::vector<Predicate>& shown, const Predicate& predicate) {
    executor_.facts.mention(predicate);
    shown.push_back(predicate);
  }

  /// On each path of the operation, what the specification does is what the kernel did.
  void check_refinement() {
    llvm::Function* specified = module_.getFunction(specification_of(entry_));
    if (specified == nullptr) throw std::runtime_error("there is no specification of " + entry_.function);
    // What follows the operation is the same for the specification: endings that differ only in how the kernel is left are one.
    std::vector<std::vector<Ending*>> groups;
    for (Ending& ending : executor_.endings) {
      if (!is_handed_on(ending) && executor_.is_feasible(ending.state, truth(true), nullptr)) group(groups, ending);
    }
    for (const std::vector<Ending*>& endings : groups) {
      Ending ending = common_of(endings);
      // Most are shown with what is known of the kernel's path alone, and soon; where that did not suffice once, it seldom does later.
      bool is_specified = false;
      if (!asks_for_more_) {
        is_trial_ = true;
        is_specified = compare_with_specification(ending, *specified, false);
        is_trial_ = false;
        asks_for_more_ = std::exchange(is_refused_, false) || !is_specified;
      }
      if (asks_for_more_) is_specified = compare_with_specification(ending, *specified, true);
      // That the kernel's path does not exist may take as long to see as to follow it.
      if (!is_specified && executor_.refute(ending.state, truth(true)) != Answer::Impossible) executor_.fail(kUnspecified, nullptr, ending.where, false);
    }
  }

  /// Executes the specification where the kernel's path has ended, and shows every meaning. False: the specification has no way to its end there.
  bool compare_with_specification(Ending& ending, llvm::Function& specified, bool is_thorough) {
    executor_.meanings.follow(&ending.state, is_thorough);
    bool is_specified = false;
    for (Outcome& outcome : executor_.follow(ending.state, specified, executor_.arguments)) {
      if (is_refused_ || !executor_.is_feasible(outcome.state, truth(true), nullptr)) continue;
      is_specified = true;
      Ending both{std::move(outcome.state), std::nullopt, ending.where, ending.leaves};
      std::vector<int> touched = executor_.memory.touched(both.state.memory);
      executor_.meanings.go_on(&both.state);
      for (const Predicate& predicate : executor_.meanings.predicates()) prove_predicate(both, predicate, touched, true);
      executor_.meanings.go_on(nullptr);
    }
    executor_.meanings.follow(nullptr, false);
    return is_specified;
  }

  void execute(State state) { execute_entry(executor_, module_, entry_, std::move(state)); }

  void check_endings() {
    std::vector<std::vector<Ending*>> groups;
    for (Ending& ending : executor_.endings) {
      if (executor_.is_feasible(ending.state, truth(true), nullptr)) group(groups, ending);
    }
    for (const std::vector<Ending*>& endings : groups) {
      // What holds of all of them before they part is shown once.
      Ending common = common_of(endings);
      for (const Predicate& predicate : executor_.facts.predicates()) {
        // Lemmas follow from what counts count; they are assumed, and checked by the host tests.
        if (predicate.name.starts_with("lemma_") || predicate.is_property()) continue;
        if (leaves(common) || !predicate.name.starts_with("exit_")) prove_predicate(endings, common, predicate, true);
      }
      for (const Predicate& predicate : exits_) prove_predicate(endings, common, predicate, false);
      for (const Predicate& predicate : properties_) prove_predicate(endings, common, predicate, false);
    }
    if (groups.empty()) executor_.fail(kContradiction, nullptr, "", false);
  }

  /// The invariants take part: an entry of which only paths are left that they rule out would be proved of nothing.
  void check_possible() {
    bool is_possible = std::any_of(executor_.endings.begin(), executor_.endings.end(), [&](Ending& ending) { return !executor_.is_ruled_out(ending.state); });
    if (!is_possible) executor_.fail(kContradiction, nullptr, "", false);
  }

  bool leaves(const Ending& ending) const { return ending.leaves || is_after_operation_; }

  /// Puts the ending to those with the same memory, as far as invariants speak of it.
  void group(std::vector<std::vector<Ending*>>& groups, Ending& ending) {
    auto is_alike = [&](const std::vector<Ending*>& known) {
      const State& state = known[0]->state;
      bool is_way_out_alike = options_.only_refinement || leaves(*known[0]) == leaves(ending);
      return is_way_out_alike && state.calls == ending.state.calls && executor_.is_alike(state.memory, ending.state.memory);
    };
    auto found = std::find_if(groups.begin(), groups.end(), is_alike);
    if (found == groups.end()) found = groups.insert(groups.end(), std::vector<Ending*>());
    found->push_back(&ending);
  }

  /// Shows the predicate of what the endings have in common, or of each by itself where that does not suffice.
  void prove_predicate(const std::vector<Ending*>& endings, const Ending& common, const Predicate& predicate, bool is_invariant) {
    std::vector<int> touched = executor_.memory.touched(common.state.memory);
    if (endings.size() == 1 || !is_shown(common, predicate, touched, is_invariant)) {
      for (const Ending* ending : endings) prove_predicate(*ending, predicate, touched, is_invariant);
    }
  }

  bool is_shown(const Ending& ending, const Predicate& predicate, const std::vector<int>& touched, bool is_invariant) {
    is_trial_ = true;
    is_refused_ = false;
    prove_predicate(ending, predicate, touched, is_invariant);
    is_trial_ = false;
    return !std::exchange(is_refused_, false);
  }

  /// On each path of the contract, what the function does is what the contract says.
  void prove_contract() {
    executor_.specifies = true;
    execute(state_at_entry(executor_));
    executor_.specifies = false;
    std::vector<Ending> said = std::move(executor_.endings);
    executor_.endings.clear();
    long feasible = 0;
    for (Ending& ending : said) {
      Memory meant = std::move(ending.state.memory);
      ending.state.memory.clear();
      std::vector<Expression> promises = std::move(ending.state.promises);
      ending.state.promises.clear();
      std::optional<Value> result = ending.result;
      std::size_t first = executor_.endings.size();
      execute(std::move(ending.state));
      for (std::size_t i = first; i < executor_.endings.size(); i++) {
        if (!executor_.is_feasible(executor_.endings[i].state, truth(true), nullptr)) continue;
        feasible++;
        if (options_.only_traps) break;
        Anything anything = anything_of(executor_.endings[i], meant, result);
        check_contract(executor_.endings[i], meant, anything);
        check_promises(executor_.endings[i], result, promises, anything);
      }
    }
    if (feasible == 0) executor_.fail(kContradiction, nullptr, "", false);
  }

  /// The result, and what the contract stores, where that is anything.
  Anything anything_of(Ending& ending, const Memory& meant, const std::optional<Value>& said) {
    Anything anything;
    MemoryModel& memory = executor_.memory;
    auto take = [&](const Value& should, const Value& is) { anything.take(on_this_path(ending.state, memory.held(should)), memory.held(is)); };
    if (said && ending.result) take(*said, *ending.result);
    memory.on_read = nullptr;  // of a path that was
    for (int leaf : memory.touched(meant)) {
      if (leaf < 0 || executor_.proving->forgotten.count(leaf) != 0) continue;
      for (const auto& place : memory.stored(meant, leaf))
        take(memory.read(meant, leaf, place), memory.read(ending.state.memory, leaf, place));
    }
    return anything;
  }

  /// Which of several values, of which some are anything, the expression has where the function ends.
  Expression on_this_path(State& state, Expression e) {
    while (e.is_ite() && speaks_of_anything(e)) {
      Expression condition = e.arg(0);
      bool is_first = executor_.refute_nearby(state, negate(condition)) == Answer::Impossible;
      if (!is_first && executor_.refute_nearby(state, condition) != Answer::Impossible) break;
      e = e.arg(is_first ? 1 : 2);
    }
    return e;
  }

  void check_contract(Ending& ending, const Memory& meant, const Anything& anything) {
    std::vector<int> touched = executor_.memory.touched(ending.state.memory);
    for (const Predicate& predicate : executor_.facts.predicates()) {
      if (executor_.proving->restores(predicate)) prove_predicate(ending, predicate, touched, true);
      if (executor_.proving->obeyed.count(predicate.name) != 0) prove_predicate(ending, predicate, touched, false);
    }
    std::set<int> leaves(touched.begin(), touched.end());
    for (int leaf : executor_.memory.touched(meant)) leaves.insert(leaf);
    for (int leaf : leaves) {
      if (leaf < 0) throw std::runtime_error("a function with a contract clears a frame");
      if (executor_.proving->forgotten.count(leaf) || executor_.memory.object(executor_.memory.leaf(leaf).object).kind == ObjectKind::Local) continue;
      compare(ending, meant, leaf, anything);
    }
  }

  /// The function's result is what the contract says, and what the contract promises of any result is true of this one.
  void check_promises(Ending& ending, const std::optional<Value>& said, const std::vector<Expression>& promises, const Anything& anything) {
    executor_.solver.subject = "what a contract promises";
    if (is_left_out(executor_.solver.subject)) return;
    auto show = [&](const Expression& goal) {
      if (goal.is_true()) return;
      Answer answer = executor_.refute(ending.state, negate(goal));
      if (answer != Answer::Impossible) executor_.fail(executor_.solver.subject, nullptr, executor_.example() + " at " + ending.where, answer == Answer::Unknown);
    };
    if (said.has_value() != ending.result.has_value()) throw std::runtime_error("a contract's result is of another kind than its function's");
    if (said) {
      if (said->kind != Value::Kind::Integer) throw std::runtime_error("a function with a contract has a result that is no number");
      show(negate(ending.result->poison_condition()));
      show(anything.in(equal(*said->integer, *ending.result->integer)));
    }
    for (const Expression& promise : promises) show(anything.in(promise));
  }

  /// Whether only other things are asked for.
  bool is_left_out(llvm::StringRef obligation) const { return !obligation.starts_with(options_.executor.only_obligation); }

  /// Wherever either of them wrote the field there is the same in it.
  void compare(Ending& ending, const Memory& meant, int leaf, const Anything& anything) {
    MemoryModel& memory = executor_.memory;
    std::string subject = "as the contract says: " + memory.name_of(leaf);
    if (is_left_out(subject)) return;
    std::vector<std::vector<Expression>> places = memory.stored(ending.state.memory, leaf), more = memory.stored(meant, leaf);
    places.insert(places.end(), more.begin(), more.end());
    memory.on_read = [&](const Read& read) { ending.state.reads.insert(executor_.facts.number_of(read)); };
    for (const auto& place : places) compare_at(ending, meant, leaf, anything, subject, place, {});
    for (const Memory* one : {&std::as_const(ending.state.memory), &meant}) {
      for (const auto& every : memory.stored_everywhere(*one, leaf)) compare_at(ending, meant, leaf, anything, subject, every, those_among(every, places));
    }
  }

  /// The same in one place; where one of `excluded` holds it is another that has been looked at.
  void compare_at(Ending& ending, const Memory& meant, int leaf, const Anything& anything, const std::string& subject, const std::vector<Expression>& place,
                  const std::vector<Expression>& excluded) {
    MemoryModel& memory = executor_.memory;
    Expression goal = truth(true);
    {
      MemoryModel::Excluding excluding(memory, excluded);
      Expression is = memory.held(memory.read(ending.state.memory, leaf, place)), should = memory.held(memory.read(meant, leaf, place));
      bool is_raised = executor_.proving->raised.count(leaf) != 0;
      auto flag = [](const Expression& value) { return equal(low_bits(value, 1), bits(1, 1)); };
      goal = anything.in(is_raised ? either(negate(flag(should)), flag(is)) : equal(is, should));
    }
    executor_.solver.subject = subject;
    if (goal.is_true()) return;
    State state = ending.state;
    for (const Expression& condition : excluded) state.path.push_back(negate(condition));
    Answer answer = executor_.refute(state, negate(goal));
    if (answer == Answer::Impossible) return;
    std::string counterexample = answer == Answer::Possible ? keep_difference(state, meant, leaf, place, anything) : "";
    executor_.fail(subject, nullptr, executor_.example() + " at " + ending.where, answer == Answer::Unknown, counterexample);
  }

  /// What the contract requires of the state in which its function is called.
  void check_call(State& state, const Contract& contract) {
    if (options_.only_traps || options_.only_refinement) return;
    Ending here{state, std::nullopt, "call of " + contract.name, false};
    std::vector<int> touched = executor_.memory.touched(state.memory);
    for (const Predicate& predicate : executor_.facts.predicates()) {
      if (contract.requires_that(predicate)) prove_predicate(here, predicate, touched, true);
    }
  }

  void prove_predicate(const Ending& ending, const Predicate& predicate, const std::vector<int>& touched, bool is_invariant) {
    if (!options_.only_predicate.empty() && predicate.name != options_.only_predicate) return;
    bool was_known = !is_after_operation_ || !predicate.name.starts_with("exit_");
    if (was_known && !executor_.memory.touches(touched, predicate.leaves)) {
      report_.discharged++;
      return;
    }
    State state = ending.state;
    std::vector<Value> arguments;
    std::vector<Expression> witnesses;
    for (llvm::Argument& argument : predicate.function->args()) {
      std::string name = "any" + std::to_string(argument.getArgNo());
      witnesses.push_back(solver_context().bv_const(name.c_str(), argument.getType()->getIntegerBitWidth()));
      arguments.push_back(Value::of(witnesses.back()));
    }
    std::vector<Read> reads;
    Memory before;
    Expression goal = executor_.evaluate(*predicate.function, arguments, state.memory, &before, &reads);
    const Memory& shown = executor_.last_shown(state, predicate);
    if (goal.is_true()) {
      report_.discharged++;
      return;
    }
    for (const Read& read : reads) state.reads.insert(executor_.facts.number_of(read));
    if (is_invariant) {
      Expression known = executor_.evaluate(*predicate.function, arguments, shown, nullptr, nullptr);
      if (is_same(goal, known)) {
        report_.discharged++;
        return;
      }
      if (!state.calls.empty()) state.path.push_back(known);
    }
    for (int call : state.calls) {
      const Facts::Call& one = executor_.facts.call(call);
      if (one.contract->obeyed.count(predicate.name) != 0)
        state.path.push_back(executor_.evaluate(*predicate.function, arguments, one.after, &one.before, nullptr));
    }
    report_.goals++;
    executor_.solver.subject = predicate.name;
    Goal whole{ending, predicate, is_invariant, state, goal};
    bool is_simple = true;
    for (std::size_t i = 0; i < arguments.size(); i++) is_simple &= executor_.facts.written(ending.state.memory, predicate, unsigned(i)).size() <= kFewPlaces;
    if (is_simple || !is_shown_at_once(whole)) prove_cases(whole, arguments, 0, {});
  }

  /// Something to be shown where a path ends.
  struct Goal {
    const Ending& ending;
    const Predicate& predicate;
    bool is_invariant;
    State state;
    Expression formula;  ///< for every place
    std::optional<bool> is_shown = {};
  };

  bool is_shown_at_once(Goal& goal) {
    if (!goal.is_shown) goal.is_shown = executor_.refute_nearby(goal.state, negate(goal.formula)) == Answer::Impossible;
    return *goal.is_shown;
  }

  /// Shows the predicate for each place that the path wrote as its parameter in turn, and for all others together: each question is much smaller
  /// than that for every place at once. Parameters before `number` are dealt with; none of `excluded` holds.
  void prove_cases(Goal& whole, std::vector<Value> arguments, std::size_t number, std::vector<Expression> excluded) {
    if (number == arguments.size()) return prove_case(whole, arguments, excluded);
    Expression any = *arguments[number].integer;
    for (const Expression& place : executor_.facts.written(whole.ending.state.memory, whole.predicate, unsigned(number))) {
      unsigned width = width_of(place);
      arguments[number] = Value::of((width < width_of(any) ? zero_extend(place, width_of(any)) : low_bits(place, width_of(any))).simplify());
      prove_cases(whole, arguments, number + 1, excluded);
      excluded.push_back(equal(width < width_of(any) ? low_bits(any, width) : zero_extend(any, width), place).simplify());
    }
    arguments[number] = Value::of(any);
    prove_cases(whole, arguments, number + 1, excluded);
  }

  void prove_case(Goal& whole, const std::vector<Value>& arguments, const std::vector<Expression>& excluded) {
    if (whole.is_shown == true || is_refused_) return;
    llvm::Function& function = *whole.predicate.function;
    State state = whole.state;
    for (const Expression& condition : excluded) state.path.push_back(negate(condition));
    std::vector<Read> reads;
    Memory before;
    Expression goal = truth(true);
    {
      MemoryModel::Excluding excluding(executor_.memory, excluded);
      goal = executor_.evaluate(function, arguments, state.memory, &before, &reads);
    }
    if (goal.is_true()) return;
    const Memory& shown = executor_.last_shown(state, whole.predicate);
    {
      MemoryModel::Excluding excluding(executor_.memory, excluded);
      if (whole.is_invariant && is_same(goal, executor_.evaluate(function, arguments, shown, nullptr, nullptr))) return;
    }
    for (const Read& read : reads) state.reads.insert(executor_.facts.number_of(read));
    if (executor_.refute_nearby(state, negate(goal)) == Answer::Impossible || is_shown_at_once(whole)) return;
    if (executor_.refute_alone(reads, negate(goal)) == Answer::Impossible) return;
    is_refused_ = is_trial_;
    if (is_refused_) return;
    Answer answer = executor_.refute_farther(state, negate(goal));
    if (answer == Answer::Impossible) return;
    std::string counterexample = answer == Answer::Possible ? keep_false(state, whole.predicate.name, arguments) : "";
    std::string example = executor_.example();
    for (std::size_t i = 0; i < arguments.size(); i++) example += " any" + std::to_string(i) + "=" + executor_.solver.value_of(*arguments[i].integer);
    executor_.fail(whole.predicate.name, nullptr, example + " at " + whole.ending.where, answer == Answer::Unknown, counterexample);
  }

  /// Writes the solver's last model as a case for pith-replay; `write_rest` says what is wrong there. Answers the file.
  std::string keep_counterexample(const State& state, const std::function<void(CaseWriter&)>& write_rest) {
    if (options_.counterexample_folder.empty()) return "";
    std::string number = std::to_string(executor_.failures.size()), path = options_.counterexample_folder + "/" + entry_.name + "-" + number + ".case";
    std::ofstream text(path);
    CaseWriter writer(text, executor_, executor_.solver.model());
    writer.begin(entry_.name + "#" + number, entry_.function, state);
    write_rest(writer);
    writer.finish();
    return path;
  }

  std::string keep_false(const State& state, const std::string& predicate, const std::vector<Value>& arguments) {
    return keep_counterexample(state, [&](CaseWriter& writer) { writer.falsifies(predicate, arguments); });
  }

  /// A field has another value at the end than the contract says.
  std::string keep_difference(const State& state, const Memory& meant, int leaf, const std::vector<Expression>& place, const Anything& anything) {
    std::string subject = executor_.solver.subject;
    return keep_counterexample(state, [&](CaseWriter& writer) {
      writer.breaks(subject);
      if (!executor_.memory.leaf(leaf).is_pointer) writer.differs(leaf, place, anything.in(executor_.memory.held(executor_.memory.read(meant, leaf, place))));
    });
  }

  Knowledge& knowledge_;
  llvm::Module& module_;
  const Entry& entry_;
  const ProofOptions& options_;
  Executor& executor_;
  std::vector<Predicate> properties_, exits_;
  bool is_after_operation_;
  bool is_trial_ = false;    ///< only what is near is asked,
  bool is_refused_ = false;  ///< which did not suffice
  bool asks_for_more_ = false;  ///< to compare with the specification
  EntryReport report_;
};

}  // namespace

EntryReport prove(Knowledge& knowledge, const Entry& entry) { return Proof(knowledge, entry).run(); }

}  // namespace pith::verify
