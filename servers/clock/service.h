// The clock service: where the wall clock stands against the monotonic one, and alarms.
#pragma once
#include "lib/vault/commit.h"
#include "protocols/clock_server.h"

namespace pith::clock {

/// In the component's vault. All zero: nothing is known yet.
struct Vault {
  static constexpr u64 kMagic = 0x4b434f4c43485450;
  u64 magic;        ///< stored last
  u64 wall_offset;  ///< nanoseconds since 1970 at monotonic 0; one word, so never half written
};

/// Runs under serve_committing(). Sleepers lie in the instance's own memory: after a crash the kernel delivers their calls again.
class Service : public protocols::ClockServer {
 public:
  Service(CapabilitySlot endpoint, Vault& vault) : ClockServer(endpoint), vault_(vault) {}

  Result<u64> wall_offset(Session session) override;
  Result<void> set_wall_offset(Session session, u64 nanoseconds) override;
  Result<void> sleep_until(Session session, Token token, u64 deadline) override;

  void on_signals(u64) {}
  Commit commit() { return {}; }
  /// Answers the sleepers whose time has come.
  void idle();
  u64 deadline() const { return count_ ? sleepers_[0].deadline : 0; }

 protected:
  virtual u64 time() = 0;
  ~Service() = default;

 private:
  static constexpr u32 kMostSleepers = 256;
  struct Sleeper {
    u64 deadline;
    Token token;
  };

  Vault& vault_;
  Sleeper sleepers_[kMostSleepers] = {};  // a heap, the earliest first
  u32 count_ = 0;
};

}  // namespace pith::clock
