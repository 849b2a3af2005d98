// Keeps the console, the log and the clock busy with requests that change nothing that a user sees.
#include "lib/start.h"
#include "protocols/clock.h"
#include "protocols/console.h"
#include "protocols/log.h"

using namespace pith;

int main() {
  auto console = find_slot("console"), log = find_slot("log"), clock = find_slot("clock");
  if (!console || !log || !clock) return 1;
  u64 position = 0;
  while (true) {
    (void)protocols::ConsoleClient{*console}.read(0);
    auto read = protocols::LogClient{*log}.read(position);
    position = read ? read->next : 0;
    (void)protocols::ClockClient{*clock}.wall_offset();
    (void)protocols::ConsoleClient{*console}.write({});
  }
}
