// Servers and clients of the stress test: calls are answered at once or later, cancelled, and delivered again when a server stops.
#include "tests/guest/stress.h"

using namespace pith::guest_test;

namespace pith::stress {

namespace {

/// Nobody changes its own time: root looks after the others'.
constexpr u64 kPatience = 200'000;

void answer_oldest(Partners& own) {
  u64 token = own.tokens[0];
  own.token_count--;
  for (u32 i = 0; i < own.token_count; i++) own.tokens[i] = own.tokens[i + 1];
  // The low half of a call's first word is its number, and the answer is one more; the token does not tell it, so that word 1 says so.
  if (ipc::reply_token(own.endpoint, token, {{0, 1}})) count(Kind::Answer);
}

/// Takes a call: an answer, or it is set aside and answered later.
ipc::Received handle(Partners& own, const ipc::Received& message) {
  if (own.token_count > 0 && own.server_random.below(2) == 0) answer_oldest(own);
  if (own.server_random.below(4) == 0 && own.token_count < 4) {
    auto token = ipc::set_aside(own.endpoint);
    if (token) {
      own.tokens[own.token_count++] = *token;
      count(Kind::SetAside);
    }
    return ipc::receive(own.endpoint, now() + kPatience);
  }
  Words words = message.words;
  words.w[0]++;
  words.w[1] = 0;
  return ipc::reply_receive(own.endpoint, words);
}

}  // namespace

void serve(u64 worker) {
  Partners& own = partners[worker];
  own.token_count = 0;  // requeue has brought back what its predecessor had set aside
  ipc::Received message = ipc::receive(own.endpoint, now() + kPatience);
  while (true) {
    own.beats = own.beats + 1;
    if (message.ok() && !message.status.is_signals()) {
      message = handle(own, message);
      continue;
    }
    if (!message.ok() && message.error() == Error::BadState) (void)kernel::System::yield();  // unbound for a moment
    while (own.token_count > 0) answer_oldest(own);
    message = ipc::receive(own.endpoint, now() + kPatience);
  }
}

void call_servers(u64 worker) {
  Partners& own = partners[worker];
  for (u64 number = 1;; number++) {
    if (is_over) sleep(own.notification, 0);
    u64 target = own.client_random.below(kWorkers);
    ipc::Received answer = ipc::call(partners[target].endpoint, {{number, 7, 3, 4, 5, worker}});
    if (!answer.ok()) {
      if (answer.error() != Error::Cancelled) mistake(u32(worker), "a call failed with error", u64(answer.error()));
      count(Kind::Cancelled);
      continue;
    }
    if (answer.words.w[1] == 0 && answer.words.w[0] != number + 1) mistake(u32(worker), "an answer is another call's", answer.words.w[0]);
    own.calls = own.calls + 1;
    count(Kind::Call);
  }
}

namespace {

CapabilitySlot helping_endpoint, helping_timer;
volatile u64 answered;

[[noreturn]] void hog(u64) {
  while (true) asm volatile("" ::: "memory");
}

[[noreturn]] void serve_slowly(u64) {
  auto message = ipc::receive(helping_endpoint, 0);
  while (true) {
    for (u32 i = 0; i < 100'000; i++) asm volatile("" ::: "memory");
    message = ipc::reply_receive(helping_endpoint, message.words);
  }
}

[[noreturn]] void call_often(u64) {
  while (true) {
    if (ipc::call(helping_endpoint, {}).ok()) answered = answered + 1;
    sleep(helping_timer, 100'000);
  }
}

}  // namespace

void check_helping() {
  helping_endpoint = guest_test::make(ObjectType::Endpoint);
  helping_timer = guest_test::make(ObjectType::Notification);
  CapabilitySlot own_timer = guest_test::make(ObjectType::Notification);
  Made low = make_thread(RootSlot::AddressSpace, 5), middle = make_thread(RootSlot::AddressSpace, 6), high = make_thread(RootSlot::AddressSpace, 7);
  REQUIRE(kernel::Endpoint{helping_endpoint}.bind(low.thread));
  for (u64 cpu = 0; cpu < cpus && cpu < 2; cpu++) {
    // The server has its time, and was last seen, on CPU 0, where the hog is: the client's CPU must run it.
    for (const Made& made : {low, middle, high}) REQUIRE(insist(own_timer, [&] { return kernel::Thread{made.thread}.stop(); }));
    (void)move(low.context, low.thread, 5, 0);
    (void)move(middle.context, middle.thread, 6, 0);
    (void)move(high.context, high.thread, 7, cpu);
    REQUIRE(kernel::Thread{low.thread}.start(reinterpret_cast<u64>(&serve_slowly), low.stack_top - 8, 0, 0));
    sleep(own_timer, 20'000'000);
    REQUIRE(kernel::Thread{middle.thread}.start(reinterpret_cast<u64>(&hog), middle.stack_top - 8, 0, 0));
    u64 before = answered;
    REQUIRE(kernel::Thread{high.thread}.start(reinterpret_cast<u64>(&call_often), high.stack_top - 8, 0, 0));
    for (u32 i = 0; i < 500 && answered < before + 20; i++) sleep(own_timer, 20'000'000);
    if (answered < before + 20) fail("a server behind a hog did not get its client's time", Error::TimedOut);
  }
  for (const Made& made : {low, middle, high}) REQUIRE(insist(own_timer, [&] { return kernel::Thread{made.thread}.stop(); }));
  print("helping works\n");
}

}  // namespace pith::stress
