// Stress on several CPUs: components are built, moved between CPUs, stopped, served and taken apart by workers on all of them at once.
#include "tests/guest/stress.h"

using namespace pith;
using namespace pith::guest_test;

namespace pith::stress {

Partners partners[kWorkers];
volatile bool is_over;
u32 cpus;

namespace {

constexpr u64 kFloor = 100;
constexpr u64 kSecond = 1'000'000'000;
/// Of a client: while the others get that many answers, or while nobody gets any. The host may be busy.
constexpr u64 kLongestSilence = 30 * kSecond, kLongestStandstill = 300 * kSecond;
constexpr u64 kAnswersOfOthers = 1000;

u64 counts[u32(Kind::Count)];
CapabilitySlot timer;
const char* volatile mistake_text;
volatile u64 mistake_value;
volatile u32 mistake_worker;

/// The number behind `name=` on the command line.
u64 argument(const char* name, u64 otherwise) {
  const char* text = information().command_line;
  for (; *text != 0; text++) {
    const char* at = text;
    const char* wanted = name;
    while (*wanted != 0 && *at == *wanted) at++, wanted++;
    if (*wanted != 0 || *at != '=') continue;
    u64 value = 0;
    for (at++; *at >= '0' && *at <= '9'; at++) value = value * 10 + u64(*at - '0');
    return value;
  }
  return otherwise;
}

void report(const char* name, u64 value) {
  print(name);
  print(" ");
  print_number(value);
  print("\n");
}

void check_mistakes() {
  if (mistake_text == nullptr) return;
  print("MISTAKE of worker ");
  print_number(mistake_worker);
  print(": ");
  print(mistake_text);
  print(" ");
  print_number(mistake_value);
  print("\n");
  finish(1);
}

void start_on(const Made& made, u32 priority, u64 cpu, void (*entry)(u64), u64 given) {
  if (!move(made.context, made.thread, priority, cpu)) fail("move", Error::BadState);
  REQUIRE(kernel::Thread{made.thread}.start(reinterpret_cast<u64>(entry), made.stack_top - 8, 0, given));
}

void prepare_partners(u32 worker, u64 seed) {
  Partners& own = partners[worker];
  own.endpoint = make(ObjectType::Endpoint);
  own.notification = make(ObjectType::Notification);
  own.server = make_thread(RootSlot::AddressSpace, kServerPriority);
  own.client = make_thread(RootSlot::AddressSpace, kClientPriority);
  own.server_random.state = seed * 77 + worker + 1;
  own.client_random.state = seed * 99 + worker + 1;
  REQUIRE(kernel::Endpoint{own.endpoint}.bind(own.server.thread));
}

bool is_missing() {
  bool missing = false;
  for (u64 done : counts) missing = missing || done < kFloor;
  return missing;
}

/// Every client must get answers, again and again. On a busy host it takes longer until every kind of operation has been done often.
void watch(u64 time) {
  u64 end = now() + time, latest = end + 3 * time;
  u64 seen[kWorkers] = {}, all_seen[kWorkers] = {}, since[kWorkers];
  for (u64& time : since) time = now();
  while (now() < end || (is_missing() && now() < latest)) {
    sleep(timer, kSecond / 4);
    check_mistakes();
    u64 all = 0;
    for (const Partners& each : partners) all += each.calls;
    for (u32 i = 0; i < kWorkers; i++) {
      u64 silence = now() - since[i];
      if (partners[i].calls != seen[i]) {
        seen[i] = partners[i].calls;
        all_seen[i] = all;
        since[i] = now();
      } else if (silence > kLongestStandstill || (silence > kLongestSilence && all - all_seen[i] > kAnswersOfOthers)) {
        report("SILENT client", i);
        finish(1);
      }
    }
  }
}

/// All threads stop wherever they are.
void stop_all(const Made (&workers)[kWorkers]) {
  is_over = true;
  sleep(timer, kSecond / 2);
  for (u32 i = 0; i < kWorkers; i++) {
    u64 limit = now() + 2 * kLongestSilence;
    while (!partners[i].has_ended) {
      sleep(timer, kSecond / 10);
      check_mistakes();
      if (now() < limit) continue;
      report("STUCK worker", i);
      finish(1);
    }
    REQUIRE(insist(timer, [&] { return kernel::Thread{workers[i].thread}.stop(); }));
    REQUIRE(insist(timer, [&] { return kernel::Thread{partners[i].client.thread}.stop(); }));
    REQUIRE(insist(timer, [&] { return kernel::Thread{partners[i].server.thread}.stop(); }));
  }
}

}  // namespace

void count(Kind kind) { __atomic_fetch_add(&counts[u32(kind)], 1, __ATOMIC_RELAXED); }

void mistake(u32 worker, const char* what, u64 value) {
  if (mistake_text == nullptr) {
    mistake_worker = worker;
    mistake_value = value;
    mistake_text = what;
  }
  sleep(partners[worker].notification, 0);
}

u64 now() { return *kernel::System::now(); }

void sleep(CapabilitySlot notification, u64 nanoseconds) {
  (void)kernel::Notification{notification}.wait(nanoseconds == 0 ? 0 : now() + nanoseconds);
}

bool move(CapabilitySlot context, CapabilitySlot thread, u32 priority, u64 cpu) {
  (void)kernel::SchedulingContext{context}.unbind();
  if (!kernel::SchedulingContext{context}.configure(priority, kTurn, kTurn, cpu)) return false;
  return bool(kernel::SchedulingContext{context}.bind(thread));
}

}  // namespace pith::stress

void run_test() {
  using namespace pith::stress;
  u64 seed = argument("seed", 20261122), seconds = argument("seconds", 60);
  pith::stress::cpus = information().cpus;
  report("seed", seed);
  report("cpus", pith::stress::cpus);
  if (pith::stress::cpus < argument("cpus", 1)) fail("processors are missing", Error::BadState);
  timer = make(ObjectType::Notification);
  check_helping();
  Made workers[kWorkers];
  for (u32 i = 0; i < kWorkers; i++) {
    prepare_partners(i, seed);
    prepare_worker(i, seed);
    workers[i] = make_thread(RootSlot::AddressSpace, kWorkerPriority);
  }
  for (u32 i = 0; i < kWorkers; i++) {
    start_on(partners[i].server, kServerPriority, i % pith::stress::cpus, serve, i);
    start_on(partners[i].client, kClientPriority, (i + 1) % pith::stress::cpus, call_servers, i);
    start_on(workers[i], kWorkerPriority, i % pith::stress::cpus, work, i);
  }
  watch(seconds * kSecond);
  stop_all(workers);
  check_mistakes();
  for (u32 i = 0; i < kWorkers; i++) check_worker(i);
  for (u32 i = 0; i < u32(Kind::Count); i++) report(kNames[i], counts[i]);
  bool missing = is_missing();
  print(missing ? "MISSING operations\n" : "stress passed\n");
  finish(missing);
}
