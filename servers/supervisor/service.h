// The supervisor: takes the faults of all components, restarts them, and tells and does what operators ask.
#pragma once
#include <optional>

#include "lib/boot_tables.h"
#include "lib/heartbeat.h"
#include "protocols/root.h"
#include "protocols/supervisor_server.h"
#include "servers/supervisor/crash_record.h"
#include "servers/supervisor/vault.h"

namespace pith::supervisor {

/// Badge of fault calls: this + the component's index (servers/root/component.h).
inline constexpr u32 kFaultBadge = 0x10000;

/// It calls nobody but root: everybody else may be waiting for it. Its methods are no events: docs/decisions/0022.
class Service : public protocols::SupervisorServer {
 public:
  Service(CapabilitySlot endpoint, protocols::RootClient root, const BootTables& tables, Symbols symbols, Vault& vault);

  Result<u64> count(Session session) override;
  Result<Bytes> state(Session session, u64 component, std::span<std::byte, 448> text_room) override;
  Result<Bytes> name(Session session, u64 component, std::span<std::byte, 448> text_room) override;
  Result<void> control(Session session, u64 component, std::span<const std::byte> command) override;
  Result<Bytes> crash(Session session, u64 component, u64 from, std::span<std::byte, 448> text_room) override;
  Result<void> power(Session session, u64 action, u64 code) override;

 protected:
  /// Looks at those whose heartbeat is watched.
  void idle() override;
  /// When the next look is due, or a crash record.
  u64 idle_deadline() const override;
  /// It is not answered but ends with its thread. Errors: Cancelled, always.
  Result<u64> fault(Session session, const Words& words) override;
  virtual u64 time() = 0;
  ~Service() = default;

 private:
  struct Watched {
    Heartbeat heartbeat;
    CrashText crash;
  };

  Result<Watched*> find(u64 component);
  const image::Component& description(u64 component) const { return tables_.components()[component]; }
  void failed(Crash& crash);
  void carry_out(Verdict verdict);
  bool restart(Members members);
  void resume();
  void look(Looks::Due due);
  void replace_hung();
  void write_record();
  Result<void> stop(u64 component);
  Result<void> start(u64 component);
  void give_up(u64 component);
  void say(std::string_view text);

  // update.cpp
  Result<void> update(u64 component);
  /// The earlier program again. Errors: Denied when the update is not on probation, or there was none; as Root.exchange.
  Result<void> take_update_back(u64 component);
  Result<void> exchange(u64 component);
  bool is_on_probation(u64 component) { return time() < vault_.probation_end[component]; }

  protocols::RootClient root_;
  const BootTables& tables_;
  Symbols symbols_;
  Vault& vault_;
  Tree tree_;
  u32 count_;
  bool is_resumed_;
  bool is_busy_ = false;  // with what took long
  std::optional<Crash> unwritten_;
  u64 record_at_ = 0;  // when it is to be written
  Looks looks_;
  Watched watched_[kMostComponents];
};

}  // namespace pith::supervisor
