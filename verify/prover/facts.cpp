// Learning triggers and matching them against reads.
#include "verify/prover/facts.h"

#include <algorithm>
#include <deque>

#include "verify/prover/executor.h"

namespace pith::verify {

namespace {

/// The expression inside zero extensions and low-bits extractions.
Expression stripped(Expression e) {
  while (e.is_app()) {
    Z3_decl_kind kind = e.decl().decl_kind();
    if (kind == Z3_OP_ZERO_EXT) {
      e = e.arg(0);
    } else if (kind == Z3_OP_EXTRACT && e.lo() == 0) {
      e = e.arg(0);
    } else if (kind == Z3_OP_CONCAT && e.num_args() == 2 && e.arg(0).is_numeral() && e.arg(0).get_numeral_uint64() == 0) {
      e = e.arg(1);
    } else {
      break;
    }
  }
  return e;
}

std::set<unsigned> parameters_of(const Predicate::Trigger& trigger) {
  std::set<unsigned> parameters(trigger.position.begin(), trigger.position.end());
  parameters.erase(Predicate::kAny);
  return parameters;
}

std::string key_of(int call, int leaf, const std::vector<Expression>& index) {
  std::string key = std::to_string(call) + "," + std::to_string(leaf);
  for (const Expression& e : index) key += "," + std::to_string(identity(e));
  return key;
}

}  // namespace

Predicate Facts::learn(llvm::Function& function) {
  Predicate predicate{&function, function.getName().str(), {}, {}};
  std::vector<Value> arguments;
  std::vector<unsigned> names;
  for (llvm::Argument& argument : function.args()) {
    Expression e = fresh("parameter", argument.getType()->getIntegerBitWidth());
    arguments.push_back(Value::of(e));
    names.push_back(identity(e));
  }
  std::vector<Read> reads;
  executor_.evaluate(function, arguments, Memory{}, nullptr, &reads);

  std::vector<Predicate::Trigger> candidates;
  for (const Read& read : reads) {
    predicate.leaves.insert(read.leaf);
    Predicate::Trigger trigger{read.leaf, {}};
    for (const Expression& index : read.index) {
      auto name = std::find(names.begin(), names.end(), identity(stripped(index)));
      if (name == names.end() && !index.is_numeral()) break;
      trigger.position.push_back(name == names.end() ? Predicate::kAny : unsigned(name - names.begin()));
    }
    if (read.index.empty() || trigger.position.size() != read.index.size()) continue;
    bool known = std::any_of(candidates.begin(), candidates.end(), [&](const auto& c) { return c.leaf == trigger.leaf && c.position == trigger.position; });
    if (!known) candidates.push_back(trigger);
  }
  // The type of a frame is read by nearly every guard: it is a trigger only where there is no better one.
  std::sort(candidates.begin(), candidates.end(), [&](const auto& a, const auto& b) {
    bool a_is_type = executor_.is_type_leaf(a.leaf), b_is_type = executor_.is_type_leaf(b.leaf);
    auto distinct = [&](const auto& t) { return parameters_of(t).size(); };
    if (a_is_type != b_is_type) return b_is_type;
    return distinct(a) != distinct(b) ? distinct(a) > distinct(b) : std::pair(a.leaf, a.position) < std::pair(b.leaf, b.position);
  });
  std::set<unsigned> covered;
  for (const auto& candidate : candidates) {
    std::set<unsigned> mine = parameters_of(candidate);
    bool adds = std::any_of(mine.begin(), mine.end(), [&](unsigned p) { return !covered.count(p); });
    if (adds) {
      predicate.groups.push_back({candidate});
      covered.insert(mine.begin(), mine.end());
      continue;
    }
    if (executor_.is_type_leaf(candidate.leaf)) continue;
    for (auto& group : predicate.groups) {
      if (parameters_of(group[0]) != mine) continue;
      group.push_back(candidate);
      break;
    }
  }
  if (covered.size() != names.size()) executor_.fail("a parameter of predicate " + predicate.name + " indexes nothing", nullptr, "", false);
  return predicate;
}

void Facts::mention(const Predicate& predicate) {
  for (int leaf : predicate.leaves) objects_.insert(executor_.memory.leaf(leaf).object);
}

void Facts::add(Predicate learnt) {
  mention(learnt);
  predicates_.push_back(std::move(learnt));
  const Predicate& predicate = predicates_.back();
  for (std::size_t g = 0; g < predicate.groups.size(); g++) {
    for (const auto& trigger : predicate.groups[g]) by_leaf_[trigger.leaf].push_back({predicates_.size() - 1, g});
  }
}

bool Facts::holds_after(int call, std::size_t number) const {
  const Predicate& predicate = predicates_[number];
  if (predicate.is_property()) return call != Read::kBefore && calls_.at(call).contract->obeyed.count(predicate.name) != 0;
  return call == Read::kBefore || predicate.name.starts_with("invariant_");
}

int Facts::number_of(const Read& read) {
  auto [where, is_new] = read_numbers_.try_emplace(key_of(read.call, read.leaf, read.index), int(reads_.size()));
  if (is_new) reads_.push_back(read);
  return where->second;
}

int Facts::instance(int call, std::size_t number, const std::vector<Expression>& arguments) {
  auto [where, is_new] = fact_numbers_.try_emplace(key_of(call, int(number), arguments), int(facts_.size()));
  if (!is_new) return where->second;
  const Call& found = calls_.at(call);
  std::vector<Value> values;
  for (const Expression& e : arguments) values.push_back(Value::of(e));
  std::vector<Read> reads;
  Meanings::WithoutPath anywhere(executor_.meanings);
  Expression formula = executor_.evaluate(*predicates_[number].function, values, found.after, &found.before, &reads).simplify();
  Fact fact{formula, arguments, {}, predicates_[number].is_property()};
  for (const Read& read : reads) fact.reads.push_back(number_of(read));
  facts_.push_back(fact);
  return int(facts_.size()) - 1;
}

bool Facts::match(const Predicate& predicate, const Predicate::Trigger& trigger, const Read& read, std::vector<std::optional<Expression>>& bound) {
  for (std::size_t i = 0; i < trigger.position.size(); i++) {
    unsigned parameter = trigger.position[i];
    if (parameter == Predicate::kAny) continue;
    unsigned width = predicate.function->getArg(parameter)->getType()->getIntegerBitWidth();
    Expression value = zero_extend(read.index[i], width).simplify();
    if (bound[parameter] && !is_same(*bound[parameter], value)) return false;
    bound[parameter] = value;
  }
  return true;
}

void Facts::bind(int call, std::size_t number, std::size_t fixed, std::size_t group, std::vector<std::optional<Expression>> bound,
                 const std::vector<int>& known, std::vector<int>& found) {
  const Predicate& predicate = predicates_[number];
  if (group == predicate.groups.size()) {
    std::vector<Expression> arguments;
    for (const auto& value : bound) arguments.push_back(*value);
    found.push_back(instance(call, number, arguments));
    return;
  }
  if (group == fixed) return bind(call, number, fixed, group + 1, bound, known, found);
  for (const auto& trigger : predicate.groups[group]) {
    for (int read : known) {
      if (reads_[read].leaf != trigger.leaf) continue;
      auto extended = bound;
      if (match(predicate, trigger, Read(reads_[read]), extended)) bind(call, number, fixed, group + 1, extended, known, found);
    }
  }
}

std::vector<Expression> Facts::instances(const std::set<int>& reads, int depth) {
  std::deque<std::pair<int, int>> work;
  std::set<int> seen = reads;
  std::vector<int> known;
  for (int read : reads) work.push_back({read, 0});
  std::set<int> facts;
  auto take = [&](int fact, int at) {
    if (!facts.insert(fact).second) return;
    // From one state to the one before it is no step: what is known of a place before a call tells what is there afterwards.
    bool is_near = facts_[fact].is_property;
    for (int read : facts_[fact].reads) {
      if ((is_near || at < depth) && seen.insert(read).second) work.push_back({read, is_near ? at : at + 1});
    }
  };
  for (std::size_t p = 0; p < predicates_.size(); p++) {
    if (predicates_[p].function->arg_empty() && !predicates_[p].is_property()) take(instance(Read::kBefore, p, {}), 0);
  }
  while (!work.empty()) {
    auto [number, at] = work.front();
    work.pop_front();
    known.push_back(number);
    Read read = reads_[number];
    auto triggered = by_leaf_.find(read.leaf);
    if (triggered == by_leaf_.end()) continue;
    auto once = single_.find(number);
    if (once == single_.end()) {
      std::vector<int> found;
      for (auto [p, g] : triggered->second) {
        if (predicates_[p].groups.size() != 1) continue;
        for (const auto& trigger : predicates_[p].groups[g]) {
          std::vector<std::optional<Expression>> bound(predicates_[p].function->arg_size());
          if (trigger.leaf == read.leaf && holds_after(read.call, p) && match(predicates_[p], trigger, read, bound))
            bind(read.call, p, g, 0, bound, {}, found);
        }
      }
      once = single_.emplace(number, found).first;
    }
    for (int fact : once->second) take(fact, at);
    for (auto [p, g] : triggered->second) {
      if (predicates_[p].groups.size() == 1) continue;
      for (const auto& trigger : predicates_[p].groups[g]) {
        std::vector<std::optional<Expression>> bound(predicates_[p].function->arg_size());
        std::vector<int> found;
        if (trigger.leaf == read.leaf && holds_after(read.call, p) && match(predicates_[p], trigger, read, bound))
          bind(read.call, p, g, 0, bound, known, found);
        for (int fact : found) take(fact, at);
      }
    }
  }
  std::vector<Expression> formulas;
  for (int fact : facts) {
    if (!facts_[fact].formula.is_true()) formulas.push_back(facts_[fact].formula);
  }
  return formulas;
}

const Facts::Names& Facts::names_of(const Expression& formula) {
  auto known = names_.find(identity(formula));
  if (known != names_.end()) return known->second;
  kept_.push_back(formula);
  Names names;
  std::set<unsigned> seen;
  std::vector<Expression> work{formula};
  while (!work.empty()) {
    Expression e = work.back();
    work.pop_back();
    if (!e.is_app() || !seen.insert(identity(e)).second) continue;
    if (e.decl().decl_kind() == Z3_OP_UNINTERPRETED) {
      names.all.insert(identity(e));
      if (e.num_args() != 0) names.fields.insert(identity(e));
    }
    for (unsigned i = 0; i < e.num_args(); i++) work.push_back(e.arg(i));
  }
  return names_.emplace(identity(formula), std::move(names)).first->second;
}

std::vector<Expression> Facts::relevant(const std::vector<Expression>& formulas, const std::vector<Expression>& goals, Link link) {
  auto linking = [&](const Expression& e) -> const std::set<unsigned>& { return link == Link::Name ? names_of(e).all : names_of(e).fields; };
  std::set<unsigned> wanted;
  for (const Expression& e : goals) wanted.insert(linking(e).begin(), linking(e).end());
  std::vector<Expression> chosen;
  for (const Expression& formula : formulas) {
    const auto& names = linking(formula);
    if (std::any_of(names.begin(), names.end(), [&](unsigned name) { return wanted.count(name) != 0; })) chosen.push_back(formula);
  }
  return chosen;
}

std::vector<Expression> Facts::written(const Memory& memory, const Predicate& predicate, unsigned number) const {
  std::vector<Expression> places;
  for (const auto& group : predicate.groups) {
    for (const Predicate::Trigger& trigger : group) {
      auto position = std::find(trigger.position.begin(), trigger.position.end(), number);
      if (position == trigger.position.end()) continue;
      for (const auto& index : executor_.memory.stored(memory, trigger.leaf)) {
        std::size_t at = std::size_t(position - trigger.position.begin());
        if (at >= index.size()) continue;
        const Expression& place = index[at];
        bool is_known = std::any_of(places.begin(), places.end(), [&](const Expression& known) { return is_same(known, place); });
        if (!is_known) places.push_back(place);
      }
    }
  }
  return places;
}

}  // namespace pith::verify
