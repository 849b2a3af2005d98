// One path's state, and what is said when something cannot be shown.
#pragma once
#include <llvm/ADT/MapVector.h>
#include <llvm/IR/Instructions.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "verify/prover/literals.h"
#include "verify/prover/memory.h"

namespace pith::verify {

struct State {
  Memory memory;
  std::vector<Expression> path;  ///< conditions that hold on this path
  std::set<int> reads;           ///< numbers of reads of the state before the operation
  std::set<std::pair<int, unsigned>> shown;  ///< places whose access has been shown to be allowed: object and identity
  std::set<unsigned> met;        ///< identities of obligations that were met
  std::shared_ptr<const z3::model> witness;  ///< values under which the path was last found possible
  std::shared_ptr<Literals> literals;  ///< of `said`, which was the path when it was last asked
  std::vector<Expression> said;
  std::vector<int> calls;        ///< those that contracts stand for, by MemoryModel::forget's number
  std::vector<Expression> promises;  ///< what a contract says of its function's result
  NodePointer answers;           ///< what devices and the machine answered on the way
  bool reads_old = false;        ///< a two-state property looks at the state before the operation
};

/// In the order in which they were computed: the solver's names are given and given back alike in every run, whatever addresses the values have.
using Locals = llvm::MapVector<const llvm::Value*, Value>;

struct Outcome {
  State state;
  std::optional<Value> result;
};

/// A path that ended where the entry's proof ends: at a return of the entry function or at a call that another proof takes over.
struct Ending {
  State state;
  std::optional<Value> result;
  std::string where;
  bool leaves = false;  ///< the kernel is left: what must hold then holds
  std::vector<Value> passed = {};  ///< arguments of the call that ended it
};

/// What several endings with the same memory have in common: the conditions up to where they part.
Ending common_of(const std::vector<Ending*>& endings);
/// Nothing has happened yet: the operation is done and proved elsewhere.
bool is_handed_on(const Ending& ending);

struct Failure {
  std::string obligation;
  std::string where;
  std::string example;  ///< values of the entry's arguments that break it
  bool is_unknown;      ///< the solver gave up
  std::string counterexample = {};  ///< the file with a case of it, for pith-replay
};

}  // namespace pith::verify
