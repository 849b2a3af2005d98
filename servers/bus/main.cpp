// Wiring of the bus: physical memory through root's windows, and the I/O memory-management unit's registers and tables.
#include <optional>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/shared_memory.h"
#include "lib/start.h"
#include "protocols/root.h"
#include "servers/bus/service.h"

namespace {

using namespace pith;

class RootWindows final : public bus::Windows {
 public:
  RootWindows(protocols::RootClient root, bus::GivenWindows& given) : Windows(given), root_(root) {}

 private:
  Result<void> give(u64 window, u64 first, u64 size) override {
    return root_.give_device(start_information().index, kFirstBusWindow + window, first, size / kPageSize);
  }
  std::byte* place(u64 window) override { return reinterpret_cast<std::byte*>(device_window(kFirstBusWindow + window)); }

  protocols::RootClient root_;
};

class Root final : public bus::Owner {
 public:
  explicit Root(protocols::RootClient root) : root_(root) {}
  Result<void> give(u32 component, u64 first, u64 pages) override { return root_.give_device(component, kFirstBusWindow, first, pages); }
  Result<Message> message(u32 component) override {
    auto message = TRY(root_.message(component));
    return Message{message.address, message.data};
  }
  Result<vt_d::Range> memory(u32 number) override {
    auto memory = TRY(root_.shared_memory(number));
    return vt_d::Range{memory.physical, memory.size};
  }

 private:
  protocols::RootClient root_;
};

class UnitRegisters final : public vt_d::Registers {
 public:
  explicit UnitRegisters(std::span<std::byte> page) : page_(page.data()) {}
  u32 read32(u32 offset) override { return *reinterpret_cast<volatile u32*>(page_ + offset); }
  u64 read64(u32 offset) override { return *reinterpret_cast<volatile u64*>(page_ + offset); }
  void write32(u32 offset, u32 value) override { *reinterpret_cast<volatile u32*>(page_ + offset) = value; }
  void write64(u32 offset, u64 value) override { *reinterpret_cast<volatile u64*>(page_ + offset) = value; }

 private:
  std::byte* page_;
};

class Bus final : public bus::Service {
 public:
  using Service::Service;

 private:
  u64 time() const override { return now(); }
};

/// Null: there is no unit, or no memory of the bus alone for its tables.
bus::Isolation* find_isolation(bus::PhysicalMemory& memory, const bus::RemappingUnit& found) {
  auto tables = find_memory("iommu");
  if (found.registers == 0 || !tables || BootTables::shown().memories()[tables->number].parties != u64{1} << start_information().index)
    return nullptr;
  auto page = memory.show(found.registers, kPageSize);
  if (page.empty()) return nullptr;
  static UnitRegisters access(page);
  static vt_d::Unit unit(access);
  static bus::Isolation isolation{unit, {tables->bytes, tables->physical}, found.functions};
  return &isolation;
}

Result<void> run() {
  protocols::RootClient client{TRY(find_slot(image::GrantKind::Bus))};
  std::span<std::byte> vault = vault_bytes();
  if (vault.size() < sizeof(bus::State)) return Error::NoMemory;
  auto& state = *reinterpret_cast<bus::State*>(vault.data());
  static RootWindows windows(client, state.windows);
  static Root root(client);
  auto machine = bus::find_machine(windows, start_information().acpi_root);
  if (!machine) log_line(LogLevel::Warning, "no PCI: %s", error_name(machine.error()));
  static bus::ConfigurationPages space(windows, machine ? machine->configuration : 0);
  static Bus service(ComponentSlot::Service, state, windows, space, root, machine ? find_isolation(windows, machine->unit) : nullptr);
  if (machine) service.find_devices(BootTables::shown().components(), BootTables::shown().memories());
  service.serve();
}

}  // namespace

int main() {
  (void)run();
  return 1;
}
