// The loop of a transactional server: each call is an event, and what it causes outside happens when that is final.
#pragma once
#include <type_traits>

#include "lib/vault/parking.h"
#include "lib/vault/transactional.h"

namespace pith::vault {

/// What a service has the loop do beside calling its methods.
struct Wants {
  u32 deferred = ~0u;        ///< Server::kDeferredMethods: their answer may have been given when they return
  u32 reads = 0;             ///< Server::kReadMethods: these are run without an event
  bool has_turns = true;     ///< it has something of its own to do between calls: look(), advance()
  bool has_deadline = true;  ///< and may want to do it without a message

  bool is_special(u64 word) const { return ipc::Server::is_among(deferred | reads, word); }
};

template <class Service>
constexpr Wants wants_of() {
  constexpr bool kLooks = !std::is_same_v<decltype(&Service::look), decltype(&Hooks::look)>;
  constexpr bool kAdvances = !std::is_same_v<decltype(&Service::is_due), decltype(&Hooks::is_due)>;
  return {Service::kDeferredMethods, Service::kReadMethods, kLooks || kAdvances,
          !std::is_same_v<decltype(&Service::deadline), decltype(&Hooks::deadline)>};
}

/// One for each instance. It stores nothing in the vault itself, and is compiled without the undo log.
class Loop {
 public:
  Loop(ipc::Server& server, Hooks& hooks, CapabilitySlot endpoint, Wants wants);

  /// First of all: what the instance before had intended and not performed, or not noted.
  void resume();
  /// `count` times: waits for one message and does what it asks for, and everything that comes of it.
  void run(u64 count);

 private:
  // What each call pays for, in one function; the others are called seldom.
  void take_messages();
  void wait();
  void take();
  void read();
  Result<const ipc::Answer*> run_plain(CallName name, u64 event, const ipc::Received& received, Token& token);

  void wait_otherwise(const ipc::Answer* answer);
  void take_other();
  void take_deferred(CallName name);
  Error run_deferred(CallName name, u64 event, const ipc::Received& received, Token& token);
  void refuse(Error error);
  void park_call();
  void finish_step();
  void finish_call();
  void settle();
  void perform(const Intent& intent);
  bool retry_parked();
  void attach(Token token, u64 kernel_token);
  void deliver(u64 answered);
  template <class F>
  Result<void> run_event(F&& handler);

  ipc::Server& server_;
  Hooks& hooks_;
  CapabilitySlot endpoint_;
  Wants wants_;
  Handle reply_receive_;
  u64 left_ = 0;                         // of the messages to be taken
  ipc::Received received_ = {};          // the message in hand
  Token current_ = kNoToken;             // of the call in progress
  const ipc::Answer* answer_ = nullptr;  // to it
  Message unkept_ = {};                  // an answer that no place keeps
  bool may_retry_ = false;
  u64 attached_ = 0;  // calls that this instance has set aside
  u64 kernel_tokens_[kMostCalls] = {};
  ParkedCalls parked_;
};

/// What a program does once its state is open. `Service` is the class that the object has, not a base of it.
template <class Service>
[[noreturn]] void serve(Service& service, CapabilitySlot endpoint) {
  Loop loop(service, service, endpoint, wants_of<Service>());
  loop.resume();
  for (;;) loop.run(~u64{0});
}

}  // namespace pith::vault
