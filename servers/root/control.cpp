// Serves root's control interface.
#include "servers/root/control.h"

#include "abi/kernel.h"
#include "lib/clock.h"
#include "lib/retry.h"
#include "servers/root/injection/injection.h"
#include "servers/root/print.h"

namespace pith::root {

namespace {

constexpr u32 kRegistersAtOnce = 5;
constexpr u64 kPowerActions = 2, kReset = 1;

u64 now() { return kernel::System::now().value_or(0); }

}  // namespace

ControlService::ControlService(CapabilitySlot endpoint, System& system, Component* components, u32 count)
    : RootServer(endpoint), system_(system), components_(components), count_(count) {
  for (u32 i = 1; i < count; i++) {
    if (components[i].handles_faults() && components[i].description().heartbeat != 0) watched_ = &components[i];
  }
  if (watched_) looks_.initialize(watched_->description().heartbeat * kMillisecond / 2);
  heartbeat_.initialize(Heartbeat::kLooks - 1);  // it was silent for as long before the first
}

Result<Component*> ControlService::find(Session session, u64 component) {
  if (session.raw >= kFaultBadge) return Error::Denied;
  hear(session);
  // Component 0 is root.
  if (component == 0 || component >= count_) return Error::BadArgument;
  return &components_[component];
}

Result<Component*> ControlService::find_to_place(Session session, u64 component) {
  if ((session.raw >= kFaultBadge && session.raw < kPlacementBadge) || session.raw >= kInjectionBadge) return Error::Denied;
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

Result<u64> ControlService::resting(Session session) {
  if (session.raw >= kFaultBadge) return Error::Denied;
  hear(session);
  u64 resting = 0;
  for (u32 i = 1; i < count_; i++) {
    if (components_[i].description().heartbeat != 0 && components_[i].is_resting()) resting |= u64{1} << i;
  }
  return resting;
}

Result<protocols::RootProgressResult> ControlService::progress(Session session, u64 component) {
  Component& found = *TRY(find(session, component));
  if (!found.is_running()) return Error::BadState;
  return protocols::RootProgressResult{found.pulse(), found.weight(all(), now()), found.time_used()};
}

Result<void> ControlService::halt(Session session, u64 component) {
  Component& found = *TRY(find(session, component));
  if (!found.is_running()) return Error::BadState;
  if (session.raw == 1 + component) return Error::BadArgument;
  return retry([&] { return kernel::Thread{found.thread()}.stop(); });
}

Result<Bytes> ControlService::memory(Session session, u64 component, u64 address, u64 most, std::span<std::byte, 448> data_room) {
  Component& found = *TRY(find(session, component));
  if (most > data_room.size()) return Error::BadArgument;
  u64 length = TRY(found.read_memory(address, most, reinterpret_cast<u8*>(data_room.data())));
  return Bytes{data_room.first(length)};
}

Result<protocols::RootInjectResult> ControlService::inject(Session session, u64 component, u64 fault, u64 moments, u64 seed) {
  if (session.raw < kInjectionBadge || session.raw >= kBusBadge) return Error::Denied;
  // Its caller would wait for ever.
  if (session.raw == kInjectionBadge + 1 + component) return Error::BadArgument;
  Component& found = *TRY(find(Session(0), component));
  return Injection(found, seed).run(Fault(fault), moments);
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

Result<Component*> ControlService::find_for_bus(Session session, u64 component) {
  if (session.raw < kBusBadge) return Error::Denied;
  return find(Session(0), component);
}

Result<void> ControlService::give_device(Session session, u64 component, u64 window, u64 first, u64 pages) {
  return (*TRY(find_for_bus(session, component))).give_device(window, first, pages);
}

Result<protocols::RootMessageResult> ControlService::message(Session session, u64 component) {
  auto route = TRY((*TRY(find_for_bus(session, component))).message());
  return protocols::RootMessageResult{route.address, route.data};
}

Result<protocols::RootSharedMemoryResult> ControlService::shared_memory(Session session, u64 number) {
  if (session.raw < kBusBadge) return Error::Denied;
  if (number >= system_.tables.memories().size()) return Error::NotFound;
  u64 size = system_.tables.memories()[number].pages * kPageSize;
  return protocols::RootSharedMemoryResult{u64{system_.memories[number].raw} << kPageShift, size};
}

Result<void> ControlService::diagnostic(Session session, std::span<const std::byte> text) {
  if (session.raw >= kPlacementBadge) return Error::Denied;
  hear(session);
  print(std::string_view(reinterpret_cast<const char*>(text.data()), text.size()));
  return {};
}

/// A component that the supervisor does not watch: the supervisor itself.
Result<u64> ControlService::fault(Session session, const Words& words) {
  u64 component = session.raw - kFaultBadge;
  if (session.raw < kFaultBadge || component == 0 || component >= count_) return Error::Cancelled;
  Component& found = components_[component];
  print_line("root: ", found.name(), " faulted: kind ", words.w[FaultMessage::Kind], " address ", words.w[FaultMessage::Address],
             " instruction ", words.w[FaultMessage::Instruction]);
  replace_supervisor(found);
  return Error::Cancelled;
}

/// It is in no group's hands but root's, which takes it no more often than its group allows. Without a supervisor the machine is better
/// begun anew.
void ControlService::replace_supervisor(Component& supervisor) {
  const image::Group& group = system_.tables.groups()[supervisor.description().group];
  Result<void> result = supervisor.stop();
  if (result && !restarts_.count(now(), group.restarts, group.period)) result = Error::Limit;
  if (result) result = supervisor.start();
  if (result) return;
  print_line("root: cannot restart ", supervisor.name(), ": ", supervisor.step(), ": ", error_name(result.error()));
  print("\x1epith-exit 125\n");  // for whoever waits for one command
  (void)kernel::Platform{RootSlot::Platform}.power(kReset);
}

/// Each call of the supervisor puts root's look at it off: as long as it looks at the others root wakes for nothing.
/// Root calls nobody, so nobody can hold it up.
void ControlService::look_at_supervisor(u64 time) {
  if (is_heard_) {
    is_heard_ = false;
    heartbeat_.forget();
    looks_.put_off(time, 2);
  }
  Looks::Due due = looks_.take(time);
  if (due == Looks::Due::No) return;
  heartbeat_.look(watched_->pulse(), Looks::weight_of(due, watched_->weight(all(), time)), watched_->time_used());
  if (!heartbeat_.is_hung(looks_.patience())) return;
  print_line("root: ", watched_->name(), " hangs");
  replace_supervisor(*watched_);
  is_heard_ = true;
}

void ControlService::idle() {
  if (!watched_ && system_.watchdog.deadline() == 0) return;
  u64 time = now();
  system_.watchdog.look(time);
  if (watched_) look_at_supervisor(time);
}

u64 ControlService::idle_deadline() const {
  u64 feed_at = system_.watchdog.deadline();
  u64 look_at = looks_.next();
  return feed_at == 0 || (look_at != 0 && look_at < feed_at) ? look_at : feed_at;
}

}  // namespace pith::root
