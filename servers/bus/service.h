// The bus: finds the devices that the manifest gives to drivers, keeps them from memory that their drivers do not have, switches them on,
// and says what their drivers must know.
#pragma once
#include "drivers/iommu/vt_d/tables.h"
#include "drivers/iommu/vt_d/unit.h"
#include "drivers/pci/configuration.h"
#include "lib/boot_tables.h"
#include "protocols/bus_server.h"
#include "servers/bus/windows.h"

namespace pith::bus {

inline constexpr u32 kMostComponents = 32;

/// What has been done for a component's device. Kept across restarts: a device that is in use cannot be measured again.
struct Device {
  u32 is_on;     ///< 1: the rest is valid
  u32 function;  ///< device and function on bus 0: device * 8 + function; kFunctions: there is none
  u32 index;     ///< of the base address register that was given
  u32 problem;   ///< why it cannot be used (pith::Error); 0: it can
  u64 size;
};

/// In the vault, which nothing rolls back: each device's entry is whole once `is_on` is 1.
struct State {
  Device devices[kMostComponents];
  GivenWindows windows;
  /// Registers that are being measured, of `function`; `is_measuring` is stored last and cleared first.
  pci::Registers registers;
  u32 function;
  u32 is_measuring;
};

/// Configuration registers of the functions of bus 0.
class ConfigurationSpace {
 public:
  virtual bool is_seen(u32 function) = 0;
  virtual u32 read(u32 function, u32 offset) = 0;
  virtual void write(u32 function, u32 offset, u32 value) = 0;

 protected:
  ~ConfigurationSpace() = default;
};

/// As they lie in physical memory: a page for each. [pcifw 3.2, 4.1]
class ConfigurationPages final : public ConfigurationSpace {
 public:
  ConfigurationPages(PhysicalMemory& memory, u64 first) : memory_(memory), first_(first) {}
  bool is_seen(u32 function) override { return !page(function).empty(); }
  u32 read(u32 function, u32 offset) override { return is_seen(function) ? at(function, offset) : ~u32{0}; }
  void write(u32 function, u32 offset, u32 value) override {
    if (is_seen(function)) at(function, offset) = value;
  }

 private:
  std::span<std::byte> page(u32 function) { return memory_.show(first_ + u64{function} * kPageSize, kPageSize); }
  volatile u32& at(u32 function, u32 offset) { return *reinterpret_cast<volatile u32*>(page(function).data() + offset); }

  PhysicalMemory& memory_;
  u64 first_;
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
  /// Where shared memory number `number` is. Errors: NotFound.
  virtual Result<vt_d::Range> memory(u32 number) = 0;

 protected:
  ~Owner() = default;
};

/// An I/O memory-management unit and memory for its tables.
struct Isolation {
  vt_d::Unit& unit;
  vt_d::Tables tables;
  std::bitset<kFunctions> functions;  ///< those that are behind it
};

class Service : public protocols::BusServer {
 public:
  /// `isolation`: null where devices cannot be kept from anything.
  Service(CapabilitySlot endpoint, State& state, PhysicalMemory& memory, ConfigurationSpace& space, Owner& owner, Isolation* isolation)
      : BusServer(endpoint), state_(state), memory_(memory), space_(space), owner_(owner), isolation_(isolation) {}

  /// Looks for the device of every component that has one, and switches it on.
  void find_devices(std::span<const image::Component> components, std::span<const image::SharedMemory> memories);

  Result<protocols::BusDeviceResult> device(Session session) const override;
  Result<u64> configuration(Session session, u64 offset) const override;

  /// Writes the accesses that were stopped to the log.
  void report_faults();

 protected:
  void idle() override { report_faults(); }
  u64 idle_deadline() const override;
  virtual u64 time() const = 0;
  ~Service() = default;

 private:
  void restore_measured();
  /// Of the component's device; kFunctions: it is not there.
  u32 find_function(const image::Grant& grant) const;
  Result<void> isolate(std::span<const image::SharedMemory> memories);
  Result<void> add_domain(u32 component, std::span<const image::SharedMemory> memories);
  Result<pci::Memory> measure(u32 function, u32 index);
  Result<pci::Memory> choose_memory(u32 function, const pci::MessageTable& table);
  Result<void> switch_on(u32 component, Device& device);
  Result<const Device*> device_of(Session session) const;

  State& state_;
  PhysicalMemory& memory_;
  ConfigurationSpace& space_;
  Owner& owner_;
  Isolation* isolation_;
  std::span<const image::Component> components_;
  u32 found_[kMostComponents] = {};  // functions
  bool is_isolated_ = false;
  u64 faults_[kFunctions] = {};
};

}  // namespace pith::bus
