// Time as the kernel promises it, measured: calls through busy servers, budgets, and a component that wants all of the CPU.
#include "tests/guest/timing.h"

using namespace pith;
using namespace pith::guest_test;

namespace pith::timing {

u64 cpus;
bool is_exact;

namespace {

CapabilitySlot timer;

bool has_word(const char* wanted) {
  for (const char* text = information().command_line; *text != 0; text++) {
    const char *at = text, *next = wanted;
    while (*next != 0 && *at == *next) at++, next++;
    if (*next == 0) return true;
  }
  return false;
}

}  // namespace

u64 now() { return *kernel::System::now(); }

void sleep_until(u64 time) { (void)kernel::Notification{timer}.wait(time); }

Thread new_thread(u32 priority) { return {make_thread(RootSlot::AddressSpace, priority), priority}; }

void start(const Thread& thread, void (*entry)(u64), u64 argument, u64 cpu, u64 budget, u64 period) {
  kernel::SchedulingContext context{thread.made.context};
  (void)context.unbind();
  REQUIRE(context.configure(thread.priority, budget, period, cpu));
  REQUIRE(context.bind(thread.made.thread));
  REQUIRE(kernel::Thread{thread.made.thread}.start(reinterpret_cast<u64>(entry), thread.made.stack_top - 8, 0, argument));
}

void stop(const Thread& thread) {
  while (true) {
    auto stopped = kernel::Thread{thread.made.thread}.stop();
    if (stopped) return;
    if (stopped.error() != Error::Again) fail("stop", stopped.error());
    sleep(50 * kMicrosecond);
  }
}

u64 used(CapabilitySlot context) { return REQUIRE(kernel::SchedulingContext{context}.status()).used; }

void hog(u64 counter) {
  auto* millions = reinterpret_cast<volatile u64*>(counter);
  while (true) {
    compute(1'000'000);
    if (millions != nullptr) *millions = *millions + 1;
  }
}

void report(const char* name, u64 value) {
  print(name);
  print(" ");
  print_number(value);
  print("\n");
}

void check(const char* name, u64 value, u64 limit) {
  print(name);
  print(" ");
  print_number(value);
  print(" of ");
  print_number(limit);
  print("\n");
  if (value > limit) failed(name);
}

void failed(const char* text) {
  print("FAILED: ");
  print(text);
  print("\n");
  finish(1);
}

}  // namespace pith::timing

void run_test() {
  using namespace pith::timing;
  pith::timing::cpus = information().cpus;
  is_exact = has_word("exact");
  timer = make(ObjectType::Notification);
  report("cpus", pith::timing::cpus);
  if (!has_word("only-share")) {
    check_tiny_budget();
    check_inversion();
    check_budgets();
  }
  check_share();
  print("timing passed\n");
}
