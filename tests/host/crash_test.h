// A transactional server in a host test, with the test as the kernel, its clients and its partner, killed before each of its instructions;
// the server is compiled as in a component. crash_test.cpp is part of such a test.
#pragma once
#include "lib/vault/serve.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "lib/vault/bulk.h"
#include "lib/vault/event.h"
#include "lib/vault/ladder.h"
#include "lib/vault/local.h"
#include "tests/host/single_step.h"
#include "tests/host/vault_memory.h"

namespace pith::vault {

inline constexpr u64 kLogSize = kFirstEntry - kLogAddress + 16384;
inline constexpr CapabilitySlot kEndpoint(1), kPartner(8), kNotification(9);

/// The partner's half: what arrived there. Word 2 of a call is an amount.
struct Partner {
  u64 last_number, last_answer, received, executed;
  friend bool operator==(const Partner&, const Partner&) = default;
};

/// A client of the server and its one call.
struct Client {
  enum class State { Idle, Queued, InProgress, SetAside };
  State state = State::Idle;
  Words call;
  std::vector<u64> more;  ///< its words from index 6 on
  u64 token = 0;
  std::vector<Words> answers;
  std::vector<std::vector<u64>> long_words;  ///< of each answer those from index 6 on
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
          if (words.w[1] == u64(Error::Again)) {  // as ipc::call_for_bytes does
            client.state = Client::State::Queued;
            return Status{};
          }
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
      std::copy(clients[i].more.begin(), clients[i].more.end(), ipc::message_buffer().words + kRegisterWords);
      return Status{u64{2 + i} | (kRegisterWords + clients[i].more.size()) << 32};  // the badge, and how many words
    }
    return Status{Status::kError | u64(Error::TimedOut)};
  }

  Status answer(Client* client, const Words& words, u32 length) {
    if (client == nullptr) return Status{Status::kError | u64(Error::BadState)};
    client->state = Client::State::Idle;
    client->answers.push_back(words);
    const u64* buffer = ipc::message_buffer().words;
    client->long_words.emplace_back(buffer + kRegisterWords, buffer + (length > kRegisterWords ? length : kRegisterWords));
    return Status{};
  }

  /// The partner is a server of this kind itself, reduced to what it is for its callers: it knows the last call again.
  Status call_partner(Words& words) {
    u64 number = words.w[0] >> ipc::kNumberShift, amount = words.w[2];
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

/// `Toy`: `kVaultSize`; a `Server` without arguments, over the vault; `begin()`, in an event of a vault of zeroes; `money()`, which is the
/// same before and after each call, with what the partner has received.
template <class Toy>
class CrashTest : public testing::Test {
 protected:
  using Server = typename Toy::Server;
  static constexpr u64 kVaultSize = Toy::kVaultSize;

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
    clear_unlogged(reinterpret_cast<void*>(kAddress), kVaultSize);
    ASSERT_TRUE(run_event([]() -> Result<void> {
      Toy::begin();
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
    Server server;
    Loop loop(server, server, kEndpoint, wants_of<Server>());
    loop.resume();
    finish(loop);
  }

  /// A step sends the answer of the one before.
  static void finish(Loop& loop) {
    while (world.is_anything_queued() || world.in_progress() != nullptr) loop.run(1);
  }

  static u64 total() { return world.partner.received + Toy::money(); }

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

  /// `more`: words from index 6 on.
  static void send(u32 client, Words words, std::vector<u64> more = {}) {
    static u64 number = 0;
    world.clients[client].more = std::move(more);
    words.w[0] |= ++number << ipc::kNumberShift;
    world.clients[client].call = words;
    world.clients[client].state = Client::State::Queued;
  }
  /// Of the last call of a client.
  static const Words& answer(u32 client = 0) { return world.clients[client].answers.back(); }

  /// One call, without a crash.
  void call(Words words, u32 client = 0, std::vector<u64> more = {}) {
    send(client, words, std::move(more));
    finish(loop);
  }

  /// The same with a crash before each instruction that the server runs for it. Answers how many those were.
  u64 call_and_crash(Words words, u32 client = 0, std::vector<u64> more = {}) {
    send(client, words, std::move(more));
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
    Server server;
    Loop loop(server, server, kEndpoint, wants_of<Server>());
    SingleStep::run(
        [&] {
          loop.resume();
          finish(loop);
        },
        crash);
    expect_same(world, world_after);
    return crashes;
  }

  Server server;
  Loop loop{server, server, kEndpoint, wants_of<Server>()};
};

}  // namespace pith::vault
