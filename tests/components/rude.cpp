// A client without manners: malformed messages of every kind for each service that it knows, rewritten while they are sent, calls that it
// leaves behind when it dies. It dies soon, and begins anew.
#include <iterator>

#include "lib/clock.h"
#include "lib/ipc/number.h"
#include "lib/log.h"
#include "lib/pool.h"
#include "lib/random.h"
#include "lib/start.h"
#include "lib/thread.h"
#include "protocols/clock.h"
#include "protocols/log.h"

namespace {

using namespace pith;

constexpr const char* kNames[] = {"console", "log", "clock", "entropy", "bank"};
constexpr u32 kFirstUnknown = 24;  // methods from here on
constexpr u32 kMessages = 300;     // in a life, at most

CapabilitySlot services[std::size(kNames)];
Random noise(start_information().seed[0]);

/// No handler's: an unknown method, or more words than its method takes, the first ones too large for anything. Some bring capabilities,
/// some come again with their old number, or with one of another vault's.
void send_rubbish() {
  MessageBuffer& buffer = ipc::message_buffer();
  for (u32 i = kRegisterWords; i < kMessageWords; i++) buffer.words[i] = noise.below(~u64{0});
  for (u32& slot : buffer.capabilities) slot = u32(noise.below(16));
  bool is_long = noise.below(2) != 0;
  u32 length = is_long ? kRegisterWords + 1 + u32(noise.below(kMessageWords - kRegisterWords)) : kRegisterWords;
  u64 method = is_long ? noise.below(40) : kFirstUnknown + noise.below(60'000);
  Words words = {{ipc::numbered(method)}};
  if (noise.below(8) == 0) words.w[0] = method | noise.below(u64{1} << 48) << ipc::kNumberShift;
  for (u32 i = 1; i < kRegisterWords; i++) words.w[i] = ~noise.below(u64{1} << 32);
  u32 capabilities = noise.below(4) == 0 ? 1 + u32(noise.below(kMessageCapabilities)) : 0;
  CapabilitySlot service = services[noise.below(std::size(services))];
  (void)ipc::enter(Handle::message(u32(Operation::EndpointCallMessage), service, length, capabilities), words);
}

/// Of the first thread's messages, as fast as it can.
void rewrite(void* buffer) {
  Random random(start_information().seed[1]);
  auto& words = static_cast<MessageBuffer*>(buffer)->words;
  for (;;) const_cast<volatile u64&>(words[kRegisterWords + random.below(kMessageWords - kRegisterWords)]) = random.below(~u64{0});
}

/// For longer than this instance lives.
void wait_for_ever(void*) {
  protocols::ClockClient clock{services[2]};
  for (;;) (void)clock.sleep_until(now() + 3600 * kSecond);
}

/// More lines than the port takes.
void flood_log(void*) {
  for (;;) log_line(LogLevel::Detail, "a line of no interest to anybody, and much too long for what it has to say: nothing at all");
}

}  // namespace

int main() {
  constexpr u32 kPriority = 10, kStackPages = 4;
  for (u32 i = 0; i < std::size(kNames); i++) services[i] = find_slot(kNames[i]).value_or(kNoSlot);
  auto pool = FramePool::instance();
  if (!pool) return 1;
  std::unique_ptr<Thread> threads[5];
  void (*const functions[])(void*) = {rewrite, flood_log, wait_for_ever, wait_for_ever, wait_for_ever};
  for (u32 i = 0; i < std::size(threads); i++) {
    auto made = Thread::spawn(*pool, functions[i], &ipc::message_buffer(), kPriority, kStackPages);
    if (made) threads[i] = std::move(*made);
  }
  for (u64 left = 1 + noise.below(kMessages); left != 0; left--) send_rubbish();
  __builtin_trap();
}
