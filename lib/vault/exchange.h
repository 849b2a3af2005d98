// What a transactional server and the world owe each other: calls that wait for their answer, answers that may not have arrived, effects
// that an event intends. All of it is written without being logged, and counts from the moment when its event is final: each piece says
// which event that is.
#pragma once
#include "abi/vault.h"
#include "lib/ipc/number.h"
#include "lib/ipc/server.h"

namespace pith::vault {

/// Badges are 1 + the index of a component.
inline constexpr u32 kSessions = 33;
/// That wait for an answer, or whose answer may not have arrived.
inline constexpr u32 kMostCalls = 48;
inline constexpr u32 kMostOfSession = 16;  ///< that wait
/// Of one event, and those that it left over.
inline constexpr u32 kMostIntents = 8;

/// A message as it is kept: long words included. Its beginning is where handlers make their answers.
struct Message {
  ipc::Answer head;
  u64 rest[kMessageWords - kRegisterWords];
};

/// Which call: of whom, and its word 0, which has the number that its caller gave it.
struct CallName {
  u64 word;
  u32 session;

  /// 0: it has none, and is not known again.
  u64 number() const { return word >> ipc::kNumberShift; }
  u64 method() const { return word & ipc::kMethodMask; }
  /// By another vault.
  bool is_intended() const { return (number() & ipc::kIntended) != 0; }
  friend bool operator==(const CallName&, const CallName&) = default;
};

/// A call that was taken. It waits for its answer from event `taken` on, and has it from event `answered` on.
struct Call {
  CallName name;
  u64 taken;     ///< 0: this place is free
  u64 answered;  ///< 0: not yet
};

/// An effect outside of the vault. Performed after its event, and once more after a crash: it must not matter how often.
struct Intent {
  enum class Kind : u32 { Signal, Call };
  Kind kind;
  CapabilitySlot target;
  u64 then;         ///< what the service makes of the answer to a call
  Token token;      ///< the call that it was done for; kNoToken: none
  Message message;  ///< of a call, with its number in word 0; of a signal word 0 has the bits
};
inline constexpr Token kNoToken{~0u};

/// What is left to be done. An event that changes it writes the other one of two places.
struct Round {
  u64 event;      ///< from which on it counts
  u64 performed;  ///< so many of all intents ever are done
  u64 intended;
  u64 calls;  ///< that were ever intended
};

/// Of the instance before this one, for whoever has to find out what it dies of (lib/vault/ladder.h).
struct Trouble {
  CallName call;   ///< in whose event it died
  u32 crashes;     ///< there, one after the other
  u32 fruitless;   ///< crashes since the last event that became final
  u64 last_event;  ///< at the last crash
  bool is_up;      ///< the instance has come as far as to wait for calls
  u8 poison[kSessions];
  u16 instance[kSessions];  ///< of the component that the session belongs to, when that was counted
};

/// Behind the beginning of the log.
struct Exchange {
  CallName current;  ///< the call that the event is for
  Round rounds[2];
  u64 newest[kSessions][2];  ///< word 0 of the session's newest call: of its own, and of those that its vault intended
  Call calls[kMostCalls];
  Trouble trouble;
  Message answers[kMostCalls];
  Intent intents[kMostIntents];
};
static_assert(kExchangeAddress + sizeof(Exchange) <= kFirstEntry);

/// The first words of every vault.
struct Header {
  u64 layout;  ///< of the state that follows (State::kLayout); 0: there is none yet
};

inline Header& header() { return *reinterpret_cast<Header*>(kAddress); }
inline Exchange& exchange() { return *reinterpret_cast<Exchange*>(kExchangeAddress); }

/// Whether it is what an instance may leave: one that was not itself any more may have written anything.
bool is_exchange_sound();
void clear_exchange();

/// The call that the next event is for.
inline void set_current(CallName call) { exchange().current = call; }
/// What is left to be done; in an event, what it leaves.
Round& round();
/// The same, for an event that is going to change it.
Round& change_round();

/// In an event: its call has its answer from then on. No place may be answered twice. `answer`: long words are in the message buffer.
void answer_call(Token token, const ipc::Answer& answer);
/// The kept answer. Its long words are put into the message buffer.
const ipc::Answer& answer_of(Token token);
/// Calls whose answer became final with the last event, as bits.
u64 take_fresh_answers();

/// Only in an event. Errors: Limit when the event intends too much already.
Result<void> intend_signal(CapabilitySlot notification, u64 bits);
/// The same; the answer comes to the service's `answered(then, …)`, in an event of its own. `words.w[0]`: the method; `length`: 6…64.
/// Errors: Limit, BadArgument for a length.
Result<void> intend_call(CapabilitySlot endpoint, const Words& words, u32 length, u64 then);
/// Puts a kept message's long words where it can be sent from.
void restore_long_words(const Message& message);

}  // namespace pith::vault
