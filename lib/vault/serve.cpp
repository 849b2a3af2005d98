// Takes messages, runs events, and lets out what they have caused.
#include "lib/vault/serve.h"

#include <new>
#include <utility>

#include "abi/error.h"
#include "abi/kernel.h"
#include "lib/ipc/pulse.h"
#include "lib/vault/calls.h"
#include "lib/vault/ladder.h"
#include "lib/vault/progress.h"

namespace pith::vault {

namespace {

CallName name_of(const ipc::Received& received) { return {received.words.w[0], received.status.badge().raw}; }

}  // namespace

Loop::Loop(ipc::Server& server, Hooks& hooks, CapabilitySlot endpoint, Wants wants)
    : server_(server), hooks_(hooks), endpoint_(endpoint), wants_(wants), reply_receive_(Handle::reply_receive(endpoint)) {}

void Loop::resume() {
  settle();
  exchange().trouble.is_up = true;
}

void Loop::run(u64 count) {
  left_ = count;
  std::jmp_buf aborted;
  if (setjmp(aborted) != 0) {  // in the event of a call
    take_back_event();
    refuse(local.abort_reason);
    finish_step();
  }
  local.aborted = &aborted;
  take_messages();
}

[[gnu::noinline]] void Loop::take_messages() {
  while (left_ != 0) {
    left_--;
    wait();
    take();
    if (local.is_unsettled || answer_ == nullptr) [[unlikely]]
      finish_step();
  }
}

/// Sends the answer to the call in progress, if there is one by now, and takes the next message.
[[gnu::always_inline]] inline void Loop::wait() {
  const ipc::Answer* answer = std::exchange(answer_, nullptr);
  ipc::beat();
  if (answer == nullptr || answer->length != kRegisterWords || wants_.has_deadline) [[unlikely]]
    return wait_otherwise(answer);
  new (&received_) ipc::Received(ipc::enter(reply_receive_, answer->words));
  note_idle();
  if (current_ != kNoToken) forget_current(std::exchange(current_, kNoToken));
  // An error may mean that the caller is gone; its call is done all the same.
  if (!received_.ok()) [[unlikely]]
    received_ = ipc::receive(endpoint_, 0);
}

void Loop::wait_otherwise(const ipc::Answer* answer) {
  u64 deadline = wants_.has_deadline ? hooks_.deadline() : 0;
  bool is_received = false;
  if (answer != nullptr && answer->length == kRegisterWords && deadline == 0) {
    received_ = ipc::enter(reply_receive_, answer->words);
    is_received = received_.ok();
  } else if (answer != nullptr) {
    (void)ipc::reply_message(endpoint_, answer->words, answer->length);
  }
  if (current_ != kNoToken) forget_current(std::exchange(current_, kNoToken));
  if (!is_received) received_ = ipc::receive(endpoint_, deadline);
  note_idle();
}

/// Such a call is run again when it is delivered again.
[[gnu::always_inline]] inline void Loop::read() {
  begin_read();
  new (&unkept_.head) ipc::Answer(server_.handle(received_, kNoToken));
  end_read();
  answer_ = &unkept_.head;
}

[[gnu::always_inline]] inline void Loop::take() {
  if (!received_.ok() || received_.status.is_signals()) [[unlikely]]
    return take_other();
  CallName name = name_of(received_);
  if (name.session >= kSessions) [[unlikely]]
    return refuse(Error::Limit);
  if (Error verdict = verdict_on(name); verdict != kSuccess) [[unlikely]] {
    current_ = find_call(name);
    if (current_ == kNoToken) refuse(verdict);
    return;
  }
  set_current(name);
  if (wants_.is_special(received_.words.w[0]))
    return ipc::Server::is_among(wants_.reads, received_.words.w[0]) ? read() : take_deferred(name);
  if (Token known = find_call(name); known != kNoToken) [[unlikely]] {
    current_ = known;  // delivered again: answered, or still waiting
    return;
  }
  u64 event = begin_event();
  Result<const ipc::Answer*> answer = run_plain(name, event, received_, current_);
  if (!answer) [[unlikely]] {
    take_back_event();
    return refuse(answer.error());
  }
  commit_event(event);
  may_retry_ = true;
  answer_ = *answer;
}

/// A call's part of an event, and with it the answer that it gives. Errors: of one that is to be taken back, because it failed, or answers
/// an error.
[[gnu::always_inline]] inline Result<const ipc::Answer*> Loop::run_plain(CallName name, u64 event, const ipc::Received& received,
                                                                         Token& token) {
  Result<Token> place = take_call(name, event);
  if (!place) [[unlikely]]
    return place.error();
  token = *place;
  Message& answer = exchange().answers[place->raw];
  new (&answer.head) ipc::Answer(server_.handle(received, *place));  // in its place, without a copy
  if (Error error = keep_answer(exchange().calls[place->raw], answer, event); error != kSuccess) [[unlikely]]
    return error;
  return &answer.head;
}

void Loop::take_other() {
  if (received_.ok()) {
    set_current({});
    (void)run_event([&]() -> Result<void> {
      hooks_.on_signals(received_.words.w[0]);
      return {};
    });
  } else if (received_.error() != Error::Cancelled && received_.error() != Error::TimedOut) {
    __builtin_trap();  // the endpoint cannot be received from, which is not ours to repair
  }
}

void Loop::take_deferred(CallName name) {
  current_ = find_call(name);
  if (current_ != kNoToken) return;
  u64 event = begin_event();
  if (Error error = run_deferred(name, event, received_, current_); error != kSuccess) {
    take_back_event();
    return refuse(error);
  }
  commit_event(event);
  may_retry_ = true;
}

/// The same for a method that may have answered through the token. Errors: Busy when too many calls of its session wait.
Error Loop::run_deferred(CallName name, u64 event, const ipc::Received& received, Token& token) {
  if (!may_wait(name.session)) return Error::Busy;
  Result<Token> place = take_call(name, event);
  if (!place) return place.error();
  token = *place;
  ipc::Answer answer = server_.handle(received, token);
  if (answer.length == 0) return kSuccess;
  if (answer.length == kRegisterWords && answer.words.w[0] != 0) return Error(answer.words.w[0]);
  answer_call(token, answer);
  return kSuccess;
}

/// To the call in progress, which has left nothing behind.
void Loop::refuse(Error error) {
  current_ = kNoToken;
  if (take_parked()) return park_call();
  unkept_.head = ipc::Answer::status(error);
  answer_ = &unkept_.head;
}

void Loop::park_call() {
  Result<u64> token = ipc::set_aside(endpoint_);
  if (!token) return;  // the caller is gone
  local.is_unsettled = true;
  if (Result<void> parked = parked_.add(received_, *token); !parked) (void)ipc::reply_token(endpoint_, *token, {{u64(parked.error())}});
}

void Loop::finish_step() {
  bool is_long = answer_ == &unkept_.head && unkept_.head.length > kRegisterWords;
  if (is_long) detail::keep_long_words(unkept_);
  if (local.is_unsettled) settle();
  if (is_long) restore_long_words(unkept_);
  if (current_ != kNoToken) finish_call();
}

/// The call in progress has its answer, or waits for it beside the others.
void Loop::finish_call() {
  if (is_answered(current_)) {
    answer_ = &answer_of(current_);
  } else if (Result<u64> kernel_token = ipc::set_aside(endpoint_)) {
    attach(std::exchange(current_, kNoToken), *kernel_token);
  } else {
    current_ = kNoToken;
  }
}

template <class F>
Result<void> Loop::run_event(F&& handler) {
  Result<void> result = vault::run_event(handler);
  if (result) may_retry_ = true;
  return result;
}

/// Until nothing is left to be done but to wait.
void Loop::settle() {
  if (current_ != kNoToken) local.fresh_answers |= bit_of(current_);  // no other call may have its place
  for (;;) {
    while (round().performed != round().intended) perform(exchange().intents[round().performed % kMostIntents]);
    if (hooks_.look()) may_retry_ = true;
    if (hooks_.is_due()) {
      set_current({});
      Result<void> advanced = run_event([&]() -> Result<void> {
        hooks_.advance();
        return {};
      });
      if (advanced) continue;
    }
    if (parked_.count() == 0 || !std::exchange(may_retry_, false) || !retry_parked()) break;
  }
  local.is_unsettled = wants_.has_turns || parked_.count() != 0;
  if (u64 answered = take_fresh_answers() & attached_; answered != 0) deliver(answered);
}

/// The effect, and the event that takes note of it.
void Loop::perform(const Intent& intent) {
  if (intent.kind == Intent::Kind::Signal) {
    (void)kernel::Notification{intent.target}.signal(intent.message.head.words.w[0]);
    round().performed++;
    return;
  }
  Token token = intent.token;
  u64 then = intent.then;
  CallName origin = token == kNoToken ? CallName{} : exchange().calls[token.raw].name;
  Error verdict = verdict_on(origin);
  ipc::Received received{};
  if (verdict == kSuccess) {
    restore_long_words(intent.message);
    received = ipc::call_for_bytes(intent.target, intent.message.head.words, intent.message.head.length);
  }
  auto note = [&](auto&& make_answer) {
    return run_event([&]() -> Result<void> {
      change_round().performed++;
      ipc::Answer answer = make_answer();
      if (answer.length != 0 && token != kNoToken) answer_call(token, answer);
      return {};
    });
  };
  set_current(origin);
  Result<void> noted = verdict;
  if (verdict == kSuccess) noted = note([&] { return hooks_.answered(then, received); });
  // What the service cannot make of an answer is not asked of it twice.
  if (!noted) (void)note([&] { return ipc::Answer::status(noted.error()); });
}

/// Whether one of them could go on.
bool Loop::retry_parked() {
  const ParkedCalls::Parked& call = parked_.first();
  u64 kernel_token = call.token;
  CallName name = name_of(call.received);
  Token token = kNoToken;
  set_current(name);
  bool is_special = wants_.is_special(call.received.words.w[0]);
  Result<void> result = run_event([&]() -> Result<void> {
    u64 event = current_event();
    return is_special ? run_deferred(name, event, call.received, token) : run_plain(name, event, call.received, token).error();
  });
  if (!result && take_parked()) return false;
  parked_.remove_first();
  if (result) {
    attach(token, kernel_token);
    local.fresh_answers |= bit_of(token);
  } else {
    (void)ipc::reply_token(endpoint_, kernel_token, {{u64(result.error())}});
  }
  return true;
}

void Loop::attach(Token token, u64 kernel_token) {
  kernel_tokens_[token.raw] = kernel_token;
  attached_ |= bit_of(token);
}

/// Answers to calls that were set aside; some may have none yet.
void Loop::deliver(u64 answered) {
  for (u64 rest = answered; rest != 0; rest &= rest - 1) {
    Token token(u64(__builtin_ctzll(rest)));
    if (!is_answered(token)) continue;
    attached_ &= ~bit_of(token);
    const ipc::Answer& answer = answer_of(token);
    if (answer.length > kRegisterWords) {
      // Too long for a token: it stays in its place, and the caller comes for it with the same call (ipc::call_for_bytes).
      (void)ipc::reply_token(endpoint_, kernel_tokens_[token.raw], {{u64(Error::Again)}});
      continue;
    }
    (void)ipc::reply_token(endpoint_, kernel_tokens_[token.raw], answer.words);
    forget_call(token);
  }
}

}  // namespace pith::vault
