// Waits long enough for a watchdog to expire that nobody feeds, then takes the CPU for ever.
#include "tests/components/wait.h"

int main() {
  pith::wait_for(6 * pith::kSecond);
  for (;;) asm volatile("");
}
