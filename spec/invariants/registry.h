// The registry of predicates in host tests: name, domains of the parameters, and how to call it with plain numbers.
#pragma once
#include <utility>

#include "spec/invariants/predicate.h"

namespace pith::predicate {

enum class Kind : u32 { Invariant, ExitInvariant, Lemma, Check, Property };

/// What a parameter ranges over.
struct Domain {
  enum class Kind : u32 { Frames, Objects, Numbers } kind;
  ObjectType type;     ///< Objects
  u32 limit;           ///< Numbers: below it
  bool is_cpu;         ///< Numbers: of CPUs
};

template <class T>
struct DomainOf;
template <>
struct DomainOf<FrameNumber> {
  static constexpr Domain value{Domain::Kind::Frames, ObjectType::Untyped, 0, false};
};
template <class T>
struct DomainOf<Of<T>> {
  static constexpr Domain value{Domain::Kind::Objects, T::kType, 0, false};
};
template <class Tag, u32 kLimit>
struct DomainOf<Index<Tag, kLimit>> {
  static constexpr Domain value{Domain::Kind::Numbers, ObjectType::Untyped, kLimit, __is_same(Index<Tag, kLimit>, CpuIndex)};
};

inline constexpr u32 kMaximumParameters = 4;

/// Calls a predicate with numbers for its parameters.
template <auto function>
struct Caller;
template <class... P, bool (*function)(P...)>
struct Caller<function> {
  static constexpr u32 count = sizeof...(P);
  static constexpr Domain domains[] = {DomainOf<P>::value..., Domain{}};

  static bool call(const u32* values) {
    return [&]<std::size_t... i>(std::index_sequence<i...>) { return function(P{values[i]}...); }(std::make_index_sequence<count>{});
  }
};

struct Registered {
  Kind kind;
  const char* name;
  bool (*call)(const u32* values);
  u32 count;
  const Domain* domains;
  Registered* next;

  template <class Caller>
  Registered(Kind kind, const char* name, Caller)
      : kind(kind), name(name), call(&Caller::call), count(Caller::count), domains(Caller::domains), next(first) {
    first = this;
  }

  static Registered* first;
};

}  // namespace pith::predicate
