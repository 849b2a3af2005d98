// Calls, answers and intents, each marked with the event that makes it count.
#include "lib/vault/exchange.h"

#include <cstring>
#include <utility>

#include "abi/error.h"
#include "lib/vault/event.h"
#include "lib/vault/local.h"

namespace pith::vault {

namespace {

constexpr u64 kAllPlaces = (u64{1} << kMostCalls) - 1;

bool is_intended(u64 number) { return number & ipc::kIntended; }
bool is_final(u64 event) { return event != 0 && event <= current_event(); }

void keep(Message& message, const Words& words, u32 length) {
  message.length = length;
  memcpy(message.words, words.w, sizeof words.w);
  if (length > kRegisterWords)
    memcpy(message.words + kRegisterWords, ipc::message_buffer().words + kRegisterWords, (length - kRegisterWords) * sizeof(u64));
}

Result<Intent*> new_intent() {
  Round& now = round();
  if (now.intended - now.performed == kMostIntents) return Error::Limit;
  Intent& intent = exchange().intents[now.intended++ % kMostIntents];
  intent.token = local.event_token;
  return &intent;
}

void free_place(u32 place) {
  exchange().calls[place].taken = 0;
  local.used_places &= ~(u64{1} << place);
}

/// The newest of the answers to calls that a session's vault intended is the one that may be asked for again.
void keep_for_session(u32 place) {
  Call& call = exchange().calls[place];
  u8& kept = local.kept_for[call.name.session];
  if (kept == place + 1) return;
  u32 older = place;
  if (kept == 0 || exchange().calls[kept - 1].answered < call.answered) {
    older = kept - 1u;
    kept = u8(place + 1);
  }
  if (older < kMostCalls) free_place(older);
}

/// What belonged to an event after `last` is gone.
void discard_after(u64 last) {
  local.used_places = 0;
  memset(local.kept_for, 0, sizeof local.kept_for);
  for (u32 place = 0; place < kMostCalls; place++) {
    Call& call = exchange().calls[place];
    if (call.taken > last) call.taken = 0;
    if (call.taken == 0 || call.answered > last) call.answered = 0;
    if (call.taken == 0) continue;
    local.used_places |= u64{1} << place;
    if (call.answered != 0 && is_intended(call.name.number)) keep_for_session(place);
  }
  local.fresh_answers = 0;
}

/// An answer that nobody has asked for again since the instance that gave it died has arrived, or its caller is gone: the oldest.
void free_oldest_answer() {
  u32 oldest = kMostCalls;
  for (u32 place = 0; place < kMostCalls; place++) {
    const Call& call = exchange().calls[place];
    bool is_old = is_final(call.answered) && !is_intended(call.name.number) && !(local.fresh_answers >> place & 1);
    if (is_old && (oldest == kMostCalls || call.answered < exchange().calls[oldest].answered)) oldest = place;
  }
  if (oldest != kMostCalls) free_place(oldest);
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
    if (answer.length > kMessageWords) return false;
  }
  const Round& left = round();
  if (left.intended - left.performed > kMostIntents) return false;
  for (u64 i = left.performed; i != left.intended; i++) {
    const Intent& intent = exchange().intents[i % kMostIntents];
    if (intent.kind > Intent::Kind::Call || intent.message.length > kMessageWords) return false;
    if (intent.token != kNoToken && intent.token.raw >= kMostCalls) return false;
  }
  return true;
}

void clear_exchange() { memset(static_cast<void*>(&exchange()), 0, sizeof(Exchange)); }

Round& round() { return exchange().rounds[current_event() % 2]; }

void detail::begin_round(bool is_unfinished) {
  u64 event = current_event();
  if (is_unfinished) discard_after(event - 1);
  exchange().rounds[event % 2] = exchange().rounds[(event - 1) % 2];
  local.event_token = kNoToken;
}

Token find_call(const CallName& name) {
  u64& newest = exchange().newest[name.session][is_intended(name.number)];
  if (name.number > newest) {
    newest = name.number;
    return kNoToken;
  }
  for (u32 place = 0; name.number != 0 && place < kMostCalls; place++) {
    const Call& call = exchange().calls[place];
    if (is_final(call.taken) && call.name == name) return Token(place);
  }
  return kNoToken;
}

Result<Token> take_call(const CallName& name) {
  if (local.used_places == kAllPlaces) free_oldest_answer();
  if (local.used_places == kAllPlaces) return Error::Busy;
  u32 place = u32(__builtin_ctzll(~local.used_places));
  exchange().calls[place] = {name, current_event(), 0};
  local.used_places |= u64{1} << place;
  return local.event_token = Token(place);
}

void answer_call(Token token, const ipc::Answer& answer) {
  Call& call = exchange().calls[token.raw];
  if (token.raw >= kMostCalls || call.taken == 0 || call.answered != 0) __builtin_trap();  // the service has mixed up its tokens
  keep(exchange().answers[token.raw], answer.words, answer.length);
  call.answered = current_event();
  local.fresh_answers |= u64{1} << token.raw;
}

bool is_answered(Token token) { return is_final(exchange().calls[token.raw].answered); }

ipc::Answer answer_of(Token token) { return answer_from(exchange().answers[token.raw]); }

void forget_call(Token token) {
  if (is_intended(exchange().calls[token.raw].name.number)) return keep_for_session(u32(token.raw));
  free_place(u32(token.raw));
}

u64 take_fresh_answers() { return std::exchange(local.fresh_answers, 0); }

ipc::Answer answer_from(const Message& message) {
  ipc::Answer answer{};
  memcpy(answer.words.w, message.words, sizeof answer.words.w);
  answer.length = message.length;
  if (message.length > kRegisterWords)
    memcpy(ipc::message_buffer().words + kRegisterWords, message.words + kRegisterWords, (message.length - kRegisterWords) * sizeof(u64));
  return answer;
}

Result<void> intend_signal(CapabilitySlot notification, u64 bits) {
  Intent& intent = *TRY(new_intent());
  intent.kind = Intent::Kind::Signal;
  intent.target = notification;
  intent.message.length = kRegisterWords;
  intent.message.words[0] = bits;
  return {};
}

Result<void> intend_call(CapabilitySlot endpoint, const Words& words, u32 length, u64 then) {
  if (length < kRegisterWords || length > kMessageWords) return Error::BadArgument;
  Intent& intent = *TRY(new_intent());
  intent.kind = Intent::Kind::Call;
  intent.target = endpoint;
  intent.then = then;
  keep(intent.message, words, length);
  intent.message.words[0] |= (ipc::kIntended | ++round().calls) << ipc::kNumberShift;
  return {};
}

}  // namespace pith::vault
