// The wire of tests.
#include "servers/network/test/wire.h"

#include <cstring>

#include "lwip/netif.h"

namespace pith::network {

namespace {

constexpr u64 kMillisecond = 1'000'000;
constexpr u64 kDelay = kMillisecond / 2, kLateness = 8 * kMillisecond;

}  // namespace

void Wire::set_up() {
  for (Machine* machine : ends_) {
    machine->run();
    Interface state = {};
    u8 address[4] = {10, 0, 0, machine->hardware[5]}, mask[4] = {255, 255, 255, 0};
    memcpy(state.address, address, 4);
    memcpy(state.mask, mask, 4);
    EXPECT_TRUE(machine->stack->configure(machine->state->card().num, InterfaceChange::Address, state));
  }
  EXPECT_TRUE(run_for(5000));  // IPv6 looks whether somebody else has its address
}

Address Wire::address_of(Machine& machine, u32 family, u32 port) {
  if (family == 4) return address4(10, 0, 0, machine.hardware[5], port);
  machine.enter();
  Address address = {6, port, {}, 0, 0};
  memcpy(address.bytes, netif_ip6_addr(&machine.state->card(), 0)->addr, 16);
  return address;
}

void Wire::step() {
  test_time += kMillisecond;
  while (!on_the_way_.empty() && on_the_way_.begin()->first <= test_time) {
    auto [to, frame] = std::move(on_the_way_.begin()->second);
    on_the_way_.erase(on_the_way_.begin());
    if (!ends_[to]->put_frame(frame)) dropped++;
  }
  for (u32 end = 0; end < 2; end++) {
    Machine& machine = *ends_[end];
    machine.run();
    for (Frame& frame : machine.take_frames()) {
      carried++;
      if (random_.below(100) < lost) {
        dropped++;
        continue;
      }
      u64 arrival = test_time + kDelay + (random_.below(100) < late ? random_.below(kLateness) : 0);
      if (random_.below(100) < doubled) on_the_way_.insert({arrival + kDelay, {1 - end, frame}});
      on_the_way_.insert({arrival, {1 - end, std::move(frame)}});
    }
  }
}

bool Wire::run_until(const std::function<bool()>& is_done) {
  for (u32 i = 0; i < 600'000; i++) {
    step();
    if (is_done()) return true;
  }
  return false;
}

bool Wire::run_for(u64 milliseconds) {
  u64 end = test_time + milliseconds * kMillisecond;
  return run_until([&] { return test_time >= end; });
}

}  // namespace pith::network
