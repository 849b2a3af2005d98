// The clock service: where the wall clock stands against the monotonic one, and alarms.
#pragma once
#include "lib/vault/state.h"
#include "lib/vault/transactional.h"
#include "protocols/clock_server.h"

namespace pith::clock {

/// As many as calls can wait.
inline constexpr u32 kMostSleepers = vault::kMostCalls;

struct Sleeper {
  u64 deadline;
  Token token;
};

/// What lasts.
struct State {
  static constexpr u64 kLayout = 1;

  u64 wall_offset;  ///< nanoseconds since 1970 at monotonic 0; 0: not known yet
  u32 count;
  Sleeper sleepers[kMostSleepers];  ///< a heap, the earliest first

  void begin() {}
  bool check() const { return count <= kMostSleepers; }
};

class Service : public vault::Transactional<protocols::ClockServer> {
 public:
  Service(CapabilitySlot endpoint, State& state) : Transactional(endpoint), state_(state) {}

  Result<u64> wall_offset(Session session) override;
  Result<void> set_wall_offset(Session session, u64 nanoseconds) override;
  Result<void> sleep_until(Session session, Token token, u64 deadline) override;

  bool is_due() override { return state_.count != 0 && state_.sleepers[0].deadline <= time(); }
  /// Answers the sleepers whose time has come.
  void advance() override;
  u64 deadline() override { return state_.count ? state_.sleepers[0].deadline : 0; }

 protected:
  virtual u64 time() = 0;
  ~Service() = default;

 private:
  State& state_;
};

}  // namespace pith::clock
