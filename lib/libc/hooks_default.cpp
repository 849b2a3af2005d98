// Defaults of the hooks that lib/ does not supply. They are weak and in the archive that is linked last.
#include "lib/libc/hooks.h"

#include <errno.h>
#include <string.h>

extern "C" [[gnu::weak]] void pith_libc_write(const void*, size_t) {}

extern "C" [[gnu::weak]] void pith_libc_exit(int) { __builtin_trap(); }

extern "C" [[gnu::weak]] long pith_libc_futex(volatile int* word, int value, int wake) {
  if (wake) return 0;
  if (*word != value) return -EAGAIN;
  static constexpr char kMessage[] = "libc: a lock is contended, but this component's threads cannot wait in the C library\n";
  pith_libc_write(kMessage, strlen(kMessage));
  __builtin_trap();
}
