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

CallName name_of(const ipc::Received& received) { return {received.words.w[0] >> ipc::kNumberShift, received.status.badge().raw}; }

}  // namespace

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
  while (left_ != 0) {
    left_--;
    wait();
    take();
    finish_step();
  }
}

/// Sends the answer to the call in progress, if there is one by now, and takes the next message.
void Loop::wait() {
  u64 deadline = wants_.has_deadline ? hooks_.deadline() : 0;
  const ipc::Answer* answer = std::exchange(answer_, nullptr);
  note_idle();
  ipc::beat();
  bool is_received = false;
  if (answer != nullptr) {
    if (answer->length == kRegisterWords && deadline == 0) [[likely]] {
      new (&received_) ipc::Received(ipc::reply_receive(endpoint_, answer->words));
      is_received = received_.ok();
    } else {
      (void)ipc::reply_message(endpoint_, answer->words, answer->length);
    }
    // An error may mean that the caller is gone; its call is done all the same.
    if (current_ != kNoToken) forget_call(std::exchange(current_, kNoToken));
  }
  if (!is_received) new (&received_) ipc::Received(ipc::receive(endpoint_, deadline));
}

void Loop::take() {
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
  if (ipc::Server::is_among(wants_.reads, received_.words.w[0])) return read();
  current_ = find_call(name);
  if (current_ != kNoToken) [[unlikely]]
    return;  // delivered again: answered, or still waiting
  begin_event();
  if (Error error = run_method(name, received_, current_); error != kSuccess) [[unlikely]] {
    take_back_event();
    return refuse(error);
  }
  commit_event();
  may_retry_ = is_made_ = true;
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

/// A call's part of an event, and with it the answer that it gives. Errors: of one that is to be taken back, because it failed, or answers
/// an error.
inline Error Loop::run_method(const CallName& name, const ipc::Received& received, Token& token) {
  Result<Token> place = take_call(name);
  if (!place) [[unlikely]]
    return place.error();
  token = *place;
  if (ipc::Server::is_among(wants_.deferred, received.words.w[0])) return run_deferred(received, token);
  new (&exchange().answers[token.raw].head) ipc::Answer(server_.handle(received, token));  // in its place, without a copy
  return keep_answer(token);
}

/// The method may have answered through the token.
Error Loop::run_deferred(const ipc::Received& received, Token token) {
  ipc::Answer answer = server_.handle(received, token);
  if (answer.length == 0) return kSuccess;
  if (answer.length == kRegisterWords && answer.words.w[0] != 0) return Error(answer.words.w[0]);
  answer_call(token, answer);
  return kSuccess;
}

/// Such a call is run again when it is delivered again.
void Loop::read() {
  begin_read();
  new (&unkept_) ipc::Answer(server_.handle(received_, kNoToken));
  end_read();
  answer_ = &unkept_;
}

/// To the call in progress, which has left nothing behind.
void Loop::refuse(Error error) {
  current_ = kNoToken;
  if (take_parked()) return park_call();
  unkept_ = ipc::Answer::status(error);
  answer_ = &unkept_;
}

void Loop::park_call() {
  Result<u64> token = ipc::set_aside(endpoint_);
  if (!token) return;  // the caller is gone
  if (Result<void> parked = parked_.add(received_, *token); !parked) (void)ipc::reply_token(endpoint_, *token, {{u64(parked.error())}});
}

void Loop::finish_step() {
  if (local.is_unsettled || wants_.has_turns || parked_.count() != 0) settle();
  if (current_ != kNoToken) finish_call();
}

template <class F>
Result<void> Loop::run_event(F&& handler) {
  Result<void> result = vault::run_event(handler);
  if (result) may_retry_ = true;
  return result;
}

/// Until nothing is left to be done but to wait.
void Loop::settle() {
  is_made_ = false;
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
  local.is_unsettled = false;
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
    received = ipc::call_message(intent.target, intent.message.head.words, intent.message.head.length);
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
  Result<void> result = run_event([&]() -> Result<void> { return run_method(name, call.received, token); });
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
    (void)ipc::reply_token(endpoint_, kernel_tokens_[token.raw], answer_of(token).words);
    attached_ &= ~bit_of(token);
    forget_call(token);
  }
}

/// The call in progress has its answer, or waits for it beside the others.
inline void Loop::finish_call() {
  bool is_made = std::exchange(is_made_, false);
  if (is_answered(current_)) [[likely]] {
    answer_ = is_made ? &exchange().answers[current_.raw].head : &answer_of(current_);
  } else if (Result<u64> kernel_token = ipc::set_aside(endpoint_)) {
    attach(std::exchange(current_, kNoToken), *kernel_token);
  } else {
    current_ = kNoToken;
  }
}

}  // namespace pith::vault
