// Runs a function of a host test one instruction at a time (x86-64): what is looked at between two instructions is what a crash there would
// leave.
#pragma once
#include <signal.h>

#include <functional>
#include <utility>

#include "base/types.h"

namespace pith {

/// Runs a function one instruction at a time.
class SingleStep {
 public:
  /// `at_each` is called in front of each instruction of `function`; it runs at full speed. Answers how many there were.
  static u64 run(const std::function<void()>& function, std::function<void()> at_each) {
    observer = std::move(at_each);
    steps = 0;
    struct sigaction action = {}, before = {};
    action.sa_flags = SA_SIGINFO;
    action.sa_sigaction = [](int, siginfo_t*, void*) {
      steps++;
      observer();
    };
    sigaction(SIGTRAP, &action, &before);
    asm volatile("pushf\n\torq $0x100, (%%rsp)\n\tpopf" ::: "cc", "memory");
    function();
    asm volatile("pushf\n\tandq $~0x100, (%%rsp)\n\tpopf" ::: "cc", "memory");
    sigaction(SIGTRAP, &before, nullptr);
    return steps;
  }

 private:
  static inline std::function<void()> observer;
  static inline u64 steps;
};

}  // namespace pith
