// Calls, answers and intents, each marked with the event that makes it count.
#include "lib/vault/exchange.h"

#include <cstring>
#include <utility>

#include "abi/error.h"
#include "lib/vault/calls.h"
#include "lib/vault/progress.h"

namespace pith::vault {

namespace {

bool is_final(u64 event) { return event != 0 && event <= current_event(); }

usize long_bytes(const Message& message) {
  return message.head.length > kRegisterWords ? (message.head.length - kRegisterWords) * sizeof(u64) : 0;
}

Result<Intent*> new_intent() {
  Round& now = change_round();
  if (now.intended - now.performed == kMostIntents) return Error::Limit;
  Intent& intent = exchange().intents[now.intended++ % kMostIntents];
  intent.token = local.event_token;
  local.is_unsettled = true;
  return &intent;
}

/// An answer that nobody has asked for again since the instance that gave it died has arrived, or its caller is gone: the oldest.
void free_oldest_answer() {
  u32 oldest = kMostCalls;
  for (u32 place = 0; place < kMostCalls; place++) {
    const Call& call = exchange().calls[place];
    bool is_old = is_final(call.answered) && !call.name.is_intended() && !(local.fresh_answers >> place & 1);
    if (is_old && (oldest == kMostCalls || call.answered < exchange().calls[oldest].answered)) oldest = place;
  }
  if (oldest != kMostCalls) free_place(Token(oldest));
}

}  // namespace

bool is_exchange_sound() {
  u64 last = current_event();
  for (const Call& call : exchange().calls) {
    if (call.taken == 0 || call.taken == last + 1) continue;  // free, or of the event that was taken back: perhaps half written
    bool is_answer_in_order = call.answered == 0 || (call.answered >= call.taken && call.answered <= last + 1);
    if (call.taken > last || call.name.session >= kSessions || !is_answer_in_order) return false;
  }
  for (const Message& answer : exchange().answers) {
    if (answer.head.length > kMessageWords) return false;
  }
  const Round& left = round();
  if (left.event > last) return false;
  if (left.intended - left.performed > kMostIntents) return false;
  for (u64 i = left.performed; i != left.intended; i++) {
    const Intent& intent = exchange().intents[i % kMostIntents];
    if (intent.kind > Intent::Kind::Call || intent.message.head.length > kMessageWords) return false;
    if (intent.token != kNoToken && intent.token.raw >= kMostCalls) return false;
  }
  return true;
}

void clear_exchange() {
  memset(static_cast<void*>(&exchange()), 0, sizeof(Exchange));
  local.round = nullptr;
}

Round& round() {
  if (local.round == nullptr) {
    Round(&rounds)[2] = exchange().rounds;
    u64 event = current_event();
    bool is_second = rounds[1].event <= event && (rounds[1].event > rounds[0].event || rounds[0].event > event);
    local.round = &rounds[is_second];
  }
  return *local.round;
}

Round& change_round() {
  Round& now = round();
  if (now.event == current_event()) return now;
  Round& next = exchange().rounds[&now == &exchange().rounds[0]];
  next.event = current_event();
  asm volatile("" ::: "memory");  // half written it is the one of an event that is not final
  next.performed = now.performed;
  next.intended = now.intended;
  next.calls = now.calls;
  return *(local.round = &next);
}

void discard_after(u64 last) {
  local.is_unfinished = false;
  local.used_places = 0;
  memset(local.kept_for, 0, sizeof local.kept_for);
  for (Round& one : exchange().rounds) {
    if (one.event > last) one.event = 0;
  }
  for (u32 place = 0; place < kMostCalls; place++) {
    Call& call = exchange().calls[place];
    if (call.taken > last) call.taken = 0;
    if (call.taken == 0 || call.answered > last) call.answered = 0;
    if (call.taken == 0) continue;
    local.used_places |= u64{1} << place;
    if (call.answered != 0 && call.name.is_intended()) detail::keep_for_session(Token(place));
  }
  local.fresh_answers = 0;
  local.spare = kNoToken;
  local.round = nullptr;
}

bool may_wait(u32 session) {
  if (__builtin_popcountll(local.used_places) < int(kMostOfSession)) return true;
  u32 count = 0;
  for (const Call& call : exchange().calls) count += call.taken != 0 && call.answered == 0 && call.name.session == session;
  return count < kMostOfSession;
}

Token detail::search_call(CallName name) {
  for (u32 place = 0; name.number() != 0 && place < kMostCalls; place++) {
    const Call& call = exchange().calls[place];
    if (is_final(call.taken) && call.name == name) return Token(place);
  }
  return kNoToken;
}

/// The newest of the answers to calls that a session's vault intended is the one that may be asked for again.
void detail::keep_for_session(Token token) {
  const Call& call = exchange().calls[token.raw];
  u8& kept = local.kept_for[call.name.session];
  if (kept == token.raw + 1) return;
  u64 older = token.raw;
  if (kept == 0 || exchange().calls[kept - 1].answered < call.answered) {
    older = kept - u64{1};
    kept = u8(token.raw + 1);
  }
  if (older < kMostCalls) free_place(Token(older));
}

Result<Token> detail::find_place() {
  if (local.used_places == kAllPlaces) free_oldest_answer();
  if (local.used_places == kAllPlaces) return Error::Busy;
  Token token(u64(__builtin_ctzll(~local.used_places)));
  local.used_places |= bit_of(token);
  return token;
}

void detail::keep_long_words(Message& message) { memcpy(message.rest, ipc::message_buffer().words + kRegisterWords, long_bytes(message)); }

void answer_call(Token token, const ipc::Answer& answer) {
  Call& call = exchange().calls[token.raw];
  if (token.raw >= kMostCalls || call.taken == 0 || call.answered != 0) __builtin_trap();  // the service has mixed up its tokens
  Message& kept = exchange().answers[token.raw];
  kept.head = answer;
  detail::keep_long_words(kept);
  call.answered = current_event();
  local.fresh_answers |= bit_of(token);
  local.is_unsettled = true;
}

const ipc::Answer& answer_of(Token token) {
  const Message& answer = exchange().answers[token.raw];
  restore_long_words(answer);
  return answer.head;
}

u64 take_fresh_answers() { return std::exchange(local.fresh_answers, 0); }

void restore_long_words(const Message& message) { memcpy(ipc::message_buffer().words + kRegisterWords, message.rest, long_bytes(message)); }

Result<void> intend_signal(CapabilitySlot notification, u64 bits) {
  Intent& intent = *TRY(new_intent());
  intent.kind = Intent::Kind::Signal;
  intent.target = notification;
  intent.message.head = {{{bits}}};
  return {};
}

Result<void> intend_call(CapabilitySlot endpoint, const Words& words, u32 length, u64 then) {
  if (length < kRegisterWords || length > kMessageWords) return Error::BadArgument;
  Intent& intent = *TRY(new_intent());
  intent.kind = Intent::Kind::Call;
  intent.target = endpoint;
  intent.then = then;
  intent.message.head = {words, length};
  intent.message.head.words.w[0] |= (ipc::kIntended | ++round().calls) << ipc::kNumberShift;
  detail::keep_long_words(intent.message);
  return {};
}

}  // namespace pith::vault
