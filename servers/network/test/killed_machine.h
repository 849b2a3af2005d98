// A machine of a test whose network service runs in a vault, as in a component, and may be killed before any of its instructions; the test
// is its kernel, its driver and its clients.
#pragma once
#include <csetjmp>
#include <functional>
#include <optional>

#include "servers/network/service.h"
#include "tests/host/crash_test.h"

namespace pith::network {

using Frame = std::vector<u8>;
using Method = protocols::NetworkMethod;

/// There is one in a process: its vault has a fixed address.
class KilledMachine final : public Outside {
 public:
  explicit KilledMachine(u8 last_address_byte);

  u64 time() override { return time_ns; }
  std::span<std::byte> memory_of(u64) override { return client_memory_; }
  void ring_client(u64) override { client_rings++; }
  void ring_driver() override { driver_rings++; }

  /// Lets the service do all that is due. Where `kill_after` answers a number it is killed before so many more of its instructions, if it
  /// has so many to run, and a new instance goes on.
  void turn();
  std::function<std::optional<u64>()> kill_after;
  u64 kills = 0, kills_in_events = 0, kills_with_stores = 0;

  struct Answer {
    Error error;
    u64 word;  ///< word 1
    std::vector<u64> more;
  };
  /// A client's call, to its answer.
  Answer call(Method method, std::vector<u64> arguments, std::optional<Address> address = {});

  void put_frame(const Frame& frame);
  std::vector<Frame> take_frames();
  u64 write(u32 socket, std::string_view bytes);
  std::string read(u32 socket, usize most = kRingBytes);
  SocketState& socket(u32 number) { return reinterpret_cast<SocketMemory*>(client_memory_.data())->sockets[number]; }
  packet::Ring& ring() { return *reinterpret_cast<packet::Ring*>(frames_.data()); }
  State& state();
  Stack& stack();

  u64 time_ns = 1'000'000'000;
  u64 client_rings = 0, driver_rings = 0;
  u64 most_logged = 0;  ///< words that one event has stored

 private:
  struct Instance;
  void start();
  void recover();

  vault::FixedMemory vault_, log_;
  std::vector<std::byte> client_memory_, frames_;
  Filter filter_;
  Instance* instance_ = nullptr;
  u64 number_ = 0;
  bool has_bytes_ = false;  ///< the client has moved an index since the last turn
};

}  // namespace pith::network
