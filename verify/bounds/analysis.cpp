// From an image and the facts to a table of entries.
#include "verify/bounds/analysis.h"

#include <llvm/Support/FormatVariadic.h>

#include <algorithm>

#include "abi/grammar.h"

namespace pith::bounds {

namespace {

constexpr char kEntry[] = "system_call_entry";
/// Handlers that stand beside the dispatcher and are inlined into it.
const std::string kInlined[] = {"System::null", "System::yield", "System::now"};
constexpr u32 kExplainedDepth = 12;

/// Operation `Region.create` is handled by `Region::create`, which the dispatcher calls unless it is inlined there.
std::string handler_of(const grammar::OperationEntry& operation) {
  std::string name = operation.name;
  return name.replace(name.find('.'), 1, "::");
}

/// The function that calls the handlers: dispatching is inlined where the system call arrives.
std::string dispatcher_of(Graph& graph) {
  std::string best;
  usize most = 0;
  for (const Function* function : graph.callees_first()) {
    std::set<u64> callees;
    for (const Block& block : function->blocks) callees.insert(block.callee);
    usize handlers = 0;
    for (const auto& operation : grammar::kOperations) {
      auto handler = graph.program().address_of(handler_of(operation));
      if (handler && callees.contains(*handler)) handlers++;
    }
    if (handlers <= most) continue;
    most = handlers;
    best = function->name;
  }
  return best;
}

/// One entry for each operation, off the fast path. Those whose handlers are inlined share the way that calls none.
void add_operations(Graph& graph, Facts& facts) {
  std::string dispatcher = dispatcher_of(graph);
  if (dispatcher.empty()) return;
  const Program& program = graph.program();
  std::vector<std::string> handlers;
  for (const auto& operation : grammar::kOperations) {
    if (program.address_of(handler_of(operation))) handlers.push_back(dispatcher + ">" + handler_of(operation));
  }
  std::vector<EntryNote> entries;
  for (const auto& operation : grammar::kOperations) {
    std::string handler = handler_of(operation);
    EntryNote entry{operation.name, kEntry, {dispatcher}, {}};
    if (std::ranges::find(kInlined, handler) == std::end(kInlined)) {
      entry.through = {dispatcher + ">" + handler};
    } else {
      entry.without = handlers;
    }
    entries.push_back(entry);
  }
  facts.entries.insert(facts.entries.begin(), entries.begin(), entries.end());
}

std::vector<Call> find_calls(const Program& program, const std::vector<std::string>& texts, Problems& problems) {
  std::vector<Call> calls;
  for (const std::string& text : texts) {
    if (auto call = find_call(program, text, problems)) calls.push_back(*call);
  }
  return calls;
}

/// Complains about calls in the facts that the kernel does not make.
void check_calls(Graph& graph, const std::vector<Call>& calls, const std::string& where, Problems& problems) {
  for (const Call& call : calls) {
    bool is_made = std::ranges::any_of(graph.callees_first(), [&](const Function* function) {
      if (call.caller != 0 && function->address != call.caller) return false;
      return std::ranges::any_of(function->blocks, [&](const Block& block) { return block.callee == call.callee; });
    });
    if (!is_made) problems.push_back(llvm::formatv("{0}: {1} is not called there", where, place(graph.program(), call.callee)).str());
  }
}

Scope scope_of(Graph& graph, const Facts& facts, const EntryNote& entry, Problems& problems) {
  Scope scope;
  Program& program = graph.program();
  scope.start = program.address_of(entry.start).value_or(0);
  scope.through = find_calls(program, entry.through, problems);
  check_calls(graph, scope.through, "entry " + entry.name, problems);
  if (!entry.without.empty()) scope.limits.push_back({find_calls(program, entry.without, problems), 0});
  for (const LimitNote& limit : facts.limits) {
    if (!limit.entries.empty() && std::ranges::find(limit.entries, entry.name) == limit.entries.end()) continue;
    scope.limits.push_back({find_calls(program, limit.calls, problems), limit.most});
    check_calls(graph, scope.limits.back().calls, "at most", problems);
  }
  if (scope.limits.size() > kMostLimits) problems.push_back("too many limits for entry " + entry.name);
  return scope;
}

/// Keeps one of each.
void tidy(Problems& problems) {
  Problems once;
  for (const std::string& problem : problems) {
    if (std::ranges::find(once, problem) == once.end()) once.push_back(problem);
  }
  problems = once;
}

}  // namespace

Analysis analyse(Program& program, const Facts& given) {
  Analysis result;
  Facts facts = given;
  std::set<u64> bugs, stops, starts;
  for (const std::string& name : facts.bugs) {
    if (auto call = find_call(program, name, result.problems)) bugs.insert(call->callee);
  }
  for (const std::string& name : facts.stops) {
    if (auto call = find_call(program, name, result.problems)) stops.insert(call->callee);
  }
  Graph graph(program, bugs, stops, result.problems);
  for (const EntryNote& entry : facts.entries) {
    auto start = program.address_of(entry.start);
    if (!start) result.problems.push_back("entry " + entry.name + ": there is no " + entry.start);
    if (start) starts.insert(*start);
  }
  for (u64 start : starts) graph.function(start);
  add_operations(graph, facts);
  Derivation(graph, result.problems).run(starts);
  apply_loop_notes(graph, facts, result.problems);
  result.functions = graph.callees_first().size();
  for (const Function* function : graph.callees_first()) {
    for (const Loop& loop : function->loops)
      result.loops.push_back({place(program, function->blocks[loop.header].start()), loop.bound, loop.proof});
  }

  for (const EntryNote& entry : facts.entries) {
    if (!program.address_of(entry.start)) continue;
    EntryBound bound{entry.name, 0, 0, {}, ""};
    Scope scope = scope_of(graph, facts, entry, result.problems);
    if (scope.limits.size() > kMostLimits) continue;
    Longest by_instructions(graph, scope, false), by_clears(graph, scope, true);
    auto longest = by_instructions.run();
    if (!longest) {
      result.problems.push_back("entry " + entry.name + ": no way through the kernel fits it");
      continue;
    }
    bound.worst_instructions = longest->instructions;
    bound.clears = by_clears.run()->clears;
    bound.path = by_instructions.explain(*longest, kExplainedDepth);
    result.entries.push_back(bound);
  }
  tidy(result.problems);
  return result;
}

}  // namespace pith::bounds
