// A transactional server in a host test, with the test as the kernel, its clients and its partner; the server is compiled as in a
// component.
#pragma once
#include "lib/vault/serve.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <vector>

#include "lib/vault/event.h"
#include "lib/vault/ladder.h"
#include "lib/vault/local.h"
#include "tests/host/single_step.h"
#include "tests/host/vault_memory.h"

namespace pith::vault {

inline constexpr u64 kVaultSize = 8192, kLogSize = kFirstEntry - kLogAddress + 16384;
inline constexpr CapabilitySlot kEndpoint(1), kPartner(8), kNotification(9);

enum Method : u64 {
  kTransfer,
  kSend,
  kBalance,
  kFillLog,
  kWait,
  kWake,
  kTake,
  kPut,
  kReplyAtOnce,
  kRefuse,
  kDie,
  kDieOfState,
  kRead,
  kDieReading
};

/// The partner's half: what arrived there.
struct Partner {
  u64 last_number, last_answer, received, executed;
  friend bool operator==(const Partner&, const Partner&) = default;
};

/// A client of the server and its one call.
struct Client {
  enum class State { Idle, Queued, InProgress, SetAside };
  State state = State::Idle;
  Words call;
  u64 token = 0;
  std::vector<Words> answers;
  std::vector<u64> long_words;  ///< word 6 of each answer
};

/// What the kernel, the clients and the partner know; it outlives the server.
struct World {
  Client clients[3];
  u64 tokens = 0;
  Partner partner = {};
  u64 signals = 0;

  Status enter(Handle handle, Words& words) {
    if (handle.kind() == Handle::Call) return call_partner(words);
    if (handle.kind() == Handle::ReplyReceive) {
      answer(in_progress(), words, kRegisterWords);
      return receive(words);
    }
    switch (Operation(handle.operation_code())) {
      case Operation::EndpointReceive:
        return receive(words);
      case Operation::EndpointReplyMessage:
        return answer(in_progress(), words, handle.words());
      case Operation::EndpointCallMessage:
        return call_partner(words);
      case Operation::EndpointSetAside:
        if (Client* client = in_progress()) {
          client->state = Client::State::SetAside;
          words.w[0] = client->token = ++tokens;
          return Status{};
        }
        return Status{Status::kError | u64(Error::BadState)};
      case Operation::EndpointReplyToken:
        for (Client& client : clients) {
          if (client.state != Client::State::SetAside || client.token != words.w[0]) continue;
          return answer(&client, {{words.w[1], words.w[2], words.w[3], words.w[4], words.w[5]}}, kRegisterWords);
        }
        return Status{Status::kError | u64(Error::BadArgument)};
      case Operation::NotificationSignal:
        signals |= words.w[0];
        return Status{};
      default:
        ADD_FAILURE() << "operation " << handle.operation_code();
        return Status{Status::kError | u64(Error::NotSupported)};
    }
  }

  Client* in_progress() {
    for (Client& client : clients) {
      if (client.state == Client::State::InProgress) return &client;
    }
    return nullptr;
  }

  Status receive(Words& words) {
    for (u32 i = 0; i < std::size(clients); i++) {
      if (clients[i].state != Client::State::Queued) continue;
      clients[i].state = Client::State::InProgress;
      words = clients[i].call;
      return Status{2 + i};  // the badge
    }
    return Status{Status::kError | u64(Error::TimedOut)};
  }

  Status answer(Client* client, const Words& words, u32 length) {
    if (client == nullptr) return Status{Status::kError | u64(Error::BadState)};
    client->state = Client::State::Idle;
    client->answers.push_back(words);
    client->long_words.push_back(length > kRegisterWords ? ipc::message_buffer().words[kRegisterWords] : 0);
    return Status{};
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
    for (Client& client : clients) {
      if (client.state != Client::State::Idle) client.state = Client::State::Queued;
    }
  }

  bool is_anything_queued() const {
    return std::any_of(std::begin(clients), std::end(clients), [](const Client& one) { return one.state == Client::State::Queued; });
  }
};

inline World world;
inline bool is_in_kernel = false;

/// Where the test goes on when the server has died of what it does.
inline std::jmp_buf death;

/// Accounts, and a log of what was done with them.
struct State {
  static constexpr u32 kAccounts = 8, kLines = 16;
  struct Line {
    u8 from, to;
    u32 amount;
  };
  u64 balance[kAccounts];
  u64 sent_from, sent;  ///< while the partner has not answered
  u64 waiting;          ///< token + 1 of who waits to be woken
  u64 woken;            ///< by so much
  u64 stock;            ///< what kTake waits for
  bool is_deadly;
  u64 lines;
  Line log[kLines];
};
static_assert(sizeof(Header) + sizeof(State) < kVaultSize);

inline State& state() { return *reinterpret_cast<State*>(kAddress + sizeof(Header)); }

class Bank final : public Transactional<ipc::Server> {
 public:
  Bank() : Transactional(kEndpoint) {}

  static constexpr u32 kDeferredMethods = 1u << kSend | 1u << kWait | 1u << kReplyAtOnce;
  static constexpr u32 kReadMethods = 1u << kRead | 1u << kDieReading;

  bool is_deferred(u64 word) const override { return is_among(kDeferredMethods, word); }
  ipc::Answer handle(const ipc::Received& received, Token token) override {
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
      case kWait:
        state().waiting = token.raw + 1;
        return ipc::Answer::later();
      case kWake:
        state().woken = words.w[1];
        return {{{0, words.w[1] * 2}}};
      case kTake:
        if (state().stock < words.w[1]) park();
        state().stock -= words.w[1];
        return {{{0, state().stock}}};
      case kPut:
        state().stock += words.w[1];
        return {{{0, state().stock}}};
      case kReplyAtOnce:
        state().stock++;
        reply(token, {{0, state().stock}});
        return ipc::Answer::later();
      case kRead:
        return {{{0, state().balance[from], state().lines}}};
      case kDie:
      case kDieReading:
        std::longjmp(death, 1);
      case kDieOfState:
        state().is_deadly = true;
        return {{{0}}};
      case kRefuse:
        state().balance[from] = 0;
        return ipc::Answer::status(Error::Denied);
      default:
        return ipc::Answer::status(Error::BadMessage);
    }
  }

  ipc::Answer answered(u64 then, const ipc::Received& received) override {
    EXPECT_EQ(then, 99u);
    if (received.words.w[0] != 0) {
      state().balance[state().sent_from] += state().sent;
      return ipc::Answer::status(Error(received.words.w[0]));
    }
    note(state().sent_from, 255, state().sent);
    return {{{0, state().balance[state().sent_from], received.words.w[1]}}};
  }

  /// Waking is an event of its own.
  bool is_due() override { return state().is_deadly || (state().waiting != 0 && state().woken != 0); }
  void advance() override {
    if (state().is_deadly) std::longjmp(death, 1);
    reply(Token(u32(state().waiting - 1)), {{0, state().woken}});
    state().waiting = state().woken = 0;
  }

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
    begin_state();
  }

  static void begin_state() {
    ASSERT_TRUE(run_event([]() -> Result<void> {
      memset(&state(), 0, sizeof(State));
      for (u64& balance : state().balance) balance = 1000;
      return {};
    }));
  }

  static Memory memory() { return {copy_of(kAddress, kVaultSize), copy_of(kLogAddress, kLogSize)}; }
  [[gnu::section(".text.unlogged"), gnu::noinline]] static void set(const Memory& memory) {
    memcpy(reinterpret_cast<void*>(kAddress), memory.vault.data(), kVaultSize);
    memcpy(reinterpret_cast<void*>(kLogAddress), memory.log.data(), kLogSize);
  }

  /// What root does, and then a new instance, until nothing is left to be done.
  static void recover() {
    world.server_dies();
    Memory remains = memory();
    ASSERT_TRUE(roll_back({remains.vault, remains.log}));
    set(remains);
    note_start(open(kLogSize));
    ASSERT_TRUE(is_exchange_sound());
    Bank bank;
    Loop loop(bank, bank, kEndpoint, wants_of<Bank>());
    loop.resume();
    finish(loop);
  }

  /// A new instance, which dies as well.
  [[gnu::noinline]] static bool dies_again() {
    if (setjmp(death) != 0) return true;
    recover();
    return false;
  }

  /// A step sends the answer of the one before.
  static void finish(Loop& loop) {
    while (world.is_anything_queued() || world.in_progress() != nullptr) loop.run(1);
  }

  static u64 total() {
    u64 sum = world.partner.received;
    for (u64 balance : state().balance) sum += balance;
    return sum;
  }

  /// Everything that may be seen from outside.
  static void expect_same(const World& is, const World& should) {
    for (u32 i = 0; i < std::size(is.clients); i++) {
      const Client &one = is.clients[i], &other = should.clients[i];
      ASSERT_EQ(one.answers.size(), other.answers.size());
      EXPECT_EQ(one.state, other.state);
      EXPECT_EQ(one.long_words, other.long_words);
      if (!one.answers.empty()) EXPECT_EQ(memcmp(&one.answers.back(), &other.answers.back(), sizeof(Words)), 0);
    }
    EXPECT_EQ(is.partner, should.partner);
    EXPECT_EQ(is.signals, should.signals);
  }

  static void send(u32 client, Words words) {
    static u64 number = 0;
    words.w[0] |= ++number << ipc::kNumberShift;
    world.clients[client].call = words;
    world.clients[client].state = Client::State::Queued;
  }
  /// Of the last call of a client.
  static const Words& answer(u32 client = 0) { return world.clients[client].answers.back(); }

  /// One call, without a crash.
  void call(Words words, u32 client = 0) {
    send(client, words);
    finish(loop);
  }

  /// The same with a crash before each instruction that the server runs for it. Answers how many those were.
  u64 call_and_crash(Words words, u32 client = 0) {
    send(client, words);
    World world_before = world;
    Memory before = memory();
    recover();
    World world_after = world;
    std::vector<std::byte> after = memory().vault;
    u64 sum = total(), crashes = 0;

    world = world_before;
    set(before);
    auto crash = [&] {
      if (is_in_kernel || testing::Test::HasFailure()) return;
      crashes++;
      Memory here = memory();
      World world_here = world;
      MessageBuffer buffer = ipc::message_buffer();
      Local local_here = local;
      recover();
      expect_same(world, world_after);
      EXPECT_EQ(total(), sum);
      EXPECT_TRUE(memory().vault == after);
      world = world_here;
      set(here);
      ipc::message_buffer() = buffer;
      local = local_here;
    };
    world.server_dies();
    note_start(open(kLogSize));
    Bank bank;
    Loop loop(bank, bank, kEndpoint, wants_of<Bank>());
    SingleStep::run(
        [&] {
          loop.resume();
          finish(loop);
        },
        crash);
    expect_same(world, world_after);
    return crashes;
  }

  Bank bank;
  Loop loop{bank, bank, kEndpoint, wants_of<Bank>()};
};

}  // namespace pith::vault
