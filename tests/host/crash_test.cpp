// The way into the kernel, which is the test.
#include "tests/host/crash_test.h"

#include "lib/log.h"

namespace pith {

void log_line(LogLevel, const char*, ...) {}

MessageBuffer& ipc::message_buffer() {
  static MessageBuffer buffer;
  return buffer;
}

/// The kernel is not the one that is killed.
Status invoke(u64 handle, Words& words) {
  vault::is_in_kernel = true;
  Status status = vault::world.enter(Handle{handle}, words);
  vault::is_in_kernel = false;
  return status;
}

}  // namespace pith
