// The console service: a terminal of bytes over a serial port.
#pragma once
#include "drivers/serial/ns16550/device.h"
#include "lib/token_list.h"
#include "lib/vault/byte_ring.h"
#include "lib/vault/state.h"
#include "lib/vault/transactional.h"
#include "protocols/console_server.h"

namespace pith::console {

/// What lasts. Reading the device's receive register and storing the byte, writing the transmit register and removing the byte are each one
/// step for a crash (lib/vault/commit.h). What lies in the device's own queues stays there.
struct State {
  static constexpr u64 kLayout = 1;
  static constexpr u64 kReceiveBytes = 4096, kTransmitBytes = 16384;

  ByteRing<kReceiveBytes> receive;
  ByteRing<kTransmitBytes> transmit;
  TokenList<16> input_waiters, drain_waiters;

  void begin() {}
  bool check() const { return receive.is_valid() && transmit.is_valid() && input_waiters.is_valid() && drain_waiters.is_valid(); }
};

class Service : public vault::Transactional<protocols::ConsoleServer> {
 public:
  Service(CapabilitySlot endpoint, ns16550::Device& device, State& state) : Transactional(endpoint), device_(device), state_(state) {}

  Result<u64> write(Session session, std::span<const std::byte> data) override;
  Result<Bytes> read(Session session, u64 most, std::span<std::byte, 448> data_room) override;
  Result<void> wait_input(Session session, Token token) override;
  Result<void> drain(Session session, Token token) override;

  /// The device's interrupt: its line is silent until look() opens it again.
  void on_signals(u64) override { is_interrupted_ = true; }
  /// Moves what can be moved without waiting.
  bool look() override;
  bool is_due() override;
  void advance() override;
  u64 deadline() override;

 protected:
  /// Opens the interrupt line at the controller.
  virtual void acknowledge_interrupt() = 0;
  virtual u64 time() = 0;
  ~Service() = default;

 private:
  u32 pump();

  ns16550::Device& device_;
  State& state_;
  bool is_interrupted_ = true;  // whatever the instance before left
  ns16550::Device::Causes causes_ = ns16550::Device::Causes::Receive;
};

}  // namespace pith::console
