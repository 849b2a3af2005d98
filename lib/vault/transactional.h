// What makes a generated base class one of a transactional server.
#pragma once
#include "abi/error.h"
#include "lib/vault/exchange.h"

namespace pith::vault {

/// What a transactional server may do beside its methods.
class Hooks {
 public:
  /// Event: the answer to an intended call is there (`then` as given to intend_call). Gives the answer to the call that it was intended
  /// for; later(): not yet, or there is none.
  virtual ipc::Answer answered(u64 then, const ipc::Received& received) {
    static_cast<void>(then);
    static_cast<void>(received);
    return ipc::Answer::later();
  }
  /// Event: bits of the notification bound to the thread.
  virtual void on_signals(u64 bits) { static_cast<void>(bits); }
  /// Event: something is due that nobody has to ask for, because of the time or of a device.
  virtual void advance() {}
  virtual bool is_due() { return false; }
  /// Nanoseconds since boot at which is_due() should be asked without a message; 0: never.
  virtual u64 deadline() { return 0; }
  /// Between events, before answers leave: devices, by the sequences of lib/vault/commit.h only. Whether calls that are parked should be
  /// tried again.
  virtual bool look() { return false; }

 protected:
  ~Hooks() = default;
};

/// Deriving from Transactional<protocols::NAMEServer> makes each method an event. Answers given later, too, are final with the event that
/// gives them; tokens may be kept in the vault.
template <class Generated>
class Transactional : public Generated, public Hooks {
 public:
  using Generated::Generated;

 protected:
  ~Transactional() = default;
  void reply(Token token, const Words& words) final { answer_call(token, {words}); }
};

}  // namespace pith::vault
