// Calls of the system's services by their generated clients.
#include "personality/linux/native_services.h"

#include <cstring>

#include "abi/kernel.h"
#include "lib/retry.h"
#include "lib/start.h"
#include "personality/linux/native_files.h"
#include "personality/linux/native_network.h"
#include "protocols/clock.h"
#include "protocols/console.h"
#include "protocols/entropy.h"
#include "protocols/log.h"
#include "protocols/supervisor.h"

namespace pith::personality {

namespace {

CapabilitySlot slot_of(std::string_view name) {
  Result<CapabilitySlot> slot = find_slot(name);
  return slot ? *slot : kNoSlot;
}

u64 copy_bytes(std::span<std::byte> buffer, std::span<const std::byte> bytes) {
  u64 length = bytes.size() < buffer.size() ? bytes.size() : buffer.size();
  memcpy(buffer.data(), bytes.data(), length);
  return length;
}

std::string text_of(std::span<const std::byte> bytes) { return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()); }

class NativeServices final : public Services {
 public:
  FileService* file_service(std::string_view name) override {
    for (NamedFileService& one : files_)
      if (one.name == name) return one.service.get();
    return nullptr;
  }
  std::vector<std::string> file_services() override {
    std::vector<std::string> names;
    for (NamedFileService& one : files_) names.push_back(one.name);
    return names;
  }
  NetworkService* network() override { return network_.get(); }

  Result<u64> console_write(std::span<const std::byte> data) override {
    return uninterrupted([&] { return console_.write(data); });
  }
  Result<u64> console_read(std::span<std::byte> buffer) override {
    auto bytes = console_.read(buffer.size() < 448 ? buffer.size() : 448);
    if (!bytes) return bytes.error();
    return copy_bytes(buffer, bytes->data);
  }
  Result<void> console_wait_input() override { return console_.wait_input(); }
  Result<void> console_drain() override {
    return uninterrupted([&] { return console_.drain(); });
  }
  Result<u64> diagnostic_write(std::span<const std::byte> data) override {
    return uninterrupted([&] { return log_.raw(data); });
  }
  Result<void> random(std::span<std::byte> buffer) override {
    auto bytes = uninterrupted([&] { return entropy_.read(buffer.size()); });
    if (!bytes) return bytes.error();
    copy_bytes(buffer, bytes->data);
    return {};
  }
  Result<u64> wall_offset() override {
    return uninterrupted([&] { return clock_.wall_offset(); });
  }
  Result<void> set_wall_offset(u64 nanoseconds) override {
    return uninterrupted([&] { return clock_.set_wall_offset(nanoseconds); });
  }
  Result<u64> component_count() override {
    return uninterrupted([&] { return supervisor_.count(); });
  }
  Result<std::string> component_name(u64 component) override {
    auto bytes = uninterrupted([&] { return supervisor_.name(component); });
    if (!bytes) return bytes.error();
    return text_of(bytes->data);
  }
  Result<std::string> component_state(u64 component) override {
    auto bytes = uninterrupted([&] { return supervisor_.state(component); });
    if (!bytes) return bytes.error();
    return text_of(bytes->data);
  }
  Result<std::string> component_crash(u64 component) override {
    std::string text;
    for (;;) {
      auto bytes = uninterrupted([&] { return supervisor_.crash(component, text.size()); });
      if (!bytes) return text.empty() ? Result<std::string>(bytes.error()) : Result<std::string>(std::move(text));
      std::string piece = text_of(bytes->data);
      if (piece.empty()) return text;
      text += piece;
    }
  }
  Result<void> component_control(u64 component, std::string_view command) override {
    return uninterrupted([&] { return supervisor_.control(component, std::as_bytes(std::span(command))); });
  }
  void yield() override { (void)kernel::System::yield(); }
  void power(u64 action, u64 code) override { (void)supervisor_.power(action, code); }

 private:
  protocols::ConsoleClient console_{slot_of("console")};
  protocols::LogClient log_{slot_of("log")};
  protocols::EntropyClient entropy_{slot_of("entropy")};
  protocols::ClockClient clock_{slot_of("clock")};
  protocols::SupervisorClient supervisor_{slot_of("supervisor")};
  std::vector<NamedFileService> files_ = connect_file_services();
  std::unique_ptr<NetworkService> network_ = connect_network();
};

}  // namespace

std::unique_ptr<Services> connect_services() { return std::make_unique<NativeServices>(); }

}  // namespace pith::personality
