// Finds devices and makes them their drivers'.
#include "servers/bus/service.h"

#include "lib/log.h"

namespace pith::bus {

namespace {

constexpr u32 kFunctions = 256;
constexpr u64 kMostPages = 32;  // of one piece of device memory, as the kernel has it

class Function final : public pci::Configuration {
 public:
  Function(PhysicalMemory& memory, u64 bus, u32 function) : registers_(memory.show(bus + u64{function} * kPageSize, kPageSize)) {}
  bool is_seen() const { return !registers_.empty(); }
  u32 read(u32 offset) override { return at(offset); }
  void write(u32 offset, u32 value) override { at(offset) = value; }

 private:
  volatile u32& at(u32 offset) { return *reinterpret_cast<volatile u32*>(registers_.data() + offset); }
  std::span<std::byte> registers_;
};

/// The largest memory that can be shown to a driver: without the table of messages in it, which nobody but the bus may write.
Result<pci::Memory> choose_memory(pci::Configuration& function, const pci::MessageTable& table) {
  Result<pci::Memory> best = Error::NotFound;
  for (u32 i = 0; i < pci::kRegisters; i++) {
    auto memory = pci::measure(function, i);
    if (!memory) continue;
    bool is_right = i != table.index && memory->size >= kPageSize && memory->size <= kMostPages * kPageSize;
    if (is_right && (!best || best->size < memory->size)) best = memory;
    if ((function.read(0x10 + 4 * i) >> 1 & 3) == 2) i++;  // the next register is this one's upper half
  }
  return best;
}

}  // namespace

void Service::find_devices(u64 configuration, std::span<const image::Component> components) {
  configuration_ = configuration;
  for (u32 i = 0; i < components.size() && i < kMostComponents; i++) {
    for (u32 j = 0; j < components[i].grant_count; j++) {
      if (components[i].grants[j].kind == image::GrantKind::Pci) find_device(i, components[i].grants[j]);
    }
  }
}

void Service::find_device(u32 component, const image::Grant& grant) {
  Device& device = state_.devices[component];
  if (device.is_on != 0) return;
  device = {0, 0, 0, u32(Error::NotFound), 0};
  u64 to_skip = grant.count;
  for (u32 i = 0; i < kFunctions; i++) {
    Function function(memory_, configuration_, i);
    if (!function.is_seen()) continue;
    if (i % 8 != 0) {
      Function first(memory_, configuration_, i & ~7U);
      if (!pci::has_functions(first)) continue;
    }
    if (pci::identity(function) != grant.first || to_skip-- != 0) continue;
    Result<void> done = switch_on(component, i, device);
    if (!done) {
      device.problem = u32(done.error());
      log_line(LogLevel::Warning, "device %x:%x at %u.%u cannot be used: %s", u32(grant.first >> 16), u32(grant.first & 0xffff), i / 8,
               i % 8, error_name(done.error()));
    }
    break;
  }
  device.is_on = 1;
}

Result<void> Service::switch_on(u32 component, u32 number, Device& device) {
  Function function(memory_, configuration_, number);
  auto table = pci::find_message_table(function);
  if (!table) return Error::NotSupported;
  auto memory = choose_memory(function, *table);
  if (!memory) return Error::NotSupported;
  pci::Memory messages = TRY(pci::measure(function, table->index));
  if (table->offset > messages.size || messages.size - table->offset < 16) return Error::Damaged;
  auto entry = memory_.show(messages.address + table->offset, 16);
  if (entry.empty()) return Error::NotSupported;
  Result<void> given = owner_.give(component, memory->address, memory->size / kPageSize);
  if (!given && given.error() != Error::Occupied) return given;
  Owner::Message message = TRY(owner_.message(component));
  pci::switch_on(function, *table);
  // [pci/3.0 6.8.2.6]: address, its upper half, data, and whether this one is masked.
  auto* words = reinterpret_cast<volatile u32*>(entry.data());
  words[0] = u32(message.address);
  words[1] = u32(message.address >> 32);
  words[2] = u32(message.data);
  words[3] = 0;
  device.function = number;
  device.index = memory->index;
  device.size = memory->size;
  device.problem = 0;
  return {};
}

Result<const Device*> Service::device_of(Session session) const {
  u64 component = u64{session.raw} - 1;
  if (component >= kMostComponents || state_.devices[component].is_on == 0) return Error::NotFound;
  const Device& device = state_.devices[component];
  if (device.problem != 0) return Error(device.problem);
  return &device;
}

Result<protocols::BusDeviceResult> Service::device(Session session) const {
  const Device& device = *TRY(device_of(session));
  return protocols::BusDeviceResult{device.index, device.size};
}

Result<u64> Service::configuration(Session session, u64 offset) const {
  const Device& device = *TRY(device_of(session));
  if (offset % 4 != 0 || offset >= kPageSize) return Error::BadArgument;
  return Function(memory_, configuration_, device.function).read(u32(offset));
}

}  // namespace pith::bus
