// The supervisor, which looks at each instance that it has started: its capabilities and its memory are what the manifest says, whatever
// the instance before it has tried. It also ends instances that do not come back by themselves. Arguments: the components that it
// distrusts.
#include <algorithm>
#include <string_view>

#include "abi/kernel.h"
#include "lib/clock.h"
#include "servers/supervisor/run.h"

namespace {

using namespace pith;

constexpr u64 kPatience = 300 * kMillisecond;
constexpr u64 kRound = 50 * kMillisecond;
/// Tables 0 and 1: the fixed places, and the first that is an instance's own.
constexpr u32 kSlots = 2 * kSlotsPerTable;
/// Badges of faults, as root hands them out.
constexpr u32 kFaultBadge = supervisor::kFaultBadge;

/// What a slot should hold.
struct Expected {
  ObjectType type = ObjectType::Untyped;
  u64 rights = 0, badge = 0;
};

/// What the manifest means for the component `index`; written down here once more, independent of root.
Expected expected_in(const image::Component& component, u64 index, CapabilitySlot slot) {
  bool has_own_memory = std::any_of(component.grants, component.grants + component.grant_count,
                                    [](const image::Grant& grant) { return grant.kind == image::GrantKind::Region; });
  if (slot == ComponentSlot::Service && component.provides) return {ObjectType::Endpoint, right::Endpoint::Receive, 0};
  if (slot == ComponentSlot::Thread) return {ObjectType::Thread, right::Thread::Control | right::Thread::Interrupt, 0};
  if (slot == ComponentSlot::Notification) return {ObjectType::Notification, right::Notification::Signal | right::Notification::Wait, 0};
  if (slot == ComponentSlot::Region && has_own_memory) return {ObjectType::Region, right::Region::Use, 0};
  if (slot == ComponentSlot::AddressSpace && has_own_memory)
    return {ObjectType::AddressSpace, right::AddressSpace::Map | right::AddressSpace::Run, 0};
  if (slot == ComponentSlot::CapabilitySpace && has_own_memory)
    return {ObjectType::CapabilitySpace, right::CapabilitySpace::Modify | right::CapabilitySpace::Run, 0};
  u32 number = slot.raw - ComponentSlot::FirstGrant.raw;
  if (slot.raw < ComponentSlot::FirstGrant.raw || number >= component.grant_count) return {};
  switch (component.grants[number].kind) {
    case image::GrantKind::Service:
      return {ObjectType::Endpoint, right::Endpoint::Call, 1 + index};
    case image::GrantKind::Region:
      return {ObjectType::Endpoint, right::Endpoint::Call, kFaultBadge + index};
    case image::GrantKind::Interrupt:
      return {ObjectType::Interrupt, right::Interrupt::Handle, 0};
    case image::GrantKind::IoPorts:
      return {ObjectType::IoPorts, right::IoPorts::Access, 0};
    default:
      return {};
  }
}

class Inspector final : public supervisor::Service {
 public:
  Inspector(CapabilitySlot endpoint, protocols::RootClient root, const BootTables& tables, supervisor::Symbols symbols,
            supervisor::Vault& vault)
      : Service(endpoint, root, tables, symbols, vault), root_(root), tables_(tables) {}

  /// `restarts`: instances that were compared; `wrong`: those that were not as the manifest says.
  Result<Bytes> state(Session, u64 component, std::span<std::byte, 448> text_room) override {
    if (component >= supervisor::kMostComponents) return Error::BadArgument;
    const Suspect& suspect = suspects_[component];
    supervisor::Text<448> text;
    text.add("restarts %u\nwrong %u\nended %u\n", suspect.compared, suspect.wrong, suspect.ended);
    std::copy_n(std::as_bytes(std::span(text.view())).data(), text.view().size(), text_room.data());
    return Bytes{text_room.first(text.view().size())};
  }

  /// "distrust": if it does not fall by itself it is ended.
  Result<void> control(Session session, u64 component, std::span<const std::byte> command) override {
    if (Bytes{command}.text() != "distrust" || component >= supervisor::kMostComponents)
      return Service::control(session, component, command);
    suspects_[component].is_patience_limited = true;
    suspects_[component].since = now();
    return {};
  }

  void idle() override {
    Service::idle();
    for (u64 component = 1; component < tables_.components().size(); component++) {
      if (is_distrusted(component)) watch(component);
    }
  }

  u64 idle_deadline() const override {
    u64 soon = now() + kRound, due = Service::idle_deadline();
    return due == 0 ? soon : std::min(soon, due);
  }

 private:
  struct Suspect {
    u64 instance = 0, frames = 0;
    bool is_patience_limited = false;
    u64 since = 0;
    u32 compared = 0, wrong = 0, ended = 0;
  };

  u64 time() override { return now(); }

  bool is_distrusted(u64 component) const {
    std::string_view list = arguments(), name = name_of(tables_.components()[component].name);
    return list.find(name) != list.npos;
  }

  /// A new instance is compared before it has run: nobody of its priority runs before the supervisor waits again.
  void watch(u64 component) {
    Suspect& suspect = suspects_[component];
    auto status = root_.status(component);
    if (!status || status->state == 0) return;
    bool is_first = suspect.frames == 0;
    if (is_first) suspect.frames = status->frames;
    if (!is_first && status->instance == suspect.instance) {
      if (!suspect.is_patience_limited || now() - suspect.since < kPatience) return;
      suspect.ended++;
      (void)Service::control(Session(0), component, ipc::as_bytes("kill"));
      status = root_.status(component);
      if (!status) return;
    }
    suspect.instance = status->instance;
    suspect.is_patience_limited = false;
    if (is_first) return;
    suspect.compared++;
    if (status->frames != suspect.frames || !has_what_it_should(component)) suspect.wrong++;
  }

  bool has_what_it_should(u64 component) {
    for (u32 slot = 1; slot < kSlots; slot++) {
      Expected expected = expected_in(tables_.components()[component], component, CapabilitySlot(slot));
      auto found = root_.capability(component, slot);
      if (!found || found->type != u64(expected.type) || found->rights != expected.rights || found->badge != expected.badge) return false;
      if (expected.type != ObjectType::Untyped && found->live == 0) return false;
    }
    return true;
  }

  protocols::RootClient root_;
  const BootTables& tables_;
  Suspect suspects_[supervisor::kMostComponents];
};

}  // namespace

int main() {
  (void)supervisor::run<Inspector>();
  return 1;
}
