// A wire between two machines of a test, in the test's own time: frames take a while, and some are lost, doubled or late.
#pragma once
#include <functional>
#include <map>

#include "lib/random.h"
#include "servers/network/test/machine.h"

namespace pith::network {

class Wire {
 public:
  Wire(Machine& one, Machine& two, u64 seed) : ends_{&one, &two}, random_(seed) {}

  /// Gives both their addresses, 10.0.0.N of machine N, and waits for IPv6's own.
  void set_up();
  /// Where the machine's sockets are reached.
  Address address_of(Machine& machine, u32 family, u32 port);
  /// Lets time pass, a millisecond after the other, until `is_done`; false: that has not come in ten minutes.
  bool run_until(const std::function<bool()>& is_done);
  bool run_for(u64 milliseconds);

  u32 lost = 0, doubled = 0, late = 0;  ///< of a hundred frames
  u64 carried = 0, dropped = 0;

 private:
  void step();

  Machine* ends_[2];
  Random random_;
  std::multimap<u64, std::pair<u32, Frame>> on_the_way_;  ///< by arrival: to which end
};

}  // namespace pith::network
