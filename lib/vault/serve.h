// The loop of a transactional server: each call is an event, and what it causes outside happens when that is final.
#pragma once
#include "lib/vault/parking.h"
#include "lib/vault/transactional.h"

namespace pith::vault {

/// One for each instance. It stores nothing in the vault itself, and is compiled without the undo log.
class Loop {
 public:
  Loop(ipc::Server& server, Hooks& hooks, CapabilitySlot endpoint) : server_(server), hooks_(hooks), endpoint_(endpoint) {}

  /// First of all: what the instance before had intended and not performed, or not noted.
  void resume();
  /// Waits for one message and does what it asks for, and everything that comes of it.
  void step();

 private:
  ipc::Received wait();
  void take(const ipc::Received& received);
  void settle();
  void perform(const Intent& intent);
  bool retry_parked();
  void deliver(u64 answered);
  void finish_current();
  void forget_answered();
  void answer_with(Error error);
  void attach(Token token, u64 kernel_token);
  Result<void> run_call(const CallName& name, const ipc::Received& received, Token& token, ipc::Answer& answer);
  template <class F>
  Result<void> run(F&& handler);

  ipc::Server& server_;
  Hooks& hooks_;
  CapabilitySlot endpoint_;
  Token current_ = kNoToken;  // of the call in progress
  ipc::Answer answer_ = {};   // to it
  u64 event_ = 0;             // that made it
  Token answered_ = kNoToken;
  bool has_answer_ = false;
  bool may_retry_ = false;
  u64 attached_ = 0;  // calls that this instance has set aside
  u64 kernel_tokens_[kMostCalls] = {};
  ParkedCalls parked_;
};

/// What a program does once its state is open.
template <class Service>
[[noreturn]] void serve(Service& service, CapabilitySlot endpoint) {
  Loop loop(service, service, endpoint);
  loop.resume();
  for (;;) loop.step();
}

}  // namespace pith::vault
