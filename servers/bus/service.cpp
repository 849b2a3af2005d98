// Finds devices and makes them their drivers'.
#include "servers/bus/service.h"

#include <algorithm>

#include "lib/clock.h"
#include "lib/log.h"

namespace pith::bus {

namespace {

constexpr u64 kMostPages = 32;  // of one piece of device memory, as the kernel has it

/// One function of the space.
class Function final : public pci::Configuration {
 public:
  Function(ConfigurationSpace& space, u32 number) : space_(space), number_(number) {}
  u32 read(u32 offset) override { return space_.read(number_, offset); }
  void write(u32 offset, u32 value) override { space_.write(number_, offset, value); }

 private:
  ConfigurationSpace& space_;
  u32 number_;
};

const image::Grant* device_of_manifest(const image::Component& component) {
  for (const image::Grant& grant : std::span(component.grants).first(std::min(component.grant_count, image::kComponentGrants))) {
    if (grant.kind == image::GrantKind::Pci) return &grant;
  }
  return nullptr;
}

}  // namespace

void Service::find_devices(std::span<const image::Component> components, std::span<const image::SharedMemory> memories) {
  components_ = components.first(std::min<usize>(components.size(), kMostComponents));
  restore_measured();
  for (u32 i = 0; i < components_.size(); i++) {
    const image::Grant* grant = device_of_manifest(components_[i]);
    found_[i] = !grant ? kFunctions : state_.devices[i].is_on ? state_.devices[i].function : find_function(*grant);
  }
  // Before any device can do anything.
  Result<void> isolated = isolate(memories);
  for (u32 i = 0; i < components_.size(); i++) {
    const image::Grant* grant = device_of_manifest(components_[i]);
    Device& device = state_.devices[i];
    if (!grant || device.is_on) continue;
    device = {0, found_[i], 0, u32(Error::NotFound), 0};
    if (found_[i] != kFunctions) {
      Result<void> done = isolated ? switch_on(i, device) : isolated;
      device.problem = done ? 0 : u32(done.error());
      if (!done) {
        log_line(LogLevel::Warning, "device %x:%x at %u.%u cannot be used: %s", u32(grant->first >> 16), u32(grant->first & 0xffff),
                 found_[i] / 8, found_[i] % 8, error_name(done.error()));
      }
    }
    __atomic_store_n(&device.is_on, 1, __ATOMIC_RELEASE);
  }
}

/// An instance that died while it measured has left a device somewhere else.
void Service::restore_measured() {
  if (state_.is_measuring == 0) return;
  Function function(space_, state_.function % kFunctions);
  if (state_.registers.index < pci::kRegisters) pci::restore(function, state_.registers);
  state_.is_measuring = 0;
}

u32 Service::find_function(const image::Grant& grant) const {
  u64 to_skip = grant.count;
  for (u32 i = 0; i < kFunctions; i++) {
    if (!space_.is_seen(i)) continue;
    Function function(space_, i);
    if (i % 8 != 0) {
      Function first(space_, i & ~7U);
      if (pci::identity(first) == ~u32{0} || !pci::has_functions(first)) continue;
    }
    if (pci::identity(function) == grant.first && to_skip-- == 0) return i;
  }
  return kFunctions;
}

/// One domain for each device. Translation that is on was made by an instance before, of the same manifest.
Result<void> Service::isolate(std::span<const image::SharedMemory> memories) {
  if (std::ranges::all_of(std::span(found_).first(components_.size()), [](u32 function) { return function == kFunctions; })) return {};
  if (!isolation_) {
    log_line(LogLevel::Warning, "devices reach all memory: there is no I/O memory-management unit, or no memory for its tables");
    return {};
  }
  is_isolated_ = isolation_->unit.translates_by(isolation_->tables.root());
  if (is_isolated_) return {};
  TRY(isolation_->tables.begin(TRY(isolation_->unit.levels())));
  for (u32 i = 0; i < components_.size(); i++) {
    if (found_[i] == kFunctions) continue;
    if (isolation_->functions[found_[i]]) {
      TRY(add_domain(i, memories));
    } else {
      log_line(LogLevel::Warning, "device %u.%u reaches all memory: its I/O memory-management unit is not used", found_[i] / 8,
               found_[i] % 8);
    }
  }
  TRY(isolation_->unit.switch_on(isolation_->tables.root(), isolation_->tables.bytes()));
  is_isolated_ = true;
  return {};
}

Result<void> Service::add_domain(u32 component, std::span<const image::SharedMemory> memories) {
  vt_d::Range ranges[image::kMostSharedMemories];
  u32 count = 0;
  for (u32 i = 0; i < memories.size() && i < image::kMostSharedMemories; i++) {
    if ((memories[i].parties >> component & 1) != 0) ranges[count++] = TRY(owner_.memory(i));
  }
  return isolation_->tables.add_domain(found_[component], {ranges, count});
}

Result<pci::Memory> Service::measure(u32 number, u32 index) {
  Function function(space_, number);
  pci::Registers registers = TRY(pci::read_registers(function, index));
  state_.registers = registers;
  state_.function = number;
  __atomic_store_n(&state_.is_measuring, 1, __ATOMIC_SEQ_CST);
  Result<pci::Memory> memory = pci::measure(function, registers);
  __atomic_store_n(&state_.is_measuring, 0, __ATOMIC_SEQ_CST);
  return memory;
}

/// The largest memory that can be shown to a driver: without the table of messages in it, which nobody but the bus may write.
Result<pci::Memory> Service::choose_memory(u32 number, const pci::MessageTable& table) {
  Function function(space_, number);
  Result<pci::Memory> best = Error::NotFound;
  for (u32 i = 0; i < pci::kRegisters; i++) {
    auto memory = measure(number, i);
    bool is_right = memory && i != table.index && memory->size >= kPageSize && memory->size <= kMostPages * kPageSize;
    if (is_right && (!best || best->size < memory->size)) best = memory;
    if (pci::is_wide(function, i)) i++;  // the next register is this one's upper half
  }
  return best;
}

Result<void> Service::switch_on(u32 component, Device& device) {
  Function function(space_, device.function);
  auto table = pci::find_message_table(function);
  if (!table) return Error::NotSupported;
  auto memory = choose_memory(device.function, *table);
  if (!memory) return Error::NotSupported;
  pci::Memory messages = TRY(measure(device.function, table->index));
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
  device.index = memory->index;
  device.size = memory->size;
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
  return Function(space_, device.function).read(u32(offset));
}

u64 Service::idle_deadline() const {
  constexpr u64 kBetweenLooks = 20 * kMillisecond;
  return is_isolated_ ? time() + kBetweenLooks : 0;
}

/// One device that makes faults without end must not fill the log.
void Service::report_faults() {
  constexpr u32 kAtOnce = 16;
  if (!is_isolated_) return;
  for (u32 i = 0; i < kAtOnce; i++) {
    auto fault = isolation_->unit.take_fault();
    if (!fault) return;
    u32 function = fault->function % kFunctions;
    u64 count = ++faults_[function];
    if ((count & (count - 1)) != 0) continue;
    u32 component = 0;
    while (component < components_.size() && found_[component] != fault->function) component++;
    auto driver = component < components_.size() ? name_of(components_[component].name) : "nobody";
    log_line(LogLevel::Error, "device %u.%u of %.*s was kept from %s 0x%llx (reason %u, number %llu)", function / 8, function % 8,
             int(driver.size()), driver.data(), fault->access == vt_d::Access::Read ? "reading" : "writing",
             static_cast<unsigned long long>(fault->address), fault->reason, static_cast<unsigned long long>(count));
  }
}

}  // namespace pith::bus
