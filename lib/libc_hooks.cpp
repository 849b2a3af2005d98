// What the C library asks of the rest of the system: where its output goes and how its locks wait.
#include "lib/libc/hooks.h"

#include <errno.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/sync.h"

namespace {

using namespace pith;

constexpr size_t kLine = 256;

char line[kLine];
size_t line_length = 0;

Mutex futex_mutex;
WaitQueue futex_waiters;  // of all words: few ever wait

}  // namespace

/// Standard output and standard error of a component are lines of the log. Called under the C library's own lock.
extern "C" void pith_libc_write(const void* data, size_t size) {
  const char* text = static_cast<const char*>(data);
  for (size_t i = 0; i < size; i++) {
    if (text[i] != '\n') line[line_length++] = text[i];
    if (text[i] == '\n' || line_length == kLine) {
      log_line(LogLevel::Information, "%.*s", int(line_length), line);
      line_length = 0;
    }
  }
}

extern "C" u64 pith_libc_now() { return now(); }

extern "C" long pith_libc_futex(volatile int* word, int value, int wake) {
  Lock lock(futex_mutex);
  if (wake) {
    futex_waiters.wake_all();
    return 0;
  }
  if (*word != value) return -EAGAIN;
  Result<void> waited = futex_waiters.wait(futex_mutex);
  return waited ? 0 : -EINTR;
}
