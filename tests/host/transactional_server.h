// A toy server with a method for each thing that a server may do.
#pragma once
#include <csetjmp>

#include "tests/host/crash_test.h"

namespace pith::vault {

enum Method : u64 {
  kTransfer,
  kSend,
  kBalance,
  kFillLog,
  kWait,
  kWake,
  kTake,
  kTakeLong,
  kPut,
  kReplyAtOnce,
  kRefuse,
  kDie,
  kDieOfState,
  kRead,
  kDieReading
};

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
        if (Result<void> intended = intend_call(kPartner, {{7, 0, amount}}, kRegisterWords, 99); !intended)
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
      case kTakeLong: {
        u64 wanted = ipc::message_buffer().words[kRegisterWords];
        if (state().stock < wanted) park();
        state().stock -= wanted;
        ipc::message_buffer().words[kRegisterWords] = state().stock;
        return {{{0}}, kRegisterWords + 1};
      }
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

struct Toy {
  static constexpr u64 kVaultSize = 8192;
  using Server = Bank;

  static void begin() {
    for (u64& balance : state().balance) balance = 1000;
  }
  static u64 money() {
    u64 sum = 0;
    for (u64 balance : state().balance) sum += balance;
    return sum;
  }
};
static_assert(sizeof(Header) + sizeof(State) < Toy::kVaultSize);

class ServeTest : public CrashTest<Toy> {
 protected:
  /// A new instance, which dies as well.
  [[gnu::noinline]] static bool dies_again() {
    if (setjmp(death) != 0) return true;
    recover();
    return false;
  }
};

}  // namespace pith::vault
