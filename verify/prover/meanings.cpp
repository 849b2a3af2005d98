// Meanings in the place of unwritten cells.
#include "verify/prover/meanings.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "verify/prover/executor.h"

namespace pith::verify {

namespace {

constexpr llvm::StringRef kPredicate = "refinement_";

/// The values at the ends of nested choices, each once.
void collect_ends(const Expression& e, std::vector<Expression>& ends) {
  if (e.is_ite()) {
    collect_ends(e.arg(1), ends);
    collect_ends(e.arg(2), ends);
  } else if (std::none_of(ends.begin(), ends.end(), [&](const Expression& known) { return is_same(known, e); })) {
    ends.push_back(e);
  }
}

/// The condition of a choice that the value depends on and that depends on no other.
std::optional<Expression> choice_in(const Expression& e) {
  for (unsigned i = 0; i < e.num_args(); i++) {
    if (std::optional<Expression> inner = choice_in(e.arg(i))) return inner;
  }
  return e.is_ite() ? std::optional(e.arg(0)) : std::nullopt;
}

/// A new number for each parameter.
std::vector<Value> any_arguments(llvm::Function& function) {
  std::vector<Value> arguments;
  for (llvm::Argument& argument : function.args())
    arguments.push_back(Value::of(fresh("parameter", argument.getType()->getIntegerBitWidth())));
  return arguments;
}

}  // namespace

void Meanings::learn(llvm::Module& module) {
  executor_.memory.meaning_of = nullptr;  // a predicate's own reads are wanted
  int specification = executor_.memory.object_named("specification");
  for (llvm::Function& function : module) {
    if (function.isDeclaration() || !function.getName().starts_with(kPredicate)) continue;
    std::string name = function.getName().drop_front(kPredicate.size()).str();
    Predicate predicate = executor_.facts.learn(function);
    Meaning meaning{module.getFunction("meaning_" + name), module.getFunction("given_" + name), {}, function.arg_size()};
    int cell = -1;
    for (int leaf : predicate.leaves) {
      spoken_of_.insert(executor_.memory.leaf(leaf).object);
      if (executor_.memory.leaf(leaf).object == specification) cell = leaf;
    }
    for (const auto& group : predicate.groups) {
      for (const Predicate::Trigger& trigger : group) {
        if (trigger.leaf == cell) meaning.position = trigger.position;
      }
    }
    bool is_found = cell >= 0 && meaning.value != nullptr && meaning.given != nullptr && meaning.position.size() == function.arg_size();
    if (!is_found || std::count(meaning.position.begin(), meaning.position.end(), Predicate::kAny) != 0)
      throw std::runtime_error("the meaning of " + name + " does not say of each cell what it stands for");
    if (!meanings_.emplace(cell, meaning).second) throw std::runtime_error("two meanings of one cell: " + name);
    predicates_.push_back(std::move(predicate));
  }
  if (predicates_.empty()) return;
  executor_.memory.meaning_of = [this](int leaf, const std::vector<Expression>& index, std::vector<Read>& reads) {
    return meaning_of(leaf, index, reads);
  };
}

void Meanings::assume() {
  // Read through its meaning a cell is what it means, but for a meaning that the cell has no room for: that there is none is known, as it
  // is shown at each end.
  for (const Predicate& predicate : predicates_) {
    if (!executor_.evaluate(*predicate.function, any_arguments(*predicate.function), {}, nullptr, nullptr).is_true())
      executor_.facts.add(predicate);
  }
  follow(nullptr, false);
}

void Meanings::follow(State* path, bool is_thorough) {
  path_ = path;
  is_thorough_ = is_thorough;
  here_ = nullptr;
  known_.clear();
  certain_.clear();
  kept_.clear();
}

std::optional<Expression> Meanings::meaning_of(int leaf, const std::vector<Expression>& index, std::vector<Read>& reads) {
  auto found = meanings_.find(leaf);
  if (found == meanings_.end()) return {};
  std::string key = (path_ != nullptr ? "" : "anywhere ") + std::to_string(leaf) + here();
  for (const Expression& e : index) {
    key += "," + std::to_string(identity(e));
    kept_.push_back(e);
  }
  if (!known_.contains(key)) {
    const Meaning& meaning = found->second;
    std::vector<Value> arguments(meaning.parameters);
    for (std::size_t i = 0; i < index.size(); i++) {
      unsigned width = meaning.value->getArg(meaning.position[i])->getType()->getIntegerBitWidth();
      arguments[meaning.position[i]] =
          Value::of((width_of(index[i]) < width ? zero_extend(index[i], width) : low_bits(index[i], width)).simplify());
    }
    Known known;
    Expression given = executor_.evaluate(*meaning.given, arguments, {}, nullptr, &known.reads);
    unsigned bits = executor_.memory.leaf(leaf).bits;
    Expression value = low_bits(executor_.evaluate(*meaning.value, arguments, {}, nullptr, &known.reads), bits).simplify();
    // Where the path says that the cell has a meaning the other case is left out.
    if (path_ != nullptr) given = executor_.literals_of(*path_).simplify(given);
    bool is_given = given.is_true();
    // Of any place nothing is known.
    bool is_any = std::any_of(index.begin(), index.end(), [](const Expression& e) {
      return e.is_const() && !e.is_numeral() && e.decl().name().str().starts_with("any");
    });
    if (!is_given && !given.is_false() && !is_any && path_ != nullptr) {
      std::string subject = std::exchange(executor_.solver.subject, "whether there is " + meaning.value->getName().str());
      is_given = is_certain(given, known.reads);
      executor_.solver.subject = subject;
    }
    if (path_ != nullptr && is_thorough_ && !is_any) value = decided(value, known.reads);
    if (!is_given) {
      z3::expr_vector all(solver_context());
      for (const Expression& e : index) all.push_back(e);
      value = choose(given, value, executor_.memory.leaf(leaf).symbol(all)).simplify();
    }
    known.value = value;
    known_[key] = known;
  }
  const Known& known = known_[key];
  reads.insert(reads.end(), known.reads.begin(), known.reads.end());
  return known.value;
}

bool Meanings::is_certain(const Expression& condition, const std::vector<Read>& reads) {
  kept_.push_back(condition);
  auto asks = [&](const State& path, std::string key, bool is_last) {
    auto [place, is_new] = certain_.try_emplace(std::move(key), false);
    if (is_new) {
      State here = path;
      for (const Read& read : reads) here.reads.insert(executor_.facts.number_of(read));
      Expression counter = negate(condition);
      unsigned steps = is_thorough_ ? Solver::kSomeSteps : Solver::kFewSteps;
      place->second = is_last ? executor_.refute_nearby(here, counter, steps) == Answer::Impossible : executor_.refute_briefly(here, counter);
    }
    return place->second;
  };
  std::string key = std::to_string(identity(condition)), further = here();
  // What the kernel's path says is known on all of the specification's; where it does not say so in few words, that has to be found out on
  // one of those.
  if (further.empty()) return asks(*path_, key, true);
  return asks(*path_, key + " briefly", false) || asks(*here_, key + further, true);
}

std::string Meanings::here() const {
  if (!is_thorough_ || path_ == nullptr || here_ == nullptr || here_->path.size() == path_->path.size()) return "";
  return " after " + std::to_string(here_->path.size()) + "," + std::to_string(identity(here_->path.back()));
}

Expression Meanings::decided(Expression value, const std::vector<Read>& reads) {
  while (std::optional<Expression> condition = choice_in(value)) {
    bool is_true = is_certain(*condition, reads);
    if (!is_true && !is_certain(negate(*condition), reads)) break;
    z3::expr_vector from(solver_context()), to(solver_context());
    from.push_back(*condition);
    to.push_back(truth(is_true));
    value = value.substitute(from, to).simplify();
  }
  return value;
}

const Meanings::Walk& Meanings::walk_of(llvm::Function& function) {
  auto [place, is_new] = walks_.try_emplace(&function);
  Walk& walk = place->second;
  if (!is_new) return walk;
  std::vector<Value> arguments = any_arguments(function);
  WithoutPath anywhere(*this);
  auto through_meanings = std::exchange(executor_.memory.meaning_of, nullptr);
  std::vector<Read> reads;
  Expression answer = executor_.evaluate(function, arguments, {}, nullptr, &reads);
  if (answer.is_bv()) collect_ends(answer, walk.answers);
  for (const Read& read : reads) walk.specification.insert(read.leaf);
  executor_.memory.meaning_of = through_meanings;
  reads.clear();
  executor_.evaluate(function, arguments, {}, nullptr, &reads);
  for (const Read& read : reads) walk.kernel.insert(read.leaf);
  return walk;
}

std::optional<Expression> Meanings::answer_of_walk(llvm::Function& function, const std::vector<Value>& arguments, State& state,
                                                   bool is_specification) {
  const std::set<int>& looked_at = is_specification ? walk_of(function).specification : walk_of(function).kernel;
  if (executor_.memory.touches(executor_.memory.touched(state.memory), looked_at)) return {};
  z3::sort_vector domain(solver_context());
  z3::expr_vector all(solver_context());
  for (const Value& argument : arguments) {
    all.push_back(*argument.integer);
    domain.push_back(argument.integer->get_sort());
  }
  unsigned width = function.getReturnType()->getIntegerBitWidth();
  z3::sort range = width == 1 ? solver_context().bool_sort() : solver_context().bv_sort(width);
  Expression answer = solver_context().function(function.getName().str().c_str(), domain, range)(all);
  Expression is_one = truth(walk_of(function).answers.empty());
  for (const Expression& one : walk_of(function).answers) is_one = either(is_one, equal(answer, one));
  if (!is_one.is_true()) state.path.push_back(is_one.simplify());
  return answer;
}

}  // namespace pith::verify
