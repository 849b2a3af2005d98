// What a transactional server and the world owe each other: answers that were given, and effects that an event intends. Neither leaves
// before the event is final, and both are found again by the next instance.
#pragma once
#include "abi/vault.h"
#include "lib/ipc/number.h"
#include "lib/ipc/server.h"

namespace pith::vault {

/// Badges are 1 + the index of a component.
inline constexpr u32 kSessions = 33;
inline constexpr u32 kMostIntents = 8;

/// A message as it is kept: long words included.
struct Message {
  u32 length;
  u64 words[kMessageWords];
};

/// An effect outside of the vault. Performed after its event, and once more after a crash: it must not matter how often.
struct Intent {
  enum class Kind : u32 { Signal, Call };
  Kind kind;
  CapabilitySlot target;
  u64 then;         ///< what the service makes of the answer to a call
  Message message;  ///< of a call, with its number in word 0; of a signal word 0 has the bits
};

/// Behind the beginning of the log, where nothing is logged. What of it counts is said by the vault's own words: `Header`.
struct Exchange {
  Message answers[kSessions][2];
  Intent intents[kMostIntents];
};
static_assert(kExchangeAddress + sizeof(Exchange) <= kFirstEntry);

/// The first words of every vault.
struct Header {
  u64 layout;               ///< of the state that follows (State::kLayout); 0: there is none yet
  u64 answered[kSessions];  ///< number of the session's last call that has its answer, times two, plus which of its places that is in
  u64 calls;                ///< that were ever intended
  u32 intents;              ///< of the last event
  u32 performed;            ///< of those
  u32 session;              ///< of the call in progress
  u64 number;               ///< of that call; 0: none is in progress
};

inline Header& header() { return *reinterpret_cast<Header*>(kAddress); }
inline Exchange& exchange() { return *reinterpret_cast<Exchange*>(kExchangeAddress); }

/// The answer that the session's call `number` has had, or null.
const Message* kept_answer(u32 session, u64 number);
/// Only in an event: the call in progress has its answer, which is the session's last one from then on.
void keep_answer(const ipc::Answer& answer);
/// Puts a kept message where it can be sent from.
ipc::Answer answer_from(const Message& message);

/// Only in an event. Errors: Limit when the event intends too much already.
Result<void> intend_signal(CapabilitySlot notification, u64 bits);
/// The same; the answer comes to the service's `answered(then, …)`, in an event of its own. `words.w[0]`: the method.
Result<void> intend_call(CapabilitySlot endpoint, const Words& words, u32 length, u64 then);

}  // namespace pith::vault
