// A client of patients who hang: it has its answers all the same, soon enough, and whoever only waited is not replaced; crash records say
// what they died of. Ends the machine with the number of checks that failed.
#include <cstdio>
#include <string>

#include "lib/clock.h"
#include "lib/ipc/ipc.h"
#include "lib/log.h"
#include "lib/start.h"
#include "protocols/bank.h"
#include "protocols/patient.h"
#include "tests/components/states.h"

namespace {

using namespace pith;
using ull = unsigned long long;

/// Until it is noticed, and until the next instance answers.
constexpr u64 kLimit = 10 * kMillisecond;
constexpr u32 kRounds = 20;

protocols::SupervisorClient supervisor;
protocols::PatientClient patient, visitor;
u64 failures;

void check(bool is_good, const char* what) {
  log_line(is_good ? LogLevel::Information : LogLevel::Error, "%s %s", is_good ? "ok" : "FAILED", what);
  if (!is_good) failures++;
}

void wait_until(u64 deadline) { (void)ipc::receive(ComponentSlot::Service, deadline); }

u64 state_of(std::string_view component, std::string_view key) {
  return number_in_state(supervisor, component_called(supervisor, component), key);
}

std::string crash_of(std::string_view component) {
  std::string text;
  for (;;) {
    Result<Bytes> piece = supervisor.crash(component_called(supervisor, component), text.size());
    if (!piece || piece->size() == 0) return text;
    text += piece->text();
  }
}

/// Calls so often, at another instant of the watch each time: each answer is the next instance's, none takes longer than the limit.
template <class Call>
void test_hang(const char* what, u64 instances, Call call) {
  u64 longest = 0;
  bool is_right = true;
  for (u32 i = 0; i < kRounds; i++) {
    wait_until(now() + kMillisecond + i * 173 * kMicrosecond);
    u64 before = patient.instance().value_or(~u64{0}), start = now();
    Result<u64> number = call();
    u64 took = now() - start;
    if (took > longest) longest = took;
    is_right = is_right && number && *number == before + instances;
  }
  log_line(LogLevel::Information, "%s: answered after at most %llu us", what, ull(longest / kMicrosecond));
  check(is_right, what);
  check(longest < kLimit, "within the limit");
}

void test_record() {
  std::string record = crash_of("patient");
  for (const char* part : {"\n  hang instruction", "\n  rax", "spin"}) check(record.find(part) != record.npos, part);
}

/// The bank dies in the third transfer of its first instance: its own first event began its state. What its next instance answers is right.
void test_event_record() {
  constexpr u64 kDeadly = 3;
  protocols::BankClient frail{find_slot("frail").value_or(kNoSlot)};
  u64 left = 0;
  for (u64 i = 1; i <= kDeadly; i++) left = frail.transfer(1, 2, 10).value_or(0);
  u64 call = ipc::instance_number() << 32 | ipc::calls;  // the last one
  check(left == 1000 - kDeadly * 10, "a call that its server has died of is answered");
  char line[80];
  snprintf(line, sizeof line, "\n  event %llu session %u method %llu call %llx\n", ull(1 + kDeadly), 1 + start_information().index,
           ull(protocols::BankMethod::Transfer), ull(call));
  check(crash_of("frail").find(line) != std::string::npos, "the record names the event and the call that it was for");
  check(crash_of("patient").find("\n  event") == std::string::npos, "who has no events died in none");
}

/// The call that hung it is in progress when it is replaced: the new supervisor answers it.
void test_supervisor() {
  u64 longest = 0;
  for (u32 i = 0; i < 5; i++) {
    wait_until(now() + kMillisecond + i * 377 * kMicrosecond);
    u64 start = now();
    Result<void> answer = supervisor.power(99, 0);
    u64 took = now() - start;
    if (took > longest) longest = took;
    check(answer.error() == Error::BadArgument, "the supervisor answers after it hung");
  }
  log_line(LogLevel::Information, "the supervisor: answered after at most %llu us", ull(longest / kMicrosecond));
  check(longest < kLimit, "within the limit");
}

void measure_idle_second() {
  u64 before = state_of("supervisor", "\nused ");
  wait_until(now() + kSecond);
  log_line(LogLevel::Information, "an idle second: the supervisor used %llu us",
           ull((state_of("supervisor", "\nused ") - before) / kMicrosecond));
}

}  // namespace

int main() {
  supervisor.slot = find_slot("supervisor").value_or(kNoSlot);
  patient.slot = find_slot("patient").value_or(kNoSlot);
  visitor.slot = find_slot("visitor").value_or(kNoSlot);
  wait_until(now() + 50 * kMillisecond);
  measure_idle_second();
  test_hang("a hang", 1, [] { return patient.hang(); });
  test_record();
  test_event_record();
  test_hang("a hang at start", 2, [] { return patient.hang_at_start(); });
  check(state_of("patient", "\nrestarts ") == 3 * kRounds, "each was counted");
  test_hang("a hang behind another server", 1, [] { return visitor.visit(); });
  check(visitor.instance().value_or(1) == 0 && state_of("visitor", "\nrestarts ") == 0, "who waited for it was not replaced");
  test_supervisor();
  test_hang("a hang under a new supervisor", 1, [] { return patient.hang(); });
  log_line(LogLevel::Information, "examiner: %s: %llu checks failed", failures ? "failed" : "passed", ull(failures));
  (void)supervisor.power(0, failures);
  return 1;
}
