// The same services without a vault, for comparison: compiled without the undo log, state in ordinary memory, intended calls made at once.
#pragma once
#include "lib/vault/exchange.h"

namespace pith::plain {

/// The call that the method in progress has intended, and its answer.
struct Intended {
  bool is_there;
  u64 then;
  ipc::Received answer;
};
extern Intended intended;

template <class Service>
[[noreturn]] void serve(Service& service, CapabilitySlot endpoint) {
  ipc::Received call = ipc::receive(endpoint, 0);
  for (;;) {
    intended.is_there = false;
    ipc::Answer answer = service.handle(call, Token());
    if (intended.is_there) answer = service.answered(intended.then, intended.answer);
    if (answer.length <= kRegisterWords) {
      call = ipc::reply_receive(endpoint, answer.words);
    } else {
      (void)ipc::reply_message(endpoint, answer.words, answer.length);
      call = ipc::receive(endpoint, 0);
    }
    while (!call.ok()) call = ipc::receive(endpoint, 0);
  }
}

}  // namespace pith::plain
