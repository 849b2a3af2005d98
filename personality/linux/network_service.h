// What the personality needs of a network stack, as plain functions: protocols/network.idl behind a seam.
#pragma once
#include <span>
#include <string>

#include "base/result.h"
#include "protocols/socket_memory.h"

namespace pith::personality {

struct AcceptedSocket {
  u64 socket = 0;
  network::Address address = {};
};

/// Every member may block, and is called without the environment's lock, from several threads at once. Errors as in protocols/network.idl.
class NetworkService {
 public:
  virtual ~NetworkService() = default;
  /// network::SocketMemory and the rings behind it: network::kMemoryBytes.
  virtual std::span<std::byte> memory() = 0;
  /// Tells the stack that rings have changed.
  virtual void ring() = 0;
  /// Answers when the stack has rung since the last time; perhaps for nothing.
  virtual Result<void> wait() = 0;

  virtual Result<u64> open(u64 kind, u64 family, u64 protocol) = 0;
  virtual Result<void> bind(u64 socket, const network::Address& address) = 0;
  virtual Result<void> connect(u64 socket, const network::Address& address) = 0;
  virtual Result<void> listen(u64 socket, u64 backlog) = 0;
  virtual Result<AcceptedSocket> accept(u64 socket) = 0;
  virtual Result<void> shutdown(u64 socket, u64 how) = 0;
  virtual Result<void> close(u64 socket, u64 abort) = 0;
  virtual Result<network::Address> own_address(u64 socket) = 0;
  virtual Result<network::Address> partner(u64 socket) = 0;
  virtual Result<void> set_option(u64 socket, u64 option, u64 value) = 0;
  virtual Result<u64> option(u64 socket, u64 option) = 0;
  virtual Result<network::Interface> interface_state(u64 number) = 0;
  virtual Result<void> configure(u64 number, u64 changes, const network::Interface& state) = 0;
  /// Text from `from` on; empty: its end.
  virtual Result<std::string> status(u64 from) = 0;
};

}  // namespace pith::personality
