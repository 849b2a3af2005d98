// Takes the whole CPU for longer than a heartbeat, again and again, and rests as long in between.
#include "abi/start_information.h"
#include "lib/clock.h"
#include "lib/ipc/ipc.h"

int main() {
  using namespace pith;
  constexpr u64 kSpell = 7500 * kMicrosecond;
  while (true) {
    for (u64 end = now() + kSpell; now() < end;) continue;
    (void)ipc::receive(ComponentSlot::Service, now() + kSpell);  // nobody calls
  }
}
