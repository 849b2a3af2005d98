// Root's control service: what the supervisor, and whoever may end the machine, ask of root.
#pragma once
#include "lib/heartbeat.h"
#include "lib/intensity.h"
#include "protocols/root_server.h"
#include "servers/root/component.h"

namespace pith::root {

/// Sessions with a badge below kFaultBadge may do everything; those from kPlatformBadge on only power and diagnostics, those from
/// kPlacementBadge on only place() and time(), those from kInjectionBadge on only inject(), those from kBusBadge on
/// only what the bus needs.
/// It also takes the faults of the supervisor itself, which nobody else can restart, and looks at it when it has not looked at the others
/// for a while.
class ControlService final : public protocols::RootServer {
 public:
  ControlService(CapabilitySlot endpoint, System& system, Component* components, u32 count);

  Result<void> stop(Session session, u64 component) override;
  Result<void> start(Session session, u64 component) override;
  Result<protocols::RootStatusResult> status(Session session, u64 component) override;
  Result<protocols::RootRegistersResult> registers(Session session, u64 component, u64 first) override;
  Result<Bytes> memory(Session session, u64 component, u64 address, u64 most, std::span<std::byte, 448> data_room) override;
  Result<void> power(Session session, u64 action) override;
  Result<void> place(Session session, u64 component, u64 cpu) override;
  Result<protocols::RootTimeResult> time(Session session, u64 component) override;
  Result<protocols::RootCapabilityResult> capability(Session session, u64 component, u64 slot) override;
  Result<u64> exchange(Session session, u64 component) override;
  Result<void> give_device(Session session, u64 component, u64 window, u64 first, u64 pages) override;
  Result<protocols::RootMessageResult> message(Session session, u64 component) override;
  Result<protocols::RootSharedMemoryResult> shared_memory(Session session, u64 number) override;
  Result<u64> resting(Session session) override;
  Result<protocols::RootProgressResult> progress(Session session, u64 component) override;
  Result<void> halt(Session session, u64 component) override;
  Result<void> diagnostic(Session session, std::span<const std::byte> text) override;
  Result<protocols::RootInjectResult> inject(Session session, u64 component, u64 fault, u64 moments, u64 seed) override;

 private:
  void idle() override;
  u64 idle_deadline() const override;
  Result<u64> fault(Session session, const Words& words) override;

  Result<Component*> find(Session session, u64 component);
  Result<Component*> find_for_bus(Session session, u64 component);
  Result<Component*> find_to_place(Session session, u64 component);

  std::span<const Component> all() const { return {components_, count_}; }
  void hear(Session session) { is_heard_ = is_heard_ || (session.raw != 0 && session.raw < kFaultBadge); }
  void look_at_supervisor(u64 time);
  void replace_supervisor(Component& supervisor);

  System& system_;
  Component* components_;
  u32 count_;
  Intensity restarts_;            // of the supervisor, by root
  Component* watched_ = nullptr;  // the supervisor, if it is
  Heartbeat heartbeat_;           // of the supervisor
  bool is_heard_ = true;          // it has called since root last waited
  Looks looks_;
};

}  // namespace pith::root
