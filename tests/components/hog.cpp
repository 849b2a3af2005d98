// Takes the whole CPU for longer than a heartbeat, again and again, and rests as long in between.
#include "tests/components/wait.h"

int main() {
  using namespace pith;
  constexpr u64 kSpell = 7500 * kMicrosecond;
  while (true) {
    for (u64 end = now() + kSpell; now() < end;) continue;
    wait_for(kSpell);
  }
}
