// Path-wise symbolic execution of LLVM IR: paths fork at branches and meet again where that keeps their number small.
#pragma once
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Operator.h>

#include <functional>
#include <map>
#include <memory>

#include "verify/prover/analysis.h"
#include "verify/prover/contract.h"
#include "verify/prover/facts.h"
#include "verify/prover/meanings.h"
#include "verify/prover/memory.h"
#include "verify/prover/solver.h"
#include "verify/prover/state.h"
#include "verify/prover/walk.h"

namespace pith::verify {

/// Thrown at the first failure, when one is enough.
struct StoppedAtFailure {};

struct ExecutorOptions {
  int fact_depth = 2;             ///< how far instances of invariants are followed before an obligation counts as failed
  unsigned split_depth = 8;       ///< calls nested deeper than this make one path of those that they fork into
  long most_steps = 400'000;      ///< instructions executed in all, against loops without end
  std::string only_obligation;    ///< or what begins so; others hold on the way: somebody else shows them; empty: none does
  bool stops_at_failure = false;  ///< one failure is enough: nothing is looked at behind it
};

class Executor {
 public:
  /// Nested so deep that paths meet wherever they can.
  static constexpr unsigned kDeep = 100;

  Executor(llvm::Module& module, const ExecutorOptions& options);

  /// Runs `function` on every path; what returns or reaches a cut is in `endings`.
  void run_entry(llvm::Function& function, const std::vector<Value>& arguments, State state);
  /// Runs a function without side effects and obligations to one value. `old`: what reads between verify_old_begin and _end see.
  Expression evaluate(llvm::Function& function, const std::vector<Value>& arguments, const Memory& memory, const Memory* old,
                      std::vector<Read>* reads);
  /// Runs a specification function on this path; obligations are those of the entry.
  std::vector<Outcome> call(State state, llvm::Function& function, const std::vector<Value>& arguments, unsigned depth);

  /// The same of the specification, of which nothing is asked: it says what should be.
  std::vector<Outcome> follow(State state, llvm::Function& function, const std::vector<Value>& arguments);

  /// Equal but for objects that no invariant speaks of.
  bool is_alike(const Memory& a, const Memory& b) const;
  /// Asks with instances of the invariants, deeper and deeper; Impossible means proved.
  Answer refute(State& state, const Expression& counter);
  /// The first of these questions alone: most are settled by what is near.
  Answer refute_nearby(State& state, const Expression& counter, unsigned steps = Solver::kFewSteps);
  /// Whether what the path and the invariants say of the same places is enough.
  bool refute_briefly(State& state, const Expression& counter);
  bool refute_briefly(State& state, std::vector<Expression> near, const Expression& counter);
  /// What the state's path says word for word.
  Literals& literals_of(State& state);
  /// Asks with what is near and the path; where ways are kept apart, a second time in fewer words.
  Answer ask(std::vector<Expression> near, State& state, const Expression& question, unsigned steps);
  /// What the path says word for word does not rule the condition out.
  bool is_possible_word_for_word(State& state, const Expression& condition);
  /// Without the path: with no more than what `reads` are instances for. What a path does elsewhere does not matter to most of what is
  /// shown at its end.
  Answer refute_alone(const std::vector<Read>& reads, const Expression& counter);
  /// All of them but the first.
  Answer refute_farther(State& state, const Expression& counter);
  /// Whether the path, with this condition, may be possible: not refuted with the nearest instances.
  bool is_feasible(State& state, const Expression& condition, const llvm::Instruction* at);
  /// The state in which the invariant last was shown to hold on the way to this one.
  const Memory& last_shown(const State& state, const Predicate& predicate) const;
  /// Whether the path contradicts the invariants, all instances for what it read taken together.
  bool is_ruled_out(State& state);
  /// `counterexample`: a file with a case of it.
  void fail(const std::string& obligation, const llvm::Instruction* at, const std::string& example, bool is_unknown,
            const std::string& counterexample = "");
  bool is_type_leaf(int leaf);
  /// The fields in `size` bytes from a constant address on, whatever the indices of the arrays that they are in.
  std::set<int> leaves_at(const llvm::Value* address, std::uint64_t size);
  /// The running processor's element of an array.
  Pointer own(const char* array) const;
  /// The values of the entry's arguments in the solver's last model.
  std::string example() const;
  /// Runs on in a state with what it reads noted there.
  class Listening;

  MemoryModel memory;
  Facts facts;
  Meanings meanings;
  Solver solver;
  std::vector<Ending> endings;
  std::vector<Failure> failures;
  std::vector<Contract> contracts;                                                              ///< their functions are not executed
  std::function<void(State&, const Contract&)> check_call;                                      ///< shows what a contract requires
  std::function<std::string(const State&, const std::string& obligation)> keep_counterexample;  ///< answers the file that it is in
  const Contract* proving = nullptr;                                                            ///< its function is executed nevertheless,
  Walk* walk = nullptr;                                   ///< one path is followed, where it leads; null: all are
  bool specifies = false;                                 ///< or only said to have been: what it expects holds, and nothing is forgotten
  std::vector<Value> arguments;                           ///< of the entry
  std::vector<std::pair<std::string, Expression>> named;  ///< arguments, for examples
  std::set<std::string> cuts;                             ///< functions at which a path ends, because another proof starts there
  std::set<std::string> obligations_met;                  ///< kinds of obligation that came up
  Expression this_cpu;                                    ///< index of the processor that runs, 64 bits
  long steps = 0;
  long obligations = 0;

 private:
  friend class Listening;
  struct Active {
    State state;
    Locals locals;
    const llvm::BasicBlock* from;
  };
  using Agenda = std::map<BlockPlace, std::pair<const llvm::BasicBlock*, std::vector<Active>>>;
  struct Frame {
    const FunctionAnalysis& analysis;
    unsigned depth;
    Agenda agenda;
    BlockPlace place;  ///< of the block being executed
    const llvm::BasicBlock* block;
    std::vector<Outcome> outcomes;
  };

  const FunctionAnalysis& analysis_of(llvm::Function& function);
  /// The function whose contract is proved, or the entry that calls it, stands there and is to return on each way by itself.
  bool stays_apart(unsigned depth) const;
  bool may_merge_memory(unsigned depth) const { return pure_ || (depth > options_.split_depth && !keeps_apart()); }
  std::vector<Active> merge_actives(std::vector<Active> actives, const Frame& frame, const llvm::BasicBlock* block);
  std::optional<Value> merge_values(const Expression& condition, const Value& yes, const Value& no) const;
  /// `target` is either of them, itself where the condition holds, on the path that both have.
  void become_one(State& target, const State& other, const Expression& condition, std::vector<Expression> path);
  bool merge_into(Active& target, const Active& other, const Frame& frame, const llvm::BasicBlock* block);
  std::vector<Outcome> merge_outcomes(std::vector<Outcome> outcomes, unsigned depth);
  void execute_block(Frame& frame, const llvm::BasicBlock* block, Active active);
  void execute_from(Frame& frame, Active active, llvm::BasicBlock::const_iterator at);
  bool fork(Frame& frame, Active& active, const llvm::SelectInst& instruction, llvm::BasicBlock::const_iterator next);
  void branch(Frame& frame, Active active, const llvm::BranchInst& branch);
  void switch_to(Frame& frame, Active active, const llvm::SwitchInst& instruction);
  void go(Frame& frame, Active active, const llvm::BasicBlock* to);
  // walk.cpp
  struct Way {
    Expression condition;
    const llvm::BasicBlock* to;
  };
  void walk_on(Frame& frame, Active active, const llvm::Instruction& at, const std::vector<Way>& ways);
  std::size_t walk_first(State& state, const llvm::Instruction& at, const std::vector<Expression>& conditions);
  void keep_one(std::vector<Outcome>& outcomes, const llvm::Instruction& at);
  bool step(Active& active, const llvm::Instruction& instruction);
  Value operand(const Locals& locals, const llvm::Value* value);
  Value constant(const llvm::Constant* constant);
  const Contract* contract_of(const llvm::Function& function) const;
  std::vector<Outcome> call_by_contract(const Contract& contract, State state, const std::vector<Value>& arguments);
  void oblige(State& state, const Expression& condition, const char* what, const llvm::Instruction* at, bool remember = true);
  void listen(State& state);
  std::size_t most_conditions() const;
  /// The kernel is compared with the specification, each way by itself: ways that differ in anything do not meet, so that what they do is
  /// said word for word.
  bool keeps_apart() const;

  // instructions.cpp
  Value binary(State& state, const llvm::BinaryOperator& instruction, const Value& a, const Value& b);
  Value compare(const llvm::ICmpInst& instruction, const Value& a, const Value& b);
  Value convert(const llvm::CastInst& instruction, const Value& a);
  Value address_of(const Locals& locals, const llvm::GEPOperator& instruction);
  Expression base_of(const Pointer& pointer);
  // access.cpp
  void check_pointer(State& state, const Value& address, const llvm::Instruction* at);
  bool check_place(State& state, const Pointer& address, const Place& place, const char* what, const llvm::Instruction* at);
  Value load(State& state, const Pointer& address, llvm::Type* type, const llvm::Instruction* at);
  Expression load_bytes(State& state, const Pointer& address, unsigned count, const llvm::Instruction* at, Value* whole);
  static bool is_bool_access(const llvm::Instruction& instruction);
  void store(State& state, const Pointer& address, const Value& value, llvm::Type* type, const llvm::Instruction* at);
  void store_bytes(State& state, const Pointer& address, unsigned count, const Expression& value, const llvm::Instruction* at);
  /// What a contract says of every place: `each` stands for its index in the condition, the address and the value.
  void write_where(State& state, const Expression& condition, const Expression& each, const Value& address, const Expression& value,
                   const llvm::CallInst& at);
  void fill(State& state, const Pointer& to, std::uint64_t count, const Expression& byte, const llvm::Instruction* at);
  void copy(State& state, const Pointer& to, const Pointer& from, std::uint64_t count, const llvm::Instruction* at);
  // calls.cpp
  enum class Modelled { No, Continues, Ends };
  Modelled intrinsic(Active& active, const llvm::CallInst& call, llvm::Intrinsic::ID id);
  Modelled model(Active& active, const llvm::CallInst& call, const llvm::Function& callee);
  Modelled assembly(Active& active, const llvm::CallInst& call);
  /// What a function answered, for the specification's oracle: the object answer_of_NAME, where there is one, holds it.
  void note_answer(State& state, const llvm::Function& function, const Expression& answer);
  void note_answer(State& state, const std::string& name, const Expression& answer);
  /// The function of the module that says in C++ what the port's assembly does; null: none does.
  llvm::Function* stand_in_for(const llvm::CallInst& call) const;
  Expression answered(State& state, const std::string& who, unsigned width);
  Expression frame_type(State& state, const Expression& frame);

  llvm::Module& module_;
  const llvm::DataLayout& layout_;
  ExecutorOptions options_;
  std::map<const llvm::Function*, std::unique_ptr<FunctionAnalysis>> analyses_;
  bool pure_ = false;
  bool follows_ = false;                     ///< the specification is executed: nothing is asked of it
  const llvm::Function* summary_ = nullptr;  ///< the contract that stands for a call, not one that it is made of
  const Memory* old_ = nullptr;
  std::map<const llvm::Function*, std::string> short_names_;
  std::map<int, const Contract*> called_;  ///< by the call's number
  std::vector<Expression> kept_;           ///< expressions whose identities are noted somewhere
  int type_leaf_ = -1, count_leaf_ = -1;
};

/// The text of a literal.
std::string text_at(const llvm::Value& address);

/// Where an instruction came from in the source, or its function.
std::string location(const llvm::Instruction* instruction);

}  // namespace pith::verify
