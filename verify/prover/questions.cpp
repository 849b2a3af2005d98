// What the solver is asked about a path: whether something can be, with more and more of the invariants.
#include <algorithm>

#include "verify/prover/executor.h"
#include "verify/prover/literals.h"

namespace pith::verify {

namespace {

/// What a question about a state on this path is asked with: facts, the path, and the question itself.
std::vector<Expression> on_path(std::vector<Expression> facts, const State& state, const Expression& question) {
  facts.insert(facts.end(), state.path.begin(), state.path.end());
  facts.push_back(question);
  return facts;
}

}  // namespace

Answer Executor::ask(std::vector<Expression> near, State& state, const Expression& question, unsigned steps) {
  std::vector<Expression> conditions = on_path(near, state, question);
  if (!keeps_apart()) return solver.ask(conditions, steps);
  return solver.ask(conditions, steps, [&] {
    Literals& literals = literals_of(state);
    std::vector<Expression> shorter = literals.conditions();
    shorter.push_back(literals.simplify(question));
    for (const Expression& fact : near) {
      Expression simple = literals.simplify_fact(fact);
      if (!simple.is_true()) shorter.push_back(simple);
    }
    return shorter;
  });
}

Answer Executor::refute_nearby(State& state, const Expression& counter, unsigned steps) {
  std::vector<Expression> near = facts.relevant(facts.instances(state.reads, 0), {counter});
  return refute_briefly(state, near, counter) ? Answer::Impossible : ask(near, state, counter, steps);
}

bool Executor::refute_briefly(State& state, const Expression& counter) {
  return refute_briefly(state, facts.relevant(facts.instances(state.reads, 0), {counter}), counter);
}

bool Executor::refute_briefly(State& state, std::vector<Expression> near, const Expression& counter) {
  if (keeps_apart() && !is_possible_word_for_word(state, counter)) return true;
  // Most of what a path says is about other places; what is about these is usually enough, and soon looked through.
  near.push_back(counter);
  std::vector<Expression> about = facts.relevant(state.path, near, Facts::Link::Field);
  near.insert(near.end(), about.begin(), about.end());
  return about.size() < state.path.size() && solver.ask_briefly(near) == Answer::Impossible;
}

bool Executor::is_possible_word_for_word(State& state, const Expression& condition) {
  Literals literals = literals_of(state);
  literals.take(condition);
  return !literals.is_contradiction();
}

Literals& Executor::literals_of(State& state) {
  const auto& known = state.said;
  bool is_prefix = known.size() <= state.path.size() && std::equal(known.begin(), known.end(), state.path.begin(), is_same);
  if (!state.literals || !is_prefix) {
    state.literals = std::make_shared<Literals>();
    state.said.clear();
  } else if (known.size() < state.path.size() && state.literals.use_count() > 1) {
    state.literals = std::make_shared<Literals>(*state.literals);
  }
  for (std::size_t i = state.said.size(); i < state.path.size(); i++) {
    state.literals->take(state.path[i]);
    state.said.push_back(state.path[i]);
  }
  return *state.literals;
}

Answer Executor::refute_alone(const std::vector<Read>& reads, const Expression& counter) {
  std::set<int> numbers;
  for (const Read& read : reads) numbers.insert(facts.number_of(read));
  std::vector<Expression> conditions = facts.instances(numbers, 0);
  conditions.push_back(counter);
  return solver.ask(conditions, Solver::kFewSteps);
}

Answer Executor::refute(State& state, const Expression& counter) {
  Answer answer = refute_nearby(state, counter);
  return answer == Answer::Impossible ? answer : refute_farther(state, counter);
}

Answer Executor::refute_farther(State& state, const Expression& counter) {
  // To find out that what is near does not suffice takes longer than to refute with more.
  Answer answer = ask(facts.instances(state.reads, 0), state, counter, Solver::kFewSteps);
  if (answer != Answer::Impossible) answer = solver.ask_quickly(on_path(facts.instances(state.reads, 1), state, counter));
  std::optional<z3::model> broken;
  for (int depth = 0; depth <= options_.fact_depth && answer != Answer::Impossible; depth++) {
    answer = ask(facts.instances(state.reads, depth), state, counter, Solver::kSteps);
    if (answer == Answer::Possible) broken = solver.model();
  }
  // A state that all instances but the farthest allow says more than that the solver gave up over those.
  if (answer != Answer::Unknown || !broken) return answer;
  solver.recall(*broken);
  return Answer::Possible;
}

void Executor::oblige(State& state, const Expression& condition, const char* what, const llvm::Instruction* at, bool remember) {
  if (pure_ || follows_) return;
  Expression must = condition.simplify();
  if (must.is_true() || state.met.count(identity(must))) return;
  obligations++;
  obligations_met.insert(what);
  if (!llvm::StringRef(what).starts_with(options_.only_obligation)) {
    state.path.push_back(must);
    return;
  }
  solver.subject = std::string(what) + " " + location(at);
  Answer answer = refute(state, negate(must));
  if (answer != Answer::Impossible) {
    std::string counterexample = answer == Answer::Possible && keep_counterexample ? keep_counterexample(state, what) : "";
    fail(what, at, example(), answer == Answer::Unknown, counterexample);
  }
  if (remember) state.path.push_back(must);
  kept_.push_back(must);
  state.met.insert(identity(must));
}

bool Executor::is_feasible(State& state, const Expression& condition, const llvm::Instruction* at) {
  if (pure_) return true;
  if (keeps_apart()) {
    if (!is_possible_word_for_word(state, condition)) return false;
    if (literals_of(state).simplify(condition).is_true()) return true;
  }
  // What the path's last witness satisfies needs no question.
  if (state.witness && state.witness->eval(condition, true).is_true()) return true;
  solver.subject = "feasible " + location(at);
  Answer answer = ask(facts.relevant(facts.instances(state.reads, 0), {condition}), state, condition, Solver::kFewSteps);
  // A way of the specification that the kernel's path does not allow is to end early: its cells are known by invariants about the kernel's.
  if (follows_ && answer != Answer::Impossible) answer = ask(facts.instances(state.reads, 0), state, condition, Solver::kFewSteps);
  if (answer == Answer::Possible) state.witness = std::make_shared<const z3::model>(solver.model());
  return answer != Answer::Impossible;
}

bool Executor::is_ruled_out(State& state) {
  solver.subject = "contradiction";
  std::vector<Expression> conditions = facts.instances(state.reads, 0);
  conditions.insert(conditions.end(), state.path.begin(), state.path.end());
  return solver.ask(conditions, Solver::kFewSteps) == Answer::Impossible;
}

}  // namespace pith::verify
