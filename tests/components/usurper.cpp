// Waits long enough for a watchdog to expire that nobody feeds, then takes the CPU for ever.
#include "lib/clock.h"
#include "lib/ipc/ipc.h"
#include "lib/start.h"

int main() {
  using namespace pith;
  (void)ipc::receive(ComponentSlot::Service, now() + 6 * kSecond);
  for (;;) asm volatile("");
}
