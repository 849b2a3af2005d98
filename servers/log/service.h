// The log service: lines of all components, kept in the vault and printed on the diagnostic port.
#pragma once
#include <string_view>

#include "drivers/serial/ns16550/device.h"
#include "lib/vault/byte_ring.h"
#include "lib/vault/commit.h"
#include "protocols/log_server.h"
#include "servers/log/vault.h"

namespace pith::log {

/// Runs under serve_committing(). The port is polled: a line is on its way before its writer has the answer, unless the other end does not
/// read.
class Service : public protocols::LogServer {
 public:
  Service(CapabilitySlot endpoint, ns16550::Device& device, Vault& vault) : LogServer(endpoint), device_(device), vault_(vault) {}

  Result<void> line(Session session, u64 level, std::span<const std::byte> text) override;
  Result<u64> raw(Session session, std::span<const std::byte> data) override;
  Result<protocols::LogReadResult> read(Session session, u64 from, std::span<std::byte, 448> data_room) override;

  void on_signals(u64) {}
  Commit commit();
  void idle();
  u64 deadline() const { return deadline_; }

 protected:
  virtual u64 time() = 0;
  /// Name of the component with that index, empty if there is none.
  virtual std::string_view component_name(u32 index) = 0;
  ~Service() = default;

 private:
  void print();

  ns16550::Device& device_;
  Vault& vault_;
  u64 deadline_ = 0;
  Commit commit_;  // of the call in progress
};

}  // namespace pith::log
