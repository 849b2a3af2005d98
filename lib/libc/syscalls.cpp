// The system calls of the C library, answered inside the component: memory from its heap, output and time through hooks, nothing else.
#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>

#include "lib/libc/hooks.h"
#include "lib/libc/state.h"

namespace pith::libc {
namespace {

constexpr u64 kNanosecondsPerSecond = 1'000'000'000;
constexpr int kFutexWait = 0, kFutexWake = 1, kFutexCommandMask = 0x7f;

bool is_output(long descriptor) { return descriptor == 1 || descriptor == 2; }

long map_memory(u64 length, u64 flags) {
  if (length == 0) return -EINVAL;
  if (!(flags & MAP_ANONYMOUS)) return -ENODEV;
  if (flags & MAP_FIXED) return -ENOMEM;
  u64 address = length <= state.heap.free_pages() * kPageSize ? state.heap.allocate(pages_for(length)) : 0;
  return address ? long(address) : -ENOMEM;
}

long unmap_memory(u64 address, u64 length) { return length != 0 && state.heap.release(address, pages_for(length)) ? 0 : -EINVAL; }

long write(long descriptor, const void* data, u64 size) {
  if (!is_output(descriptor)) return -EBADF;
  pith_libc_write(data, size);
  return long(size);
}

long write_vector(long descriptor, const iovec* pieces, long count) {
  if (!is_output(descriptor)) return -EBADF;
  long total = 0;
  for (long i = 0; i < count; ++i) {
    pith_libc_write(pieces[i].iov_base, pieces[i].iov_len);
    total += long(pieces[i].iov_len);
  }
  return total;
}

/// A terminal's answer to the one question that stdio asks makes it write standard output line by line, as a log wants it.
long control(long descriptor, u64 request) { return is_output(descriptor) && request == TIOCGWINSZ ? 0 : -ENOTTY; }

u64 wall_clock() { return state.wall_clock * kNanosecondsPerSecond + pith_libc_now(); }

long clock(long which, timespec* result) {
  u64 now = which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE ? wall_clock() : pith_libc_now();
  *result = {.tv_sec = time_t(now / kNanosecondsPerSecond), .tv_nsec = long(now % kNanosecondsPerSecond)};
  return 0;
}

long time_of_day(timeval* result) {
  u64 now = wall_clock();
  *result = {.tv_sec = time_t(now / kNanosecondsPerSecond), .tv_usec = suseconds_t(now % kNanosecondsPerSecond / 1000)};
  return 0;
}

long futex(volatile int* word, long operation, int value) {
  switch (operation & kFutexCommandMask) {
    case kFutexWait:
      return pith_libc_futex(word, value, 0);
    case kFutexWake:
      return pith_libc_futex(word, 0, value);
    default:
      return -ENOSYS;
  }
}

[[noreturn]] void end(int status) {
  for (;;) pith_libc_exit(status);
}

}  // namespace
}  // namespace pith::libc

extern "C" long pith_libc_syscall(long number, long a, long b, long c, long d, long, long) {
  using namespace pith::libc;
  switch (number) {
    case SYS_mmap:
      return map_memory(u64(b), u64(d));
    case SYS_munmap:
      return unmap_memory(u64(a), u64(b));
    case SYS_mprotect:  // the heap is always readable and writable
    case SYS_madvise:
      return 0;
    case SYS_brk:
    case SYS_mremap:
      return -ENOMEM;
    case SYS_write:
      return write(a, reinterpret_cast<const void*>(b), u64(c));
    case SYS_writev:
      return write_vector(a, reinterpret_cast<const iovec*>(b), c);
    case SYS_ioctl:
      return control(a, u64(b));
    case SYS_clock_gettime:
      return clock(a, reinterpret_cast<timespec*>(b));
    case SYS_gettimeofday:
      return time_of_day(reinterpret_cast<timeval*>(a));
    case SYS_futex:
      return futex(reinterpret_cast<volatile int*>(a), b, int(c));
    case SYS_set_thread_area:
      pith_set_thread_pointer(u64(a));
      return 0;
    case SYS_set_tid_address:
    case SYS_gettid:
    case SYS_getpid:
      return 1;
    case SYS_rt_sigprocmask:  // there are no signals to block
    case SYS_sched_yield:
      return 0;
    case SYS_exit:
    case SYS_exit_group:
      end(int(a));
    default:
      return -ENOSYS;
  }
}
