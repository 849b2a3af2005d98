// Formats a line and hands it to the log service.
#include "lib/log.h"

#include <cstdarg>
#include <cstdio>
#include <span>

#include "lib/retry.h"
#include "lib/start.h"
#include "protocols/log.h"

namespace pith {

void log_line(LogLevel level, const char* format, ...) {
  static const bool has_log = bool(find_slot("log"));
  if (!has_log) return;
  char text[448];
  va_list values;
  va_start(values, format);
  int length = vsnprintf(text, sizeof text, format, values);
  va_end(values);
  if (length < 0) return;
  usize bytes = usize(length) < sizeof text ? usize(length) : sizeof text - 1;
  // A lost line is not the caller's business.
  protocols::LogClient log{ComponentSlot::Log};
  (void)uninterrupted([&] { return log.line(u64(level), std::as_bytes(std::span(text, bytes))); });
}

}  // namespace pith
