// The log service: lines of all components, kept in the vault and printed on the diagnostic port.
#pragma once
#include <string_view>

#include "drivers/serial/ns16550/device.h"
#include "lib/vault/state.h"
#include "lib/vault/transactional.h"
#include "protocols/log_server.h"
#include "servers/log/state.h"

namespace pith::log {

/// The port is polled: a line is on its way before its writer has the answer, unless the other end does not read.
class Service : public vault::Transactional<protocols::LogServer> {
 public:
  Service(CapabilitySlot endpoint, ns16550::Device& device, State& state) : Transactional(endpoint), device_(device), state_(state) {}

  Result<void> line(Session session, u64 level, std::span<const std::byte> text) override;
  Result<u64> raw(Session session, std::span<const std::byte> data) override;
  Result<protocols::LogReadResult> read(Session session, u64 from, std::span<std::byte, 448> data_room) override;

  /// Prints.
  bool look() override;
  u64 deadline() override;

 protected:
  virtual u64 time() = 0;
  /// Name of the component with that index, empty if there is none.
  virtual std::string_view component_name(u32 index) = 0;
  ~Service() = default;

 private:
  ns16550::Device& device_;
  State& state_;
};

}  // namespace pith::log
