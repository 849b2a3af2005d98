// A machine of a test: a stack with its variables, a clock that the test moves, rings for a driver and clients that the test plays.
#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "abi/error.h"
#include "servers/network/stack.h"

namespace pith::network {

using Frame = std::vector<u8>;

/// What lwIP has allocated.
struct Objects {
  std::unordered_map<void*, usize> sizes;
  usize bytes = 0, peak = 0, most_bytes = 6 << 20;
};

/// Nanoseconds since boot, of all machines.
inline u64 test_time = 1'000'000'000;

/// Several may live; lwIP's variables are those of the machine that was entered last.
class Machine : public Outside {
 public:
  explicit Machine(u8 last_address_byte, std::string_view rules = {});
  ~Machine();
  static Machine& current() { return *current_; }

  u64 time() override { return test_time; }
  std::span<std::byte> memory_of(u64 session) override { return memory[session % 3]; }
  void ring_client(u64) override { rings++; }
  void ring_driver() override { driver_rings++; }

  /// Makes this machine's variables lwIP's.
  void enter();
  /// A new instance of the stack on the same state.
  void restart();
  /// Everything that is due now.
  void run();
  /// A call of session `session`, and what is due after it.
  template <class F>
  auto call(F&& function, u64 session = 1) {
    enter();
    auto result = function(*stack, *stack->client_of(session, 1));
    stack->publish();
    run();
    return result;
  }
  u32 open(u64 kind, u64 family = 4, u64 session = 1) {
    u64 protocol = kind != 3 ? 0 : family == 4 ? 1 : 58;
    return *call([&](Stack& one, u32 client) { return one.open(client, kind, family, protocol); }, session);
  }
  Result<void> bind(u32 number, const Address& address, u64 session = 1) {
    return call([&](Stack& one, u32 client) { return one.bind(client, number, address); }, session);
  }
  Result<void> listen(u32 number, u64 backlog = 8) {
    return call([&](Stack& one, u32 client) { return one.listen(client, number, backlog); });
  }
  Result<void> connect(u32 number, const Address& address) {
    return call([&](Stack& one, u32 client) { return one.connect(client, number, address); });
  }
  Result<u32> accept(u32 number) {
    Address partner;
    return call([&](Stack& one, u32 client) { return one.accept(client, number, partner); });
  }
  Result<void> close(u32 number, u64 abort = 0, u64 session = 1) {
    return call([&](Stack& one, u32 client) { return one.close(client, number, abort); }, session);
  }
  /// Of lwIP, in any state.
  u32 open_connections();

  /// As after a doorbell.
  void ring() {
    enter();
    stack->look_at_all();
    run();
  }

  // The driver's side.
  packet::Ring& ring_of_frames() { return *reinterpret_cast<packet::Ring*>(frames.data()); }
  std::vector<Frame> take_frames();
  bool put_frame(std::span<const u8> frame);

  // A client's side.
  SocketState& socket(u32 number, u64 session = 1) { return reinterpret_cast<SocketMemory*>(memory[session % 3].data())->sockets[number]; }
  u64 write(u32 number, std::string_view bytes, u64 session = 1);
  std::string read(u32 number, usize most = kRingBytes, u64 session = 1);
  void write_record(u32 number, const Address& to, std::string_view bytes, u64 session = 1);
  std::vector<std::pair<Address, std::string>> read_records(u32 number, u64 session = 1);

  Objects objects;
  std::vector<std::byte> memory[3];
  std::vector<std::byte> frames;
  std::unique_ptr<State> state = std::make_unique<State>();
  Filter filter;
  std::unique_ptr<Stack> stack;
  u64 rings = 0, driver_rings = 0;
  u8 hardware[6];

 private:
  static inline Machine* current_ = nullptr;
  std::vector<std::byte> variables_;
};

inline Address address4(u8 a, u8 b, u8 c, u8 d, u32 port) { return {4, port, {a, b, c, d}, 0, 0}; }

}  // namespace pith::network
