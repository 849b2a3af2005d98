// The console service: a terminal of bytes over a serial port.
#pragma once
#include "drivers/serial/ns16550/device.h"
#include "lib/token_list.h"
#include "lib/vault/commit.h"
#include "protocols/console_server.h"
#include "servers/console/vault.h"

namespace pith::console {

/// Runs under serve_committing(). Input and output lie in the vault; the device is looked after in idle().
class Service : public protocols::ConsoleServer {
 public:
  Service(CapabilitySlot endpoint, ns16550::Device& device, Vault& vault) : ConsoleServer(endpoint), device_(device), vault_(vault) {}

  Result<u64> write(Session session, std::span<const std::byte> data) override;
  Result<Bytes> read(Session session, u64 most, std::span<std::byte, 448> data_room) override;
  Result<void> wait_input(Session session, Token token) override;
  Result<void> drain(Session session, Token token) override;

  /// The device's interrupt: its line is silent until idle() opens it again.
  void on_signals(u64 bits);
  Commit commit();
  void idle();
  u64 deadline() const { return deadline_; }

 protected:
  /// Opens the interrupt line at the controller.
  virtual void acknowledge_interrupt() = 0;
  virtual u64 time() = 0;
  /// Lets others run while the output ring is full.
  virtual void pause() = 0;
  ~Service() = default;

 private:
  void pump();

  ns16550::Device& device_;
  Vault& vault_;
  Commit commit_;          // of the call in progress
  bool is_closed_ = true;  // the device's interrupts are off
  ns16550::Device::Causes causes_ = ns16550::Device::Causes::Receive;
  TokenList<16> input_waiters_, drain_waiters_;
  u64 deadline_ = 0;
};

}  // namespace pith::console
