// Decodes the PC's real-time clock.
#include "drivers/clock/mc146818/device.h"

#include "abi/error.h"

namespace pith::mc146818 {

namespace {

constexpr u32 kTries = 10'000;

constexpr u32 from_bcd(u8 value) { return (value >> 4) * 10u + (value & 15); }

/// Days from 1970-01-01 to a date of the Gregorian calendar; March is month 0 of a year, so that leap days come last.
constexpr u64 days_since_1970(u32 year, u32 month, u32 day) {
  u32 shifted_year = month > 2 ? year : year - 1;
  u32 shifted_month = (month + 9) % 12;
  u64 days = u64{365} * shifted_year + shifted_year / 4 - shifted_year / 100 + shifted_year / 400 + (153 * shifted_month + 2) / 5 + day - 1;
  return days - 719468;  // of 1970-01-01 in this count
}
static_assert(days_since_1970(1970, 1, 1) == 0);
static_assert(days_since_1970(2000, 3, 1) == 11017);

Snapshot take(Access& access) {
  return {access.read(Register::Seconds), access.read(Register::Minutes), access.read(Register::Hours),   access.read(Register::Day),
          access.read(Register::Month),   access.read(Register::Year),    access.read(Register::Century), access.read(Register::StatusB)};
}

}  // namespace

Result<u64> decode(const Snapshot& snapshot) {
  bool is_binary = snapshot.status_b & StatusB::Binary;
  auto number = [&](u8 value) { return is_binary ? u32{value} : from_bcd(value); };
  bool is_afternoon = !(snapshot.status_b & StatusB::Hours24) && (snapshot.hours & kAfternoon);
  u32 hours = number(snapshot.status_b & StatusB::Hours24 ? snapshot.hours : u8(snapshot.hours & ~kAfternoon));
  if (!(snapshot.status_b & StatusB::Hours24)) hours = hours % 12 + (is_afternoon ? 12 : 0);
  u32 century = number(snapshot.century);
  if (century < 19 || century > 29) century = 20;  // not every machine has the register
  u32 year = century * 100 + number(snapshot.year);
  u32 month = number(snapshot.month), day = number(snapshot.day), minutes = number(snapshot.minutes), seconds = number(snapshot.seconds);
  if (month < 1 || month > 12 || day < 1 || day > 31 || hours > 23 || minutes > 59 || seconds > 60 || year < 1970) return Error::Damaged;
  return ((days_since_1970(year, month, day) * 24 + hours) * 60 + minutes) * 60 + seconds;
}

Result<u64> read_seconds(Access& access) {
  Snapshot last = take(access);
  for (u32 i = 0; i < kTries; i++) {
    if (access.read(Register::StatusA) & StatusA::Updating) continue;
    Snapshot next = take(access);
    if (next == last) return decode(next);
    last = next;
  }
  return Error::TimedOut;
}

}  // namespace pith::mc146818
