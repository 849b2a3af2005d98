// Lines for the log service.
#pragma once
#include "base/types.h"

namespace pith {

enum class LogLevel : u64 { Error = 0, Warning = 1, Information = 2, Detail = 3 };

/// Sends one line, printf-like, at most 448 bytes. Falls away silently where this component has no log.
/// Never used by what the log's own restart depends on (root, supervisor).
void log_line(LogLevel level, const char* format, ...) __attribute__((format(printf, 2, 3)));

}  // namespace pith
