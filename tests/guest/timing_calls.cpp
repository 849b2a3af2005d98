// Time that goes along calls: a poor client, and a client of low priority inside a chain of servers.
#include "tests/guest/timing.h"

using namespace pith::guest_test;

namespace pith::timing {

namespace {

/// Priorities: the servers' own time is below a hog that never ends, so that only their clients' time takes them on.
constexpr u32 kServer = 4, kLow = 5, kHog = 6, kHigh = 7, kPoor = 8;
/// What a measured way may take beyond the work in it: entries, switches, and a turn of somebody else cut at a timer tick.
constexpr u64 kOverhead = 20'000;
/// The same where the host's other work is in the figures.
constexpr u64 kInexact = kSecond;

/// How long to wait for what must happen.
u64 patience() { return is_exact ? kSecond : 20 * kSecond; }
u64 allowance() { return is_exact ? kOverhead : kInexact; }

/// A server computes for as long as the call's first word says, and calls the next one in between.
struct Server {
  CapabilitySlot endpoint, next;
  Thread thread;
};

[[noreturn]] void serve(u64 address) {
  const Server& self = *reinterpret_cast<const Server*>(address);
  auto message = ipc::receive(self.endpoint, 0);
  while (true) {
    u64 work = message.words.w[0];
    compute(work / 2);
    if (self.next != kNoSlot) (void)ipc::call(self.next, {{work}});
    compute(work / 2);
    message = ipc::reply_receive(self.endpoint, message.words);
  }
}

Server new_server(u32 priority, CapabilitySlot next) {
  Server server{make(ObjectType::Endpoint), next, new_thread(priority)};
  REQUIRE(kernel::Endpoint{server.endpoint}.bind(server.thread.made.thread));
  return server;
}

/// A client: calls as often as it is told to, and what its calls took.
struct Client {
  CapabilitySlot endpoint, wake;
  Thread thread;
  u64 work;            ///< of each call
  u64 pause;           ///< between calls; 0: it waits for a signal before each
  volatile u64 calls;  ///< answered
  volatile u64 total, longest;
};

[[noreturn]] void call_on(u64 address) {
  Client& self = *reinterpret_cast<Client*>(address);
  while (true) {
    (void)kernel::Notification{self.wake}.wait(self.pause == 0 ? 0 : now() + self.pause);
    u64 began = now();
    if (!ipc::call(self.endpoint, {{self.work}}).ok()) continue;
    u64 took = now() - began;
    self.total = self.total + took;
    if (took > self.longest) self.longest = took;
    self.calls = self.calls + 1;
  }
}

Client new_client(u32 priority, CapabilitySlot endpoint, u64 work, u64 pause) {
  return {endpoint, make(ObjectType::Notification), new_thread(priority), work, pause, 0, 0, 0};
}

void forget_calls(Client& client) {
  client.calls = 0;
  client.total = 0;
  client.longest = 0;
}

u64 address_of(auto& object) { return reinterpret_cast<u64>(&object); }

Thread hogs[64];

void start_hogs() {
  for (u64 cpu = 0; cpu < cpus; cpu++) {
    if (hogs[cpu].priority == 0) hogs[cpu] = new_thread(kHog);
    start(hogs[cpu], hog, 0, cpu);
  }
}

void stop_hogs() {
  for (u64 cpu = 0; cpu < cpus; cpu++) stop(hogs[cpu]);
}

}  // namespace

void check_tiny_budget() {
  // On a busy host a turn ends milliseconds late and is paid back with as many periods: work and budget must be longer there.
  u64 scale = is_exact ? 1 : 50, work = 200'000 * scale, budget = 20 * kMicrosecond * scale;
  constexpr u64 kShort = 5'000, kPeriod = 20 * kMillisecond;
  constexpr u64 kCalls = 200;
  static Server server = new_server(kServer, kNoSlot);
  static Client others = new_client(kHigh, server.endpoint, kShort, 300 * kMicrosecond);
  static Client poor = new_client(kPoor, server.endpoint, work, 50 * kMicrosecond);
  start(server.thread, serve, address_of(server), cpus - 1);
  sleep(kMillisecond);
  start_hogs();
  start(others.thread, call_on, address_of(others));
  wait_for([] { return others.calls >= kCalls; }, patience(), "a client of a server behind a hog");
  u64 alone = others.longest, average_alone = others.total / others.calls;
  report("call_alone_average", average_alone);
  report("call_alone_longest", alone);

  // A hundredth of what a call of the poor client takes is its budget in a period: alone it would be served for ten periods.
  start(poor.thread, call_on, address_of(poor), cpus > 1 ? 1 : 0, budget, kPeriod);
  sleep(2 * kPeriod);
  forget_calls(others);
  forget_calls(poor);
  wait_for([] { return others.calls >= kCalls && poor.calls >= 4; }, patience(), "a client beside one with a tiny budget");
  report("poor_calls", poor.calls);
  report("call_beside_poor_average", others.total / others.calls);
  check("call_beside_poor_longest", others.longest, alone + work + budget + allowance());
  report("call_beside_poor_longest_percent_of_alone", others.longest * 100 / alone);
  stop(poor.thread);
  stop(others.thread);
  stop_hogs();
  stop(server.thread);
}

void check_inversion() {
  constexpr u32 kServers = 4;
  constexpr u64 kWork = 50'000, kRounds = 40;
  static Server chain[kServers];
  for (u32 i = kServers; i-- > 0;) {
    chain[i] = new_server(i + 1, i + 1 < kServers ? chain[i + 1].endpoint : kNoSlot);
    start(chain[i].thread, serve, address_of(chain[i]), i % cpus);
  }
  static Client low = new_client(kLow, chain[0].endpoint, kWork, 0);
  static Client high = new_client(kHigh, chain[0].endpoint, kWork, 0);
  start(low.thread, call_on, address_of(low), cpus > 1 ? 1 : 0);
  start(high.thread, call_on, address_of(high));
  sleep(10 * kMillisecond);

  REQUIRE(kernel::Notification{high.wake}.signal(1));
  wait_for([] { return high.calls == 1; }, patience(), "a call through four servers");
  u64 alone = high.longest;
  report("chain_of_4_alone", alone);
  u64 inside = 0, longest = 0;
  for (u64 round = 1; round <= kRounds; round++) {
    forget_calls(high);
    u64 done = low.calls;
    REQUIRE(kernel::Notification{low.wake}.signal(1));
    sleep(alone * round / (kRounds + 1));  // from round to round the low client is farther along its chain
    inside += low.calls == done;
    start_hogs();
    REQUIRE(kernel::Notification{high.wake}.signal(1));
    wait_for([] { return high.calls == 1; }, patience(), "a call through four servers that work for a client below a hog");
    if (high.longest > longest) longest = high.longest;
    stop_hogs();
    wait_for([=] { return low.calls == done + 1; }, patience(), "the client of low priority");
  }
  report("chain_of_4_inversions", inside);
  if (is_exact && inside < kRounds * 3 / 4) failed("the low client was seldom inside the chain");
  check("chain_of_4_inverted_longest", longest, 2 * alone + allowance());
  for (Server& server : chain) stop(server.thread);
  stop(low.thread);
  stop(high.thread);
}

}  // namespace pith::timing
