// A transactional server that is killed before each of its instructions, one at a time: its client has one answer, its partner does each
// thing once, and all is as without the crash. The test plays the kernel; the server is compiled as in a component.
#include "lib/vault/serve.h"

#include <gtest/gtest.h>

#include <cstring>
#include <optional>
#include <vector>

#include "tests/host/single_step.h"
#include "tests/host/vault_memory.h"

namespace pith {

namespace {

using namespace vault;

constexpr u64 kVaultSize = 8192, kLogSize = kFirstEntry - kLogAddress + 16384;
constexpr CapabilitySlot kEndpoint(1), kPartner(8), kNotification(9);

enum Method : u64 { kTransfer, kSend, kBalance, kFillLog };

/// The partner's half: what arrived there.
struct Partner {
  u64 last_number, last_answer, received, executed;
  friend bool operator==(const Partner&, const Partner&) = default;
};

/// What the kernel, the client and the partner know; it outlives the server.
struct World {
  Words call;  ///< the client's
  bool is_queued = false, is_in_progress = false;
  std::vector<Words> answers;
  std::vector<u64> long_words;  ///< word 6 of each answer
  Partner partner = {};
  u64 signals = 0;

  Status enter(Handle handle, Words& words) {
    if (handle.kind() == Handle::Call) return call_partner(words);
    switch (Operation(handle.operation_code())) {
      case Operation::EndpointReceive:
        if (!is_queued) return Status{Status::kError | u64(Error::TimedOut)};
        is_queued = false;
        is_in_progress = true;
        words = call;
        return Status{2};  // the badge
      case Operation::EndpointReplyMessage:
        if (!is_in_progress) return Status{Status::kError | u64(Error::BadState)};
        is_in_progress = false;
        answers.push_back(words);
        long_words.push_back(handle.words() > kRegisterWords ? ipc::message_buffer().words[kRegisterWords] : 0);
        return Status{};
      case Operation::EndpointCallMessage:
        return call_partner(words);
      case Operation::NotificationSignal:
        signals |= words.w[0];
        return Status{};
      default:
        ADD_FAILURE() << "operation " << handle.operation_code();
        return Status{Status::kError | u64(Error::NotSupported)};
    }
  }

  /// The partner is a server of this kind itself, reduced to what it is for its callers: it knows the last call again.
  Status call_partner(Words& words) {
    u64 number = words.w[0] >> ipc::kNumberShift, amount = words.w[1];
    EXPECT_NE(number, 0u);
    if (number != partner.last_number) {
      partner.last_number = number;
      partner.executed++;
      bool is_refused = amount % 5 == 0;
      partner.last_answer = is_refused ? u64(Error::Limit) : 0;
      if (!is_refused) partner.received += amount;
    }
    words = {{partner.last_answer, partner.received}};
    return Status{};
  }

  void server_dies() {
    if (std::exchange(is_in_progress, false)) is_queued = true;
  }
};

World world;
bool is_in_kernel = false;

/// Accounts, and a log of what was done with them.
struct State {
  static constexpr u32 kAccounts = 8, kLines = 16;
  struct Line {
    u8 from, to;
    u32 amount;
  };
  u64 balance[kAccounts];
  u64 sent_from, sent;  ///< while the partner has not answered
  u64 lines;
  Line log[kLines];
};
static_assert(sizeof(Header) + sizeof(State) < kVaultSize);

State& state() { return *reinterpret_cast<State*>(kAddress + sizeof(Header)); }

class Bank {
 public:
  ipc::Answer handle(const ipc::Received& received, Token) {
    const Words& words = received.words;
    u64 from = words.w[1] % State::kAccounts, to = words.w[2] % State::kAccounts, amount = words.w[3];
    switch (words.w[0] & ipc::kMethodMask) {
      case kTransfer:
        if (state().balance[from] < amount) return ipc::Answer::status(Error::Limit);
        state().balance[from] -= amount;
        state().balance[to] += amount;
        note(from, to, amount);
        (void)intend_signal(kNotification, u64{1} << from);
        return {{{0, state().balance[from], state().lines}}};
      case kSend:
        state().balance[from] -= amount;
        state().sent_from = from;
        state().sent = amount;
        if (Result<void> intended = intend_call(kPartner, {{7, amount}}, kRegisterWords, 99); !intended)
          return ipc::Answer::status(intended.error());
        return ipc::Answer::later();
      case kBalance:
        ipc::message_buffer().words[kRegisterWords] = state().balance[from];
        return {{{0}}, kRegisterWords + 1};
      case kFillLog:
        for (u64 i = 0;; i++) state().log[i % State::kLines].amount = u32(i);
      default:
        return ipc::Answer::status(Error::BadMessage);
    }
  }

  ipc::Answer answered(u64 then, const ipc::Received& received) {
    EXPECT_EQ(then, 99u);
    if (received.words.w[0] != 0) {
      state().balance[state().sent_from] += state().sent;
      return ipc::Answer::status(Error(received.words.w[0]));
    }
    note(state().sent_from, 255, state().sent);
    return {{{0, state().balance[state().sent_from], received.words.w[1]}}};
  }

  void on_signals(u64) {}

 private:
  static void note(u64 from, u64 to, u64 amount) { state().log[state().lines++ % State::kLines] = {u8(from), u8(to), u32(amount)}; }
};

class ServeTest : public testing::Test {
 protected:
  FixedMemory vault_memory{kAddress, kVaultSize}, log_memory{kLogAddress, kLogSize};

  struct Memory {
    std::vector<std::byte> vault, log;
  };

  void SetUp() override {
    open(kLogSize);
    world = World();
    ASSERT_TRUE(run_event([]() -> Result<void> {
      for (u64& balance : state().balance) balance = 1000;
      return {};
    }));
  }

  static Memory memory() { return {copy_of(kAddress, kVaultSize), copy_of(kLogAddress, kLogSize)}; }
  [[gnu::section(".text.unlogged"), gnu::noinline]] static void set(const Memory& memory) {
    memcpy(reinterpret_cast<void*>(kAddress), memory.vault.data(), kVaultSize);
    memcpy(reinterpret_cast<void*>(kLogAddress), memory.log.data(), kLogSize);
  }

  /// What root does, and then a new instance, until the call has its answer.
  static void recover() {
    world.server_dies();
    Memory remains = memory();
    ASSERT_TRUE(roll_back({remains.vault, remains.log}));
    set(remains);
    open(kLogSize);
    Bank bank;
    Loop<Bank> loop(bank, kEndpoint);
    loop.resume();
    if (world.is_queued) loop.step();
  }

  static u64 total() {
    u64 sum = world.partner.received;
    for (u64 balance : state().balance) sum += balance;
    return sum;
  }

  /// Everything that may be seen from outside.
  static void expect_same(const World& is, const World& should) {
    ASSERT_EQ(is.answers.size(), should.answers.size());
    EXPECT_EQ(memcmp(&is.answers.back(), &should.answers.back(), sizeof(Words)), 0);
    EXPECT_EQ(is.long_words, should.long_words);
    EXPECT_EQ(is.partner, should.partner);
    EXPECT_EQ(is.signals, should.signals);
    EXPECT_FALSE(is.is_queued || is.is_in_progress);
  }

  /// One call, without a crash.
  static void call(Words words) {
    static u64 number = 0;
    words.w[0] |= ++number << ipc::kNumberShift;
    world.call = words;
    world.is_queued = true;
    Bank bank;
    Loop<Bank>(bank, kEndpoint).step();
  }

  /// The same again with a crash before each instruction that the server runs for it. Answers how many those were.
  static u64 call_and_crash(Words words) {
    World world_before = world;
    Memory before = memory();
    call(words);
    World world_after = world;
    std::vector<std::byte> after = memory().vault;
    u64 sum = total(), crashes = 0;

    world_before.call = world.call;
    world_before.is_queued = true;
    world = world_before;
    set(before);
    auto crash = [&] {
      if (is_in_kernel || testing::Test::HasFailure()) return;
      crashes++;
      Memory here = memory();
      World world_here = world;
      MessageBuffer buffer = ipc::message_buffer();
      recover();
      expect_same(world, world_after);
      EXPECT_EQ(total(), sum);
      EXPECT_TRUE(memory().vault == after);
      world = world_here;
      set(here);
      ipc::message_buffer() = buffer;
    };
    Bank bank;
    Loop<Bank> loop(bank, kEndpoint);
    SingleStep::run([&] { loop.step(); }, crash);
    expect_same(world, world_after);
    return crashes;
  }
};

TEST_F(ServeTest, EveryCallIsDoneOnceWhereverTheServerDies) {
  u64 crashes = 0;
  for (u64 i = 0; i < 50; i++) {
    switch (i % 4) {
      case 0:
        crashes += call_and_crash({{kTransfer, i, i * 3 + 1, i + 1}});
        break;
      case 1:
        crashes += call_and_crash({{kSend, i, 0, i}});
        break;
      case 2:
        crashes += call_and_crash({{kBalance, i}});
        break;
      default:
        crashes += call_and_crash({{kTransfer, i, i + 2, u64{i % 8 == 3 ? 5000u : 10u}}});
        break;
    }
    EXPECT_EQ(total(), State::kAccounts * 1000u);
  }
  EXPECT_EQ(world.answers.size(), 50u);
  EXPECT_GT(crashes, 50u * 100);
  RecordProperty("crashes", int(crashes));
}

TEST_F(ServeTest, AnEventThatIsTooLongIsAnsweredNoSpace) {
  call({{kFillLog}});
  EXPECT_EQ(world.answers.back().w[0], u64(Error::NoSpace));
}

TEST_F(ServeTest, ACallThatComesAgainHasTheSameAnswer) {
  call({{kTransfer, 1, 2, 30}});
  Words first = world.answers.back();
  std::vector<std::byte> vault = memory().vault;
  world.is_queued = true;
  Bank bank;
  Loop<Bank>(bank, kEndpoint).step();
  EXPECT_EQ(world.answers.size(), 2u);
  EXPECT_EQ(memcmp(&world.answers.back(), &first, sizeof first), 0);
  EXPECT_TRUE(memory().vault == vault);
}

TEST_F(ServeTest, AnUnknownMethodIsAnswered) {
  call({{1234}});
  EXPECT_EQ(world.answers.back().w[0], u64(Error::BadMessage));
}

}  // namespace

MessageBuffer& ipc::message_buffer() {
  static MessageBuffer buffer;
  return buffer;
}

/// The kernel is not the one that is killed.
Status invoke(u64 handle, Words& words) {
  is_in_kernel = true;
  Status status = world.enter(Handle{handle}, words);
  is_in_kernel = false;
  return status;
}

}  // namespace pith
