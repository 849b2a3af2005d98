// A component alone in a host test: nobody answers its calls, and the lines that it logs are kept.
#include "tests/host/lone_component.h"

#include <cstdarg>
#include <cstdio>

#include "lib/ipc/ipc.h"
#include "lib/log.h"

namespace pith {

std::vector<std::string> logged;

Status invoke(u64, Words&) { return Status{u64(Error::NotFound)}; }

MessageBuffer& ipc::message_buffer() {
  static MessageBuffer buffer;
  return buffer;
}

void log_line(LogLevel, const char* format, ...) {
  char text[448];
  va_list values;
  va_start(values, format);
  vsnprintf(text, sizeof text, format, values);
  va_end(values);
  logged.push_back(text);
}

}  // namespace pith
