// What the module calls, and the signals that stand for traps.
#include "verify/replay/machine.h"

#include <setjmp.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "verify/prover/modelled.h"

namespace pith::replay {

namespace {

constexpr unsigned kMostSeconds = 5;

// The one run of this process: the module knows of no context.
const Case* current = nullptr;
Memory* memory_of_run = nullptr;
Ran ran;
sigjmp_buf way_back;
bool is_asking = false;  ///< a predicate is computed, which may look at anything

[[noreturn]] void stop(const char* end, const std::string& how) {
  ran.end = end;
  ran.failure = how;
  siglongjmp(way_back, 1);
}
[[noreturn]] void fail(const std::string& how) { stop("failed", how); }
[[noreturn]] void lose(const std::string& how) { stop("lost", how); }

void caught(int signal, siginfo_t* information, void*) {
  auto address = reinterpret_cast<std::uint64_t>(information->si_addr);
  if (signal == SIGSEGV && memory_of_run->touch(address)) {
    if (!is_asking && !memory_of_run->complaint().empty()) fail(memory_of_run->complaint());
    return;
  }
  if (signal == SIGSEGV || signal == SIGBUS) fail(address < kPage ? "null pointer" : "access to address " + std::to_string(address));
  if (signal == SIGFPE) fail("division by zero");
  if (signal == SIGALRM) fail("no end");
  fail("trap");
}

void catch_signals() {
  static char stack[1 << 16];
  stack_t other{stack, 0, sizeof stack};
  sigaltstack(&other, nullptr);
  struct sigaction action {};
  action.sa_sigaction = caught;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  for (int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGALRM}) sigaction(signal, &action, nullptr);
  alarm(kMostSeconds);
}

const ReplayFunction& function_named(const std::string& name) {
  for (const ReplayFunction* function = replay_functions; function->name != nullptr; function++) {
    if (name == function->name) return *function;
  }
  throw std::runtime_error("the module has no function " + name);
}

/// Calls a function of the module; what it returns is where its first argument was.
void call(const std::string& name, std::vector<std::uint64_t>& arguments, const Case& one, Memory& memory) {
  const ReplayFunction& function = function_named(name);
  current = &one;
  memory_of_run = &memory;
  ran = {};
  catch_signals();
  if (sigsetjmp(way_back, 1) == 0) {
    function.run(arguments.data());
    ran.end = "return";
  }
  alarm(0);
}

}  // namespace

Ran run(const Case& one, Memory& memory) {
  std::vector<std::uint64_t> arguments = one.arguments;
  arguments.push_back(0);
  call(one.function, arguments, one, memory);
  ran.returned = arguments[0];
  return ran;
}

std::optional<bool> holds(const Question& question, const Case& one, Memory& memory) {
  Ran kept = ran;
  std::vector<std::uint64_t> arguments = question.arguments;
  arguments.push_back(0);
  is_asking = true;
  call(question.predicate, arguments, one, memory);
  is_asking = false;
  memory.forget_complaint();
  std::optional<bool> value;
  if (ran.end == "return") value = arguments[0] != 0;
  ran = kept;
  return value;
}

}  // namespace pith::replay

using namespace pith;
using namespace pith::replay;

extern "C" {

void* replay_own_cpu() { return reinterpret_cast<void*>(current->own_cpu); }

std::uint64_t replay_answer() {
  if (ran.answers == current->answers.size()) lose("more is asked of the machine than the prover says");
  return current->answers[ran.answers++];
}

std::uint64_t replay_user_load(const void* address, std::uint64_t bytes) {
  const ReplayObject* pages = object_named("data_pages");
  std::uint64_t offset = reinterpret_cast<std::uint64_t>(address) - (pages != nullptr ? pages->address : 0);
  if (pages != nullptr && offset < pages->size) return replay_answer();
  std::uint64_t value = 0;
  std::memcpy(&value, address, bytes);
  return value;
}

void replay_clear_frame(std::uint32_t frame, std::uint32_t) { memory_of_run->clear_frame(frame); }

void replay_reached(const char* name, std::uint64_t count, const std::uint64_t* passed) {
  bool is_cut = std::find(std::begin(verify::kCuts), std::end(verify::kCuts), name) != std::end(verify::kCuts);
  if (is_cut && std::find(current->cuts.begin(), current->cuts.end(), name) == current->cuts.end()) return;
  ran.end = name;
  ran.passed.assign(passed, passed + count);
  siglongjmp(way_back, 1);
}

void replay_failed(const char* what) { fail(what); }
void replay_lost(const char* what) { lose(what); }

// What entries and predicates say to the prover.
void verify_assume(bool condition) {
  if (!condition) lose("an assumption does not hold");
}
std::uint32_t verify_split(std::uint32_t value, std::uint32_t) { return value; }
void verify_old_begin() { memory_of_run->exchange(); }
void verify_old_end() { memory_of_run->exchange(); }
// What verify/machine.cpp says.
void verify_demand(const char* what, bool condition) {
  if (!condition) fail(what);
}
void verify_access(const volatile void* address) { static_cast<void>(*static_cast<const volatile char*>(address)); }
}
