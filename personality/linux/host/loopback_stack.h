// Host: a network stack that knows only this machine: what is sent to it comes back. For tests and for runs on the build machine.
#pragma once
#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

#include "personality/linux/network_service.h"

namespace pith::personality {

class LoopbackStack final : public NetworkService {
 public:
  LoopbackStack();

  std::span<std::byte> memory() override { return memory_; }
  void ring() override;
  Result<void> wait() override;
  Result<u64> open(u64 kind, u64 family, u64 protocol) override;
  Result<void> bind(u64 socket, const network::Address& address) override;
  Result<void> connect(u64 socket, const network::Address& address) override;
  Result<void> listen(u64 socket, u64 backlog) override;
  Result<AcceptedSocket> accept(u64 socket) override;
  Result<void> shutdown(u64 socket, u64 how) override;
  Result<void> close(u64 socket, u64 abort) override;
  Result<network::Address> own_address(u64 socket) override;
  Result<network::Address> partner(u64 socket) override;
  Result<void> set_option(u64 socket, u64 option, u64 value) override;
  Result<u64> option(u64 socket, u64 option) override;
  Result<network::Interface> interface_state(u64 number) override;
  Result<void> configure(u64 number, u64 changes, const network::Interface& state) override;
  Result<std::string> status(u64 from) override;

  u64 open_sockets();

 private:
  static constexpr u32 kNone = ~0u;
  struct Socket {
    bool is_open = false, listens = false, has_ended = false, is_bound = false;
    bool owns_shared = true;  ///< a program has it; else it only sends what is left
    u64 kind = 0, family = 0, protocol = 0, backlog = 0, generation = 0;
    network::Address own = {}, partner = {};
    u32 peer = kNone;
    std::deque<u32> waiting;
    u64 options[16] = {};
  };

  network::SocketState& state(u32 number) { return reinterpret_cast<network::SocketMemory*>(memory_.data())->sockets[number]; }
  Result<Socket*> find(u64 socket);
  u32 allocate(u64 kind, u64 family, u64 protocol);
  void add_events(u32 number, u64 events, u64 error = 0);
  void bind_any(u32 number, u64 family);
  u32 find_bound(u64 kind, const network::Address& address, bool listening);
  void pump();
  void pump_stream(u32 number);
  void pump_records(u32 number);
  void deliver(u32 to, const network::Address& from, const std::vector<std::byte>& bytes);
  void answer_echo(u32 number, const network::Address& to, std::vector<std::byte> bytes);
  void end_stream(u32 number);
  void tell();

  std::vector<std::byte> memory_;
  std::vector<Socket> sockets_;
  network::Interface loopback_ = {};
  u32 next_port_ = 40000;
  u64 generations_ = 0;
  bool has_rung_ = false;
  std::mutex mutex_;
  std::condition_variable rung_;
};

}  // namespace pith::personality
