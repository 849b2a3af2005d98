// Takes messages, runs events, and lets out what they have caused.
#include "lib/vault/serve.h"

#include <new>
#include <utility>

#include "abi/error.h"
#include "abi/kernel.h"
#include "lib/ipc/pulse.h"
#include "lib/vault/event.h"
#include "lib/vault/ladder.h"

namespace pith::vault {

namespace {

CallName name_of(const ipc::Received& received) { return {received.words.w[0] >> ipc::kNumberShift, received.status.badge().raw}; }

}  // namespace

void Loop::resume() {
  settle();
  exchange().trouble.is_up = true;
}

void Loop::step() {
  ipc::Received received = wait();
  if (!received.ok()) {
    // Any other error: the endpoint cannot be received from, which is not ours to repair.
    if (received.error() != Error::Cancelled && received.error() != Error::TimedOut) __builtin_trap();
  } else if (received.status.is_signals()) {
    set_current({});
    (void)run([&]() -> Result<void> {
      hooks_.on_signals(received.words.w[0]);
      return {};
    });
  } else {
    take(received);
  }
  settle();
  if (current_ != kNoToken) finish_current();
}

/// Sends the answer to the call in progress, if there is one by now.
ipc::Received Loop::wait() {
  u64 deadline = hooks_.deadline();
  bool has_answer = std::exchange(has_answer_, false);
  note_idle();
  ipc::beat();
  if (has_answer && deadline == 0 && answer_.length <= kRegisterWords) {
    ipc::Received received = ipc::reply_receive(endpoint_, answer_.words);
    forget_answered();
    // An error may mean that the caller is gone; its call is done all the same.
    if (received.ok()) return received;
  } else if (has_answer) {
    (void)ipc::reply_message(endpoint_, answer_.words, answer_.length);
    forget_answered();
  }
  return ipc::receive(endpoint_, deadline);
}

void Loop::forget_answered() {
  if (answered_ != kNoToken) forget_call(std::exchange(answered_, kNoToken));
}

/// To the call in progress, which has left nothing behind.
void Loop::answer_with(Error error) {
  answer_ = ipc::Answer::status(error);
  has_answer_ = true;
}

void Loop::take(const ipc::Received& received) {
  CallName name = name_of(received);
  if (name.session >= kSessions) return answer_with(Error::Limit);
  event_ = 0;
  current_ = find_call(name);
  if (current_ != kNoToken) return;  // delivered again: answered, or still waiting
  if (Error error = verdict_on(name); error != kSuccess) return answer_with(error);
  Result<void> result = run_call(name, received, current_, answer_);
  if (result) {
    event_ = answer_.length != 0 ? current_event() : 0;  // else the answer may have been given through the token
    return;
  }
  current_ = kNoToken;
  if (!take_parked()) return answer_with(result.error());
  Result<u64> token = ipc::set_aside(endpoint_);
  if (!token) return;  // the caller is gone
  if (Result<void> parked = parked_.add(received, *token); !parked) (void)ipc::reply_token(endpoint_, *token, {{u64(parked.error())}});
}

/// One event, and with it the answer that it gives. Errors: of one that was taken back, because it failed, or answers an error.
Result<void> Loop::run_call(const CallName& name, const ipc::Received& received, Token& token, ipc::Answer& answer) {
  set_current(name);
  return run([&]() -> Result<void> {
    token = TRY(take_call(name));
    new (&answer) ipc::Answer(server_.handle(received, token));  // in its place, without a copy
    if (answer.length == 0) return {};
    if (answer.length == kRegisterWords && answer.words.w[0] != 0) return Error(answer.words.w[0]);
    answer_call(token, answer);
    return {};
  });
}

template <class F>
Result<void> Loop::run(F&& handler) {
  Result<void> result = run_event(handler);
  if (result) may_retry_ = true;
  return result;
}

/// Until nothing is left to be done but to wait.
void Loop::settle() {
  for (;;) {
    while (round().performed != round().intended) perform(exchange().intents[round().performed % kMostIntents]);
    if (hooks_.look()) may_retry_ = true;
    if (hooks_.is_due()) {
      set_current({});
      Result<void> advanced = run([&]() -> Result<void> {
        hooks_.advance();
        return {};
      });
      if (advanced) continue;
    }
    if (parked_.count() == 0 || !std::exchange(may_retry_, false) || !retry_parked()) break;
  }
  if (u64 answered = take_fresh_answers() & attached_; answered != 0) deliver(answered);
}

/// The effect, and the event that takes note of it.
void Loop::perform(const Intent& intent) {
  if (intent.kind == Intent::Kind::Signal) {
    (void)kernel::Notification{intent.target}.signal(intent.message.words[0]);
    round().performed++;
    return;
  }
  Token token = intent.token;
  u64 then = intent.then;
  CallName origin = token == kNoToken ? CallName{} : exchange().calls[token.raw].name;
  Error verdict = verdict_on(origin);
  ipc::Received received{};
  if (verdict == kSuccess) {
    ipc::Answer call = answer_from(intent.message);
    received = ipc::call_message(intent.target, call.words, call.length);
  }
  auto note = [&](auto&& make_answer) {
    return run([&]() -> Result<void> {
      round().performed++;
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
  Token token = kNoToken;
  ipc::Answer answer;
  Result<void> result = run_call(name_of(call.received), call.received, token, answer);
  if (!result && take_parked()) return false;
  parked_.remove_first();
  if (result) {
    attach(token, kernel_token);
  } else {
    (void)ipc::reply_token(endpoint_, kernel_token, {{u64(result.error())}});
  }
  return true;
}

void Loop::attach(Token token, u64 kernel_token) {
  kernel_tokens_[token.raw] = kernel_token;
  attached_ |= u64{1} << token.raw;
}

/// Answers to calls that were set aside.
void Loop::deliver(u64 answered) {
  for (u64 rest = answered; rest != 0; rest &= rest - 1) {
    Token token(u64(__builtin_ctzll(rest)));
    (void)ipc::reply_token(endpoint_, kernel_tokens_[token.raw], answer_of(token).words);
    attached_ &= ~(u64{1} << token.raw);
    forget_call(token);
  }
}

/// The call in progress has its answer, or waits for it beside the others.
void Loop::finish_current() {
  Token token = std::exchange(current_, kNoToken);
  if (is_answered(token)) {
    // Of the last event it is where it was made.
    if (event_ != current_event()) answer_ = answer_of(token);
    answered_ = token;
    has_answer_ = true;
  } else if (Result<u64> kernel_token = ipc::set_aside(endpoint_)) {
    attach(token, *kernel_token);
  }
}

}  // namespace pith::vault
