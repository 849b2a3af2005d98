// How a driver comes to its own device: through the bus.
#pragma once
#include "abi/kernel.h"
#include "drivers/pci/own_configuration.h"
#include "lib/driver_memory.h"
#include "lib/start.h"

namespace pith::virtio {

/// Starts the device that the manifest gives this component, over memory of its own; its interrupt sets `bit` of the component's
/// notification. Errors: NotFound, NotSupported, and those of `Device::start`.
template <class Device>
Result<void> start_own(Device& device, const DriverMemory& memory, u64 bit) {
  protocols::BusClient bus{TRY(find_slot("bus"))};
  auto place = TRY(bus.device());
  TRY(kernel::Interrupt{TRY(find_slot(image::GrantKind::Pci))}.bind(ComponentSlot::Notification, bit));
  pci::OwnConfiguration configuration(bus);
  return device.start(configuration, u32(place.index), place.size, memory.own, memory.own_physical);
}

}  // namespace pith::virtio
