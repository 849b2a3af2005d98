// The loop of a transactional server: each call is an event, and what it intends happens when that is final.
#pragma once
#include "abi/error.h"
#include "abi/kernel.h"
#include "lib/vault/event.h"
#include "lib/vault/exchange.h"

namespace pith::vault {

/// What such a server adds to its generated base class. All that it wants to find again lies in the vault, behind `Header`.
template <class Service>
concept TransactionalService = requires(Service& service, const ipc::Received& received, u64 word) {
  { service.handle(received, Token()) } -> std::same_as<ipc::Answer>;  // later(): answered() will answer
  { service.answered(word, received) } -> std::same_as<ipc::Answer>;   // of an intended call; likewise
  service.on_signals(word);                                            // of the notification bound to the thread
};

template <TransactionalService Service>
class Loop {
 public:
  Loop(Service& service, CapabilitySlot endpoint) : service_(service), endpoint_(endpoint) {}

  /// First of all: what the instance before had intended and not performed, or not noted.
  void resume() {
    if (header().intents > kMostIntents || header().performed > header().intents) __builtin_trap();  // no event leaves it so
    (void)perform_intents();
  }

  /// Waits for one message and does what it asks for.
  void step() {
    ipc::beat();
    ipc::Received received = ipc::receive(endpoint_, 0);
    if (received.ok()) return received.status.is_signals() ? take_signals(received.words.w[0]) : take_call(received);
    // Any other error: the endpoint cannot be received from, which is not ours to repair.
    if (received.error() != Error::Cancelled && received.error() != Error::TimedOut) __builtin_trap();
  }

 private:
  void take_signals(u64 bits) {
    (void)run([&] {
      begin();
      service_.on_signals(bits);
      return ipc::Answer::later();
    });
    (void)perform_intents();
  }

  void take_call(const ipc::Received& received) {
    u64 number = received.words.w[0] >> ipc::kNumberShift;
    u32 session = received.status.badge().raw;
    if (session >= kSessions) return reply(ipc::Answer::status(Error::Limit));
    // A call that has had its answer comes again when the instance that gave it died before the caller had it.
    if (const Message* kept = kept_answer(session, number)) return reply(answer_from(*kept));
    Result<ipc::Answer> answer = run([&] {
      begin();
      header().session = session;
      header().number = number;
      return service_.handle(received, Token());
    });
    if (!answer) return reply(ipc::Answer::status(answer.error()));
    ipc::Answer last = perform_intents();
    if (answer->length == 0) *answer = last;
    reply(answer->length != 0 ? *answer : ipc::Answer::status(Error::BadState));  // it promised one
  }

  static void begin() {
    header().intents = 0;
    header().performed = 0;
  }

  static ipc::Answer note_performed() {
    header().performed++;
    return ipc::Answer::later();
  }

  /// One event, and with it the answer that it gives. Errors: of one that was aborted, and has changed nothing.
  template <class F>
  Result<ipc::Answer> run(F&& handler) {
    ipc::Answer answer = ipc::Answer::later();
    TRY(run_event([&]() -> Result<void> {
      answer = handler();
      if (answer.length != 0) keep_answer(answer);
      return {};
    }));
    return answer;
  }

  /// Answers the last of the answers that came of it.
  ipc::Answer perform_intents() {
    ipc::Answer last = ipc::Answer::later();
    while (header().performed < header().intents) {
      Result<ipc::Answer> answer = perform(exchange().intents[header().performed]);
      // What the service cannot make of an answer is not asked of it twice.
      if (!answer)
        answer = run([&] {
          (void)note_performed();
          return ipc::Answer::status(answer.error());
        });
      if (answer->length != 0) last = *answer;
    }
    return last;
  }

  /// The effect, and the event that takes note of it.
  Result<ipc::Answer> perform(const Intent& intent) {
    if (intent.kind == Intent::Kind::Signal) {
      (void)kernel::Notification{intent.target}.signal(intent.message.words[0]);
      return run(note_performed);
    }
    ipc::Answer call = answer_from(intent.message);
    ipc::Received received = ipc::call_message(intent.target, call.words, call.length);
    return run([&] {
      (void)note_performed();
      return service_.answered(intent.then, received);
    });
  }

  /// An error means that the caller is gone; its call is done all the same.
  void reply(const ipc::Answer& answer) { (void)ipc::reply_message(endpoint_, answer.words, answer.length); }

  Service& service_;
  CapabilitySlot endpoint_;
};

}  // namespace pith::vault
