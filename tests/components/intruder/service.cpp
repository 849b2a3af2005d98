// What it does as long as it is what it was built for.
#include "tests/components/intruder/service.h"

namespace pith::intruder {

Result<protocols::IntruderWhoResult> Service::who(Session session) {
  return protocols::IntruderWhoResult{start_information().index, start_information().instance, session.raw};
}

/// The call changes nothing there, so it needs not wait for the end of the event.
Result<protocols::IntruderAskResult> Service::ask(Session, u64 which) {
  const StartInformation& start = start_information();
  for (u32 i = 0; i < start.slot_count; i++) {
    const NamedSlot& granted = start.slots[i];
    if (granted.kind != u32(image::GrantKind::Service) || which-- != 0) continue;
    auto other = protocols::IntruderClient{CapabilitySlot(granted.slot)}.who();
    if (!other) return Error::BadArgument;
    return protocols::IntruderAskResult{other->component, other->badge};
  }
  return Error::BadArgument;
}

Result<u64> Service::count(Session) {
  state_.set(state_.count + 1);
  return state_.count;
}

Result<void> Service::attack(Session, u64 seed, u64 instance) {
  if (instance == start_information().instance) do_its_worst(seed);
  return {};
}

}  // namespace pith::intruder
