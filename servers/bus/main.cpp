// Wiring of the bus: physical memory through root's windows.
#include "lib/device_window.h"
#include "lib/log.h"
#include "lib/start.h"
#include "protocols/root.h"
#include "servers/bus/service.h"

namespace {

using namespace pith;

/// Shows physical memory through windows that root gives for good. They are asked for in the same order by every instance, so one that is
/// there already shows what it showed the instance before.
class Windows final : public bus::PhysicalMemory {
 public:
  explicit Windows(protocols::RootClient root) : root_(root) {}

  std::span<std::byte> show(u64 address, u64 size) override {
    if (size > kPageSize || address + size < address) return {};
    for (u64 i = 0; i < count_; i++) {
      u64 offset = address - shown_[i].first;
      if (offset < shown_[i].size && size <= shown_[i].size - offset) return seen(i, offset, size);
    }
    // Where main memory is near only the pages that are meant can be shown.
    u64 wide = kMostPages * kPageSize, page = address / kPageSize * kPageSize;
    u64 needed = (address + size - page + kPageSize - 1) / kPageSize * kPageSize;
    bool is_seen = (address % wide + size <= wide && add({address / wide * wide, wide})) || add({page, needed});
    return is_seen ? seen(count_ - 1, address - shown_[count_ - 1].first, size) : std::span<std::byte>();
  }

 private:
  struct Range {
    u64 first, size;
  };
  static constexpr u64 kMostPages = 32, kMost = kDeviceWindows - kFirstBusWindow;

  static std::span<std::byte> seen(u64 window, u64 offset, u64 size) {
    return {reinterpret_cast<std::byte*>(device_window(kFirstBusWindow + window)) + offset, size};
  }

  bool add(Range range) {
    if (count_ == kMost) return false;
    auto given = root_.give_device(start_information().index, kFirstBusWindow + count_, range.first, range.size / kPageSize);
    if (!given && given.error() != Error::Occupied) return false;
    shown_[count_++] = range;
    return true;
  }

  protocols::RootClient root_;
  Range shown_[kMost] = {};
  u64 count_ = 0;
};

class Root final : public bus::Owner {
 public:
  explicit Root(protocols::RootClient root) : root_(root) {}
  Result<void> give(u32 component, u64 first, u64 pages) override { return root_.give_device(component, kFirstBusWindow, first, pages); }
  Result<Message> message(u32 component) override {
    auto message = TRY(root_.message(component));
    return Message{message.address, message.data};
  }

 private:
  protocols::RootClient root_;
};

Result<void> run() {
  protocols::RootClient client{TRY(find_slot(image::GrantKind::Bus))};
  std::span<std::byte> vault = vault_bytes();
  if (vault.size() < sizeof(bus::State)) return Error::NoMemory;
  static Windows windows(client);
  static Root root(client);
  static bus::Service service(ComponentSlot::Service, *reinterpret_cast<bus::State*>(vault.data()), windows, root);
  auto machine = bus::find_machine(windows, start_information().acpi_root);
  if (machine) {
    service.find_devices(machine->configuration, BootTables::shown().components());
  } else {
    log_line(LogLevel::Warning, "no PCI: %s", error_name(machine.error()));
  }
  service.serve();
}

}  // namespace

int main() {
  (void)run();
  return 1;
}
