// The bus: finds the devices that the manifest gives to drivers, switches them on, and says what their drivers must know.
#pragma once
#include "drivers/pci/configuration.h"
#include "lib/boot_tables.h"
#include "protocols/bus_server.h"
#include "servers/bus/acpi.h"

namespace pith::bus {

inline constexpr u32 kMostComponents = 32;

/// What has been done for a component's device. Kept across restarts: a device that is in use cannot be measured again.
struct Device {
  u32 is_on;     ///< 1: the rest is valid
  u32 function;  ///< device and function on bus 0: device * 8 + function
  u32 index;     ///< of the base address register that was given
  u32 problem;   ///< why it cannot be used (pith::Error); 0: it can
  u64 size;
};

/// In the vault, which nothing rolls back: each device's entry is whole once `is_on` is 1.
struct State {
  Device devices[kMostComponents];
};

/// What the bus asks of root.
class Owner {
 public:
  struct Message {
    u64 address, data;
  };
  /// Shows a component device memory at its first bus window. Occupied: it sees it already.
  virtual Result<void> give(u32 component, u64 first, u64 pages) = 0;
  virtual Result<Message> message(u32 component) = 0;

 protected:
  ~Owner() = default;
};

class Service final : public protocols::BusServer {
 public:
  Service(CapabilitySlot endpoint, State& state, PhysicalMemory& memory, Owner& owner)
      : BusServer(endpoint), state_(state), memory_(memory), owner_(owner) {}

  /// Looks for the device of every component that has one, and switches it on. `configuration`: physical address of bus 0's space.
  void find_devices(u64 configuration, std::span<const image::Component> components);

  Result<protocols::BusDeviceResult> device(Session session) const override;
  Result<u64> configuration(Session session, u64 offset) const override;

 private:
  void find_device(u32 component, const image::Grant& grant);
  Result<void> switch_on(u32 component, u32 function, Device& device);
  Result<const Device*> device_of(Session session) const;

  State& state_;
  PhysicalMemory& memory_;
  Owner& owner_;
  u64 configuration_ = 0;
};

}  // namespace pith::bus
