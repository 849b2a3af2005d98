// Serves root's control interface.
#include "servers/root/control.h"

#include "abi/kernel.h"
#include "servers/root/print.h"

namespace pith::root {

namespace {

constexpr u32 kRegistersAtOnce = 5;
constexpr u64 kPowerActions = 2;

}  // namespace

ControlService::ControlService(CapabilitySlot endpoint, Component* components, u32 count)
    : RootServer(endpoint), components_(components), count_(count) {}

Result<Component*> ControlService::find(Session session, u64 component) {
  if (session.raw >= kFaultBadge) return Error::Denied;
  // Component 0 is root.
  if (component == 0 || component >= count_) return Error::BadArgument;
  return &components_[component];
}

Result<Component*> ControlService::find_to_place(Session session, u64 component) {
  if (session.raw >= kFaultBadge && session.raw < kPlacementBadge) return Error::Denied;
  return find(session.raw >= kPlacementBadge ? Session(0) : session, component);
}

Result<void> ControlService::place(Session session, u64 component, u64 cpu) {
  Component& found = *TRY(find_to_place(session, component));
  return found.place(cpu);
}

Result<protocols::RootTimeResult> ControlService::time(Session session, u64 component) {
  Component& found = *TRY(find_to_place(session, component));
  return protocols::RootTimeResult{found.cpu(), found.is_movable(), found.time_used(), found.cpu_count()};
}

Result<void> ControlService::stop(Session session, u64 component) {
  Component& found = *TRY(find(session, component));
  // Its caller would wait for ever.
  if (session.raw == 1 + component) return Error::BadArgument;
  return found.stop();
}

Result<void> ControlService::start(Session session, u64 component) {
  Component& found = *TRY(find(session, component));
  Result<void> started = found.start();
  if (!started && started.error() != Error::BadState) {
    print_line("root: cannot start ", found.name(), ": ", found.step(), ": ", error_name(started.error()));
  }
  return started;
}

Result<protocols::RootStatusResult> ControlService::status(Session session, u64 component) {
  Component& found = *TRY(find(session, component));
  protocols::RootStatusResult result{found.is_running(), found.instance(), found.frames_owned(), 0, 0};
  if (found.is_running()) {
    auto thread = TRY(kernel::Thread{found.thread()}.status());
    result.client = thread.client.raw != 0;
    result.used = thread.used;
  }
  return result;
}

Result<protocols::RootRegistersResult> ControlService::registers(Session session, u64 component, u64 first) {
  Component& found = *TRY(find(session, component));
  if (!found.is_running()) return Error::BadState;
  auto values = TRY(kernel::Thread{found.thread()}.read_registers(first));
  static_assert(sizeof(protocols::RootRegistersResult) == kRegistersAtOnce * sizeof(u64));
  return protocols::RootRegistersResult{values.r0, values.r1, values.r2, values.r3, values.r4};
}

Result<Bytes> ControlService::memory(Session session, u64 component, u64 address, u64 most, std::span<std::byte, 448> data_room) {
  Component& found = *TRY(find(session, component));
  if (most > data_room.size()) return Error::BadArgument;
  u64 length = TRY(found.read_memory(address, most, reinterpret_cast<u8*>(data_room.data())));
  return Bytes{data_room.first(length)};
}

Result<void> ControlService::power(Session session, u64 action) {
  if (session.raw >= kPlacementBadge) return Error::Denied;
  if (action >= kPowerActions) return Error::BadArgument;
  return kernel::Platform{RootSlot::Platform}.power(action);
}

Result<protocols::RootCapabilityResult> ControlService::capability(Session session, u64 component, u64 slot) {
  Component& found = *TRY(find(session, component));
  if (!found.is_running()) return Error::BadState;
  if (slot >= u64{kTablesPerSpace} * kSlotsPerTable) return Error::BadArgument;
  auto content = kernel::CapabilitySpace{found.capabilities()}.inspect(CapabilitySlot(u32(slot)));
  if (!content) return protocols::RootCapabilityResult{};
  return protocols::RootCapabilityResult{content->type, content->rights, content->badge, content->live};
}

Result<u64> ControlService::exchange(Session session, u64 component) {
  Component& found = *TRY(find(session, component));
  if (session.raw == 1 + component) return Error::BadArgument;
  return found.exchange();
}

Result<void> ControlService::diagnostic(Session session, std::span<const std::byte> text) {
  if (session.raw >= kPlacementBadge) return Error::Denied;
  print(std::string_view(reinterpret_cast<const char*>(text.data()), text.size()));
  return {};
}

/// A component that the supervisor does not watch: the supervisor itself.
void ControlService::on_fault(const ipc::Received& received) {
  u32 badge = received.status.badge().raw;
  u64 component = badge - kFaultBadge;
  if (badge < kFaultBadge || component == 0 || component >= count_) return;
  const Words& words = received.words;
  Component& found = components_[component];
  print_line("root: ", found.name(), " faulted: kind ", words.w[FaultMessage::Kind], " address ", words.w[FaultMessage::Address],
             " instruction ", words.w[FaultMessage::Instruction]);
  Result<void> result = found.stop();
  if (result && restarts_++ < found.description().restart_limit) result = found.start();
  if (!result) print_line("root: cannot restart ", found.name(), ": ", found.step(), ": ", error_name(result.error()));
}

}  // namespace pith::root
