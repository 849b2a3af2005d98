// Host stand-in for lib/log.h: lines go to standard error.
#pragma once
#include "base/types.h"

namespace pith {

enum class LogLevel : u64 { Error = 0, Warning = 1, Information = 2, Detail = 3 };

void log_line(LogLevel level, const char* format, ...) __attribute__((format(printf, 2, 3)));

}  // namespace pith
