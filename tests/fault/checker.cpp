// A client of console, log, clock, entropy and bus that knows what their answers must be, while they are hurt: each of its lines is in the
// log once and in order, the wall clock does not jump, alarms come in time and not before, no random bytes come twice, the bus gives no
// device.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/random.h"
#include "lib/start.h"
#include "protocols/bus.h"
#include "protocols/clock.h"
#include "protocols/console.h"
#include "protocols/entropy.h"
#include "protocols/log.h"
#include "tests/fault/findings.h"

namespace {

using namespace pith;
using torture::Finding;

torture::Findings findings("checker");

/// Reads the log from its beginning on, a piece at a time, and compares the numbers of this component's own lines.
class LogReader {
 public:
  explicit LogReader(protocols::LogClient log) : log_(log) {}

  void write_line() { log_line(LogLevel::Detail, "%s%llu", kMark, static_cast<unsigned long long>(++written_)); }

  void read() {
    auto piece = log_.read(position_);
    if (!piece) return findings.add("log", Finding::Wrong, error_name(piece.error()));
    char text[448];
    usize count = piece->data.size();
    memcpy(text, piece->data.data.data(), count);
    if (piece->next - position_ != count) {  // what was overwritten is skipped
      length_ = 0;
      seen_ = kUnknown;
    }
    position_ = piece->next;
    for (usize i = 0; i < count; i++) take(text[i]);
  }

 private:
  static constexpr char kMark[] = "numbered line ";
  static constexpr u64 kUnknown = ~u64{0};

  void take(char byte) {
    if (byte != '\n') {
      if (length_ < sizeof line_ - 1) line_[length_++] = byte;
      return;
    }
    line_[length_] = 0;
    length_ = 0;
    const char* mark = strstr(line_, kMark);
    if (!mark) return;
    u64 number = strtoul(mark + sizeof kMark - 1, nullptr, 10);
    if (seen_ != kUnknown && number != seen_ + 1) {
      // In other words than the lines themselves, or it would be taken for one.
      snprintf(line_, sizeof line_, "number %llu behind %llu", static_cast<unsigned long long>(number),
               static_cast<unsigned long long>(seen_));
      findings.add("log", number > seen_ ? Finding::Lost : Finding::Doubled, line_);
    }
    seen_ = number;
  }

  protocols::LogClient log_;
  u64 position_ = 0, written_ = 0, seen_ = 0;
  usize length_ = 0;
  char line_[512];
};

/// The wall clock stands where it stood, and an alarm rings once its time has come.
class ClockReader {
 public:
  explicit ClockReader(protocols::ClockClient clock) : clock_(clock), offset_(clock.wall_offset().value_or(0)) {}

  void read() const {
    auto offset = clock_.wall_offset();
    if (!offset) return findings.add("clock", Finding::Wrong, error_name(offset.error()));
    if (*offset != offset_) findings.add("clock", Finding::Wrong, "the wall clock has jumped");
  }

  void set_alarm(u64 delay) const {
    u64 deadline = now() + delay;
    auto rang = clock_.sleep_until(deadline);
    u64 at = now();
    if (!rang) return findings.add("clock", Finding::Wrong, error_name(rang.error()));
    if (at < deadline) findings.add("clock", Finding::Wrong, "an alarm rang before its time");
    if (at > deadline + patience_) findings.add("clock", Finding::Lost, "an alarm came late");
  }

 private:
  protocols::ClockClient clock_;
  u64 patience_ =
      has_command_line_word("host_time") ? kSecond : 100 * kMillisecond;  // the host's time goes on while it does something else
  u64 offset_;
};

/// Asks for no bytes: what is typed is the Linux environment's.
void look_at_console(const protocols::ConsoleClient& console) {
  auto bytes = console.read(0);
  if (!bytes) return findings.add("console", Finding::Wrong, error_name(bytes.error()));
  if (bytes->size() != 0) findings.add("console", Finding::Wrong, "bytes that were not asked for");
}

void draw_bytes(const protocols::EntropyClient& entropy) {
  static std::byte last[32];
  auto bytes = entropy.read(sizeof last);
  if (!bytes) return findings.add("entropy", Finding::Wrong, error_name(bytes.error()));
  if (bytes->size() != sizeof last) return findings.add("entropy", Finding::Wrong, "fewer bytes than wanted");
  if (memcmp(last, bytes->data.data(), sizeof last) == 0) findings.add("entropy", Finding::Doubled, "bytes came twice");
  memcpy(last, bytes->data.data(), sizeof last);
}

/// No device is this component's.
void look_at_bus(const protocols::BusClient& bus) {
  auto word = bus.configuration(0);
  if (word || word.error() != Error::NotFound) findings.add("bus", Finding::Wrong, word ? "another's device" : error_name(word.error()));
}

}  // namespace

int main() {
  constexpr u32 kLooks = 6;  // short calls: as often as keeps their servers as busy as the others
  auto console = find_slot("console"), log = find_slot("log"), clock = find_slot("clock"), entropy = find_slot("entropy");
  auto bus = find_slot("bus");
  if (!console || !log || !clock || !entropy || !bus) return 1;
  LogReader log_reader(protocols::LogClient{*log});
  ClockReader clock_reader(protocols::ClockClient{*clock});
  Random random(start_information().seed[0]);
  for (u64 round = 0;; round++) {
    if (round % 8 == 0) log_reader.write_line();
    log_reader.read();
    for (u32 look = 0; look < kLooks; look++) {
      clock_reader.read();
      look_at_console(protocols::ConsoleClient{*console});
      look_at_bus(protocols::BusClient{*bus});
    }
    if (round % 4 == 0) clock_reader.set_alarm(random.below(100 * kMicrosecond));
    draw_bytes(protocols::EntropyClient{*entropy});
    findings.count_operation();
  }
}
