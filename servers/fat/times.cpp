// Converts between dates and days by shifting the year's beginning to March, so that leap days come last.
#include "servers/fat/times.h"

namespace pith::fat {

namespace {

constexpr i64 kNanoseconds = 1'000'000'000, kDay = 86400;

/// Days since 1970 of a day of the Gregorian calendar.
constexpr i64 days_of(i64 year, i64 month, i64 day) {
  i64 shifted = month <= 2 ? year - 1 : year;
  i64 era = shifted / 400, of_era = shifted % 400;
  i64 day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719468;
}
static_assert(days_of(1970, 1, 1) == 0 && days_of(2000, 3, 1) == 11017);

constexpr i64 kFirst = days_of(1980, 1, 1) * kDay, kLast = days_of(2108, 1, 1) * kDay - 1;

}  // namespace

Stamp stamp_of(i64 nanoseconds) {
  i64 seconds = nanoseconds / kNanoseconds;
  i64 hundredths = nanoseconds % kNanoseconds / 10'000'000;
  if (seconds < kFirst) seconds = kFirst, hundredths = 0;
  if (seconds > kLast) seconds = kLast, hundredths = 99;
  i64 days = seconds / kDay + 719468, of_day = seconds % kDay;
  i64 era = days / 146097, of_era = days % 146097;
  i64 year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  i64 day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  i64 shifted_month = (5 * day_of_year + 2) / 153;
  i64 day = day_of_year - (153 * shifted_month + 2) / 5 + 1, month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  i64 year = era * 400 + year_of_era + (month <= 2 ? 1 : 0);
  return {u16((year - 1980) << 9 | month << 5 | day), u16(of_day / 3600 << 11 | of_day / 60 % 60 << 5 | of_day % 60 / 2),
          u8(of_day % 2 * 100 + hundredths)};
}

i64 nanoseconds_of(Stamp stamp) {
  i64 day = stamp.date & 31, month = stamp.date >> 5 & 15, year = 1980 + (stamp.date >> 9);
  if (day == 0 || month == 0 || month > 12) return 0;
  i64 of_day = (stamp.time >> 11) * 3600 + (stamp.time >> 5 & 63) * 60 + (stamp.time & 31) * 2;
  return (days_of(year, month, day) * kDay + of_day) * kNanoseconds + stamp.hundredths * i64{10'000'000};
}

}  // namespace pith::fat
