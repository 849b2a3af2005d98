// The table of calls, as the loop uses it for each one.
#pragma once
#include "abi/error.h"
#include "lib/vault/event.h"
#include "lib/vault/local.h"

namespace pith::vault {

inline constexpr u64 kAllPlaces = (u64{1} << kMostCalls) - 1;

constexpr u64 bit_of(Token token) { return u64{1} << token.raw; }

/// Whether another call of the session may wait for its answer.
bool may_wait(u32 session);

namespace detail {
Token search_call(CallName name);
/// Errors: Busy.
Result<Token> find_place();
void keep_long_words(Message& message);
void keep_for_session(Token token);
}  // namespace detail

/// The place of a call that was taken before, or kNoToken.
inline Token find_call(CallName name) {
  u64& newest = exchange().newest[name.session][name.is_intended()];
  if (name.word <= newest) [[unlikely]]
    return detail::search_call(name);
  newest = name.word;
  return kNoToken;
}

/// In an event: a place for its call. Errors: Busy when there is none.
inline Result<Token> take_call(CallName name, u64 event) {
  Token token = local.spare;
  if (token == kNoToken) [[unlikely]]
    token = TRY(detail::find_place());
  local.spare = kNoToken;
  Call& call = exchange().calls[token.raw];
  call.taken = event;
  asm volatile("" ::: "memory");  // half written it is a call of an event that is not final
  call.name = name;
  call.answered = 0;
  return local.event_token = token;
}

/// In the same event, when the answer has been made at the beginning of the place's message. Errors: the answer's, which keeps nothing.
inline Error keep_answer(Call& call, Message& answer, u64 event) {
  if (answer.head.length != kRegisterWords) [[unlikely]] {
    detail::keep_long_words(answer);
  } else if (u64 error = answer.head.words.w[0]; error != 0) [[unlikely]] {
    return Error(error);
  }
  call.answered = event;
  return kSuccess;
}

inline bool is_answered(Token token) {
  u64 answered = exchange().calls[token.raw].answered;
  return answered != 0 && answered <= current_event();
}

inline void free_place(Token token) {
  exchange().calls[token.raw].taken = 0;
  local.used_places &= ~bit_of(token);
}

/// The answer has arrived. Those to calls that a vault intended are kept until its next one.
inline void forget_call(Token token) {
  if (exchange().calls[token.raw].name.is_intended()) [[unlikely]]
    return detail::keep_for_session(token);
  free_place(token);
}

/// The same for the call in progress: the next one gets its place, as it is. An answer that has arrived does no harm there.
inline void forget_current(Token token) {
  if (local.spare != kNoToken || exchange().calls[token.raw].name.is_intended()) [[unlikely]]
    return forget_call(token);
  local.spare = token;
}

}  // namespace pith::vault
