// The way into the kernel of host tests of the folder: lines for the log go nowhere.
#include "lib/ipc/invoke.h"
#include "lib/log.h"

namespace pith {

Status invoke(u64, Words&) { return Status{}; }
void log_line(LogLevel, const char*, ...) {}

}  // namespace pith
