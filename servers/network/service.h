// The network service: protocols/network.idl over the stack. Each call, and each thing that is due, is an event of its vault.
#pragma once
#include "lib/vault/state.h"
#include "lib/vault/transactional.h"
#include "protocols/network_server.h"
#include "servers/network/stack.h"

namespace pith::network {

class Service : public vault::Transactional<protocols::NetworkServer> {
 public:
  Service(CapabilitySlot endpoint, Stack& stack) : Transactional(endpoint), stack_(stack) {}

  Result<u64> open(Session session, u64 kind, u64 family, u64 protocol) override;
  Result<void> bind(Session session, u64 socket, std::span<const std::byte> address) override;
  Result<void> connect(Session session, u64 socket, std::span<const std::byte> address) override;
  Result<void> listen(Session session, u64 socket, u64 backlog) override;
  Result<protocols::NetworkAcceptResult> accept(Session session, u64 socket, std::span<std::byte, 32> address_room) override;
  Result<void> shutdown(Session session, u64 socket, u64 how) override;
  Result<void> close(Session session, u64 socket, u64 abort) override;
  Result<Bytes> own_address(Session session, u64 socket, std::span<std::byte, 32> address_room) override;
  Result<Bytes> partner(Session session, u64 socket, std::span<std::byte, 32> address_room) override;
  Result<void> set_option(Session session, u64 socket, u64 option, u64 value) override;
  Result<u64> option(Session session, u64 socket, u64 option) override;
  Result<Bytes> interface_state(Session session, u64 number, std::span<std::byte, 448> state_room) override;
  Result<void> configure(Session session, u64 number, u64 changes, std::span<const std::byte> state) override;
  Result<Bytes> status(Session session, u64 from, std::span<std::byte, 448> text_room) override;

  /// Doorbells; who rang is not looked at, as there may have been others.
  void on_signals(u64) override { stack_.look_at_all(); }
  bool is_due() override { return stack_.is_due(); }
  void advance() override { stack_.advance(); }
  u64 deadline() override { return stack_.deadline(); }
  bool look() override {
    stack_.publish();
    return false;
  }

 protected:
  /// Whether the session may change interfaces.
  virtual bool may_configure(Session session) = 0;
  ~Service() = default;

 private:
  Result<u32> client(Session session);

  Stack& stack_;
};

}  // namespace pith::network
