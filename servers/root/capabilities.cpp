// An instance's capabilities: a space and tables of its own, filled from the manifest alone. They go with it: whatever it has put, moved or
// received there, its successor begins with what the manifest says.
#include <cstring>

#include "abi/kernel.h"
#include "lib/shared_memory.h"
#include "servers/root/component.h"

namespace pith::root {

Result<void> Component::create_capabilities() {
  step_ = "capability space";
  TRY(create(ObjectType::CapabilitySpace, Slot::CapabilitySpace, 0, Owner::Instance));
  TRY(create(ObjectType::CapabilityTable, Slot::Table0, 0, Owner::Instance));
  TRY(kernel::CapabilitySpace{slot(Slot::CapabilitySpace)}.link(0, slot(Slot::Table0)));
  named_slots_ = 0;
  step_ = "own endpoint";
  if (description_->provides) TRY(install(ComponentSlot::Service, endpoint(), right::Endpoint::Receive, 0));
  TRY(install(ComponentSlot::Notification, slot(Slot::Notification), right::Notification::Signal | right::Notification::Wait, 0));
  for (u32 i = 0; i < description_->grant_count; i++) {
    step_ = name_of(description_->grants[i].name);
    TRY(grant(description_->grants[i], i));
  }
  return {};
}

Result<void> Component::grant(const image::Grant& grant, u32 number) {
  CapabilitySlot place(ComponentSlot::FirstGrant.raw + number);
  switch (grant.kind) {
    case image::GrantKind::Doorbell:
    case image::GrantKind::Service: {
      if (grant.target >= system_->components.size()) return Error::BadArgument;
      const Component& target = system_->components[grant.target];
      if (grant.kind == image::GrantKind::Doorbell) {
        TRY(install(place, target.slot(Slot::Notification), right::Notification::Signal, doorbell_bit(index_)));
        break;
      }
      if (!target.description_->provides) return Error::BadArgument;
      if (name_of(grant.name) == "log") place = ComponentSlot::Log;
      TRY(install(place, target.endpoint(), right::Endpoint::Call, 1 + index_));
      break;
    }
    case image::GrantKind::RootControl:
      TRY(install(place, system_->control, right::Endpoint::Call, 1 + index_));
      break;
    case image::GrantKind::Platform:
      TRY(install(place, system_->control, right::Endpoint::Call, kPlatformBadge + 1 + index_));
      break;
    case image::GrantKind::Placement:
      TRY(install(place, system_->control, right::Endpoint::Call, kPlacementBadge + 1 + index_));
      break;
    case image::GrantKind::FaultInjection:
      TRY(install(place, system_->control, right::Endpoint::Call, kInjectionBadge + 1 + index_));
      break;
    case image::GrantKind::Bus:
      TRY(install(place, system_->control, right::Endpoint::Call, kBusBadge + 1 + index_));
      break;
    case image::GrantKind::Region:
      return grant_own_memory(place);
    case image::GrantKind::FaultHandler:
      return {};
    case image::GrantKind::Interrupt:
    case image::GrantKind::Pci:
      TRY(install(place, device_slot(number), right::Interrupt::Handle, 0));
      break;
    case image::GrantKind::IoPorts:
      TRY(install(place, device_slot(number), right::IoPorts::Access, 0));
      break;
    case image::GrantKind::DeviceMemory:
      break;  // it is mapped
    default:
      return Error::BadArgument;
  }
  name_slot(grant.name, place, grant.kind);
  return {};
}

Result<void> Component::grant_own_memory(CapabilitySlot place) {
  // Threads that it makes report their faults as the first one does.
  static constexpr char kFault[24] = "fault";
  TRY(install(place, fault_endpoint(), right::Endpoint::Call, kFaultBadge + index_));
  name_slot(kFault, place, image::GrantKind::Region);
  TRY(install(ComponentSlot::Region, slot(Slot::InstanceRegion), right::Region::Use, 0));
  TRY(install(ComponentSlot::AddressSpace, slot(Slot::AddressSpace), right::AddressSpace::Map | right::AddressSpace::Run, 0));
  TRY(install(ComponentSlot::CapabilitySpace, capabilities(), right::CapabilitySpace::Modify | right::CapabilitySpace::Run, 0));
  TRY(create(ObjectType::CapabilityTable, Slot::Table1, 0, Owner::Instance));
  return kernel::CapabilitySpace{capabilities()}.link(1, slot(Slot::Table1));
}

/// No capability of an instance has the Grant right: it can hand on none of them.
Result<void> Component::install(CapabilitySlot place, CapabilitySlot source, u64 rights, u64 badge) {
  return kernel::CapabilitySpace{capabilities()}.install(place, source, rights, badge);
}

void Component::name_slot(const char (&name)[24], CapabilitySlot place, image::GrantKind kind) {
  if (named_slots_ == StartInformation::kSlots) return;
  NamedSlot& entry = names_[named_slots_++];
  memcpy(entry.name, name, sizeof entry.name);
  entry.slot = place.raw;
  entry.kind = u32(kind);
}

/// The supervisor's own faults are root's business.
CapabilitySlot Component::fault_endpoint() const {
  return handles_faults() || system_->supervisor == kNoSlot ? system_->control : system_->supervisor;
}

}  // namespace pith::root
