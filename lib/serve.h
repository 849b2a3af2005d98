// The loop of a server that commits after it has answered, has deadlines, and looks after a device between calls.
#pragma once
#include "lib/ipc/server.h"

namespace pith {

/// What such a server adds to its generated base class.
/// The order is: handle a call, answer it, `answered()`, `idle()`, receive. A crash before the answer lets the kernel deliver the same call to the next
/// instance; `answered()` makes final what must not happen twice, with one store if it can. Between the answer and that store lie a few instructions.
template <class Service>
concept CommittingService = requires(Service& service, const ipc::Received& received, u64 bits) {
  service.handle(received, Token());
  service.is_deferred(u64{});
  service.on_signals(bits);                    // of the notification bound to the thread
  service.answered();                          // the call has its answer
  service.idle();                              // before each receive, whatever came
  { service.deadline() } -> std::same_as<u64>; // when idle() is wanted without a message, nanoseconds since boot; 0: never
};

template <CommittingService Service>
[[noreturn]] void serve_committing(Service& service, CapabilitySlot endpoint) {
  for (;;) {
    service.idle();
    ipc::Received received = ipc::receive(endpoint, service.deadline());
    if (!received.ok()) {
      // Any other error: the endpoint cannot be received from, which is not ours to repair.
      if (received.error() != Error::Cancelled && received.error() != Error::TimedOut) __builtin_trap();
      continue;
    }
    if (received.status.is_signals()) {
      service.on_signals(received.words.w[0]);
      continue;
    }
    if constexpr (requires { service.on_fault(received); }) {
      // A fault's words are no call; whoever takes faults ends the thread or answers.
      if (received.status.is_fault()) {
        service.on_fault(received);
        (void)ipc::set_aside(endpoint);  // an error means that the thread is gone
        continue;
      }
    }
    if (service.is_deferred(received.words.w[0])) {
      // Set aside first: the handler may answer at once through the token.
      Result<u64> token = ipc::set_aside(endpoint);
      if (!token) continue;  // the caller is gone
      ipc::Answer answer = service.handle(received, Token(*token));
      if (answer.length != 0) (void)ipc::reply_token(endpoint, *token, answer.words);
      continue;
    }
    ipc::Answer answer = service.handle(received, Token());
    (void)ipc::reply_message(endpoint, answer.words, answer.length);  // an error means that the caller is gone
    service.answered();
  }
}

}  // namespace pith
