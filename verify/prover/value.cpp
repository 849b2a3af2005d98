// Values and how two of them become one where paths meet.
#include "verify/prover/value.h"

#include <algorithm>

namespace pith::verify {

Expression Pointer::distance() const {
  Expression sum = bits(std::uint64_t(offset), 64);
  for (const auto& [stride, index] : terms) sum = sum + index * bits(std::uint64_t(stride), 64);
  return sum.simplify();
}

void Pointer::add(std::int64_t stride, const Expression& index) {
  if (index.is_numeral()) {
    offset += stride * std::int64_t(index.get_numeral_uint64());
    return;
  }
  for (auto& [known, sum] : terms) {
    if (known != stride) continue;
    sum = (sum + index).simplify();
    return;
  }
  terms.push_back({stride, index});
}

Value Value::of(const Expression& integer) {
  Value value;
  value.integer = integer;
  return value;
}

Value Value::of(Pointer pointer) {
  Value value;
  value.kind = Kind::Pointer;
  value.pointer = std::move(pointer);
  return value;
}

Value Value::of(std::vector<Value> members) {
  Value value;
  value.kind = Kind::Aggregate;
  value.members = std::move(members);
  return value;
}

Expression Value::poison_condition() const {
  Expression condition = poison ? *poison : truth(false);
  for (const Value& member : members) condition = either(condition, member.poison_condition());
  return condition;
}

void Value::add_poison(const Expression& condition) {
  if (condition.is_false()) return;
  poison = poison ? either(*poison, condition) : condition;
}

namespace {

std::optional<Pointer> merge(const Expression& condition, const Pointer& yes, const Pointer& no) {
  Pointer merged = yes;
  Expression null = choose(condition, yes.null_condition(), no.null_condition());
  bool yes_is_null = yes.null_condition().is_true(), no_is_null = no.null_condition().is_true();
  if (yes_is_null || no_is_null) {
    if (yes_is_null) merged = no;
  } else {
    if (yes.object != no.object || yes.offset != no.offset) return {};
    merged.terms.clear();
    for (const auto& [stride, index] : yes.terms) {
      Expression other = bits(0, 64);
      for (const auto& [known, sum] : no.terms) {
        if (known == stride) other = sum;
      }
      merged.terms.push_back({stride, choose(condition, index, other)});
    }
    for (const auto& [stride, index] : no.terms) {
      bool known = false;
      for (const auto& term : yes.terms) known = known || term.first == stride;
      if (!known) merged.terms.push_back({stride, choose(condition, bits(0, 64), index)});
    }
  }
  if (null.is_false())
    merged.is_null.reset();
  else
    merged.is_null = null;
  return merged;
}

}  // namespace

bool is_same_value(const Value& a, const Value& b) {
  auto alike = [](const std::optional<Expression>& one, const std::optional<Expression>& other) {
    return one.has_value() == other.has_value() && (!one || is_same(*one, *other));
  };
  if (a.kind != b.kind || !alike(a.integer, b.integer) || !alike(a.poison, b.poison)) return false;
  auto same_term = [](const auto& one, const auto& other) { return one.first == other.first && is_same(one.second, other.second); };
  const Pointer &left = a.pointer, &right = b.pointer;
  if (left.object != right.object || left.offset != right.offset || !alike(left.is_null, right.is_null)) return false;
  if (!std::equal(left.terms.begin(), left.terms.end(), right.terms.begin(), right.terms.end(), same_term)) return false;
  return std::equal(a.members.begin(), a.members.end(), b.members.begin(), b.members.end(), is_same_value);
}

std::optional<Value> merge(const Expression& condition, const Value& yes, const Value& no) {
  if (condition.is_true()) return yes;
  if (condition.is_false()) return no;
  if (yes.kind != no.kind || yes.members.size() != no.members.size()) return {};
  Value merged;
  merged.kind = yes.kind;
  Expression never = truth(false);
  merged.add_poison(choose(condition, yes.poison ? *yes.poison : never, no.poison ? *no.poison : never));
  switch (yes.kind) {
    case Value::Kind::Integer:
      merged.integer = choose(condition, *yes.integer, *no.integer);
      return merged;
    case Value::Kind::Pointer: {
      auto pointer = merge(condition, yes.pointer, no.pointer);
      if (!pointer) return {};
      merged.pointer = *pointer;
      return merged;
    }
    case Value::Kind::Aggregate:
      for (std::size_t i = 0; i < yes.members.size(); i++) {
        auto member = merge(condition, yes.members[i], no.members[i]);
        if (!member) return {};
        merged.members.push_back(*member);
      }
      return merged;
  }
  return {};
}

}  // namespace pith::verify
