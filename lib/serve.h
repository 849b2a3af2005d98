// The loop of a server that commits after it has answered, has deadlines, and looks after a device between calls.
#pragma once
#include "lib/ipc/server.h"
#include "lib/vault/commit.h"

namespace pith {

/// What such a server adds to its generated base class.
/// The order is: handle a call, answer it and store `commit()`, `idle()`, receive. A crash before the answer lets the kernel deliver the
/// same call to the next instance; answer and commit are one step (lib/vault/commit.h). The program calls complete_interrupted_commit()
/// before it looks at its vault.
template <class Service>
concept CommittingService = requires(Service& service, const ipc::Received& received, u64 bits) {
  service.handle(received, Token());
  service.is_deferred(u64{});
  service.on_signals(bits);                      // of the notification bound to the thread
  { service.commit() } -> std::same_as<Commit>;  // what the answer to the call that was just handled makes final
  service.idle();                                // before each receive, whatever came
  { service.deadline() } -> std::same_as<u64>;   // when idle() is wanted without a message, nanoseconds since boot; 0: never
};

template <CommittingService Service>
[[noreturn]] void serve_committing(Service& service, CapabilitySlot endpoint) {
  for (;;) {
    service.idle();
    ipc::beat();
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
    // An error means that the caller is gone; its call is done all the same.
    (void)invoke_and_commit(Handle::message(u32(Operation::EndpointReplyMessage), endpoint, answer.length, 0).raw, answer.words,
                            service.commit());
  }
}

}  // namespace pith
