// A client of the network stack, which is killed again and again: a connection over the loopback interface carries its bytes whole and in
// order, and the gateway of QEMU's user network answers echoes. Ends the machine with 0 when all of that held.
#include <algorithm>
#include <cstring>
#include <string_view>

#include "abi/error.h"
#include "lib/clock.h"
#include "lib/driver_memory.h"
#include "lib/log.h"
#include "lib/random.h"
#include "lib/shared_memory.h"
#include "lib/start.h"
#include "protocols/network.h"
#include "protocols/socket_memory.h"
#include "protocols/supervisor.h"
#include "tests/components/wait.h"

namespace {

using namespace pith;
using namespace pith::network;
using ull = unsigned long long;

constexpr u64 kPatience = 20 * kSecond;
constexpr u64 kBytes = 2 << 20;
constexpr u32 kKills = 50;
constexpr u64 kPort = 7;

std::span<const std::byte> bytes_of(const Address& address) { return std::as_bytes(std::span(&address, 1)); }
std::byte pattern(u64 place) { return std::byte(place * 0x9e3779b97f4a7c15 >> 56); }

class Surfer {
 public:
  Surfer(protocols::NetworkClient network, SharedMemory memory, u32 stack) : network_(network), memory_(memory), stack_(stack) {}

  /// Waits for what DHCP gives.
  Result<void> wait_for_address() {
    for (u64 begin = now(); now() < begin + kPatience; wait_for(10 * kMillisecond)) {
      for (u64 number = 0; number < 3; number++) {
        auto bytes = network_.interface_state(number);
        Interface state;
        if (!bytes || bytes->size() != sizeof state) continue;
        memcpy(static_cast<void*>(&state), bytes->data.data(), sizeof state);
        if (state.address[0] != 10) continue;
        log_line(LogLevel::Information, "surfer: %s has %u.%u.%u.%u", state.name, state.address[0], state.address[1], state.address[2],
                 state.address[3]);
        return {};
      }
    }
    return Error::TimedOut;
  }

  Result<void> connect() {
    Address here = {4, u32(kPort), {127, 0, 0, 1}, 0, 0};
    u64 listener = TRY(network_.open(1, 4, 0));
    TRY(network_.bind(listener, bytes_of(here)));
    TRY(network_.listen(listener, 4));
    from_ = u32(TRY(network_.open(1, 4, 0)));
    TRY(network_.connect(from_, bytes_of(here)));
    u64 begin = now();
    while ((load_shared(state(u32(listener)).events) & Event::CanAccept) == 0) {
      if (now() > begin + kPatience) return Error::TimedOut;
      wait_for(kMillisecond);
    }
    to_ = u32(TRY(network_.accept(listener)).accepted);
    echo_ = u32(TRY(network_.open(3, 4, 1)));
    return {};
  }

  /// Puts bytes into one end and takes them from the other. Errors: Damaged, when one is not what it should be.
  Result<void> move() {
    SocketState &from = state(from_), &to = state(to_);
    if (((load_shared(from.events) | load_shared(to.events)) & Event::Reset) != 0) return Error::SessionDead;
    u64 room = kRingBytes - (from.sent_filled - load_shared(from.sent_taken));
    u64 count = std::min({room, kBytes - from.sent_filled, u64{8000}});
    for (u64 i = 0; i < count; i++) memory_.bytes[sent_ring(from_) + (from.sent_filled + i) % kRingBytes] = pattern(from.sent_filled + i);
    store_shared(from.sent_filled, from.sent_filled + count);
    u64 filled = load_shared(to.received_filled);
    if (filled > from.sent_filled) return Error::Damaged;
    for (u64 i = to.received_taken; i < filled; i++) {
      if (memory_.bytes[received_ring(to_) + i % kRingBytes] != pattern(i)) return Error::Damaged;
    }
    store_shared(to.received_taken, filled);
    ring_component(stack_);
    return {};
  }

  void ask_for_echo() {
    SocketState& socket = state(echo_);
    u8 record[sizeof(Datagram) + 16] = {};
    Datagram head = {16, 0, {4, 0, {10, 0, 2, 2}, 0, 0}};
    memcpy(record, &head, sizeof head);
    u8 request[16] = {8, 0, 0xf7, 0xff};
    memcpy(record + sizeof head, request, sizeof request);
    for (u64 i = 0; i < sizeof record; i++) memory_.bytes[sent_ring(echo_) + (socket.sent_filled + i) % kRingBytes] = std::byte(record[i]);
    store_shared(socket.sent_filled, socket.sent_filled + sizeof record);
    ring_component(stack_);
  }
  /// How many bytes of answers have come; each is a record.
  u64 take_echoes() {
    SocketState& socket = state(echo_);
    u64 filled = load_shared(socket.received_filled), bytes = filled - socket.received_taken;
    store_shared(socket.received_taken, filled);
    return bytes;
  }
  u64 arrived() { return state(to_).received_taken; }

 private:
  SocketState& state(u32 number) { return reinterpret_cast<SocketMemory*>(memory_.bytes.data())->sockets[number]; }

  protocols::NetworkClient network_;
  SharedMemory memory_;
  u32 stack_;
  u32 from_ = 0, to_ = 0, echo_ = 0;
};

u64 component_called(protocols::SupervisorClient supervisor, std::string_view name) {
  for (u64 i = 1; i < supervisor.count().value_or(0); i++) {
    auto text = supervisor.name(i);
    if (text && std::string_view(reinterpret_cast<const char*>(text->data.data()), text->data.size()) == name) return i;
  }
  return 0;
}

Result<void> run() {
  protocols::SupervisorClient supervisor{TRY(find_slot("supervisor"))};
  u64 stack = component_called(supervisor, "network");
  Surfer surfer(protocols::NetworkClient{TRY(find_slot("network"))}, TRY(find_memory("sockets")), u32(stack));
  TRY(surfer.wait_for_address());
  TRY(surfer.connect());
  Random random(7);
  u64 kills = 0, echoes = 0, last = now(), arrived = 0, next_kill = kBytes / kKills / 2, begin = now();
  while (surfer.arrived() < kBytes) {
    TRY(surfer.move());
    if (surfer.arrived() >= next_kill && kills < kKills) {
      wait_until(now() + random.below(kMillisecond / 2));
      if (!supervisor.control(stack, std::as_bytes(std::span("kill", 4)))) return Error::Damaged;
      next_kill += kBytes / kKills;
      kills++;
      surfer.ask_for_echo();
    }
    if (surfer.arrived() != arrived) last = now();
    arrived = surfer.arrived();
    if (now() > last + kPatience) return Error::TimedOut;
    echoes += surfer.take_echoes() != 0;
    wait_for(kMillisecond);
  }
  u64 took = now() - begin;
  for (u64 end = now() + kPatience; echoes == 0 && now() < end; wait_for(kMillisecond)) echoes += surfer.take_echoes() != 0;
  log_line(LogLevel::Information, "surfer: %llu bytes in %llu ms, %llu kills, %llu echoes", ull(arrived), ull(took / kMillisecond),
           ull(kills), ull(echoes));
  return echoes != 0 && kills == kKills ? Result<void>() : Error::TimedOut;
}

}  // namespace

int main() {
  Result<void> result = run();
  if (!result) log_line(LogLevel::Error, "surfer: %s", error_name(result.error()));
  if (auto supervisor = find_slot("supervisor")) (void)protocols::SupervisorClient{*supervisor}.power(0, result ? 0 : 1);
}
