// A transactional server that can be told to do its worst.
#pragma once
#include "lib/vault/state.h"
#include "lib/vault/transactional.h"
#include "protocols/intruder.h"
#include "protocols/intruder_server.h"

namespace pith::intruder {

/// What lasts.
struct State {
  static constexpr u64 kLayout = 1;
  u64 count;
  u64 complement;  ///< of it

  void begin() { set(0); }
  bool check() const { return count == ~complement; }
  void set(u64 value) {
    count = value;
    complement = ~value;
  }
};

class Service final : public vault::Transactional<protocols::IntruderServer> {
 public:
  Service(CapabilitySlot endpoint, State& state) : Transactional(endpoint), state_(state) {}

  Result<protocols::IntruderWhoResult> who(Session session) override;
  Result<protocols::IntruderAskResult> ask(Session session, u64 which) override;
  Result<u64> count(Session session) override;
  Result<void> attack(Session session, u64 seed, u64 instance) override;

 private:
  State& state_;
};

/// Everything that can be tried with the capabilities of this component, and with its memory. It does not come back.
[[noreturn]] void do_its_worst(u64 seed);

}  // namespace pith::intruder
