// The few functions through which the C library reaches the rest of the system: lib/ supplies them, and hooks_default.cpp what it leaves
// out.
#pragma once
#include <stddef.h>

#include "base/types.h"

extern "C" {

/// Takes what the component writes to standard output and standard error (descriptors 1 and 2). The default drops it.
void pith_libc_write(const void* data, size_t size);

/// Nanoseconds since boot. The default reads the time-stamp counter and the start information.
u64 pith_libc_now();

/// Ends the component with `status`; called again if it returns. The default stops it with an illegal instruction, for the supervisor to
/// see.
void pith_libc_exit(int status);

/// Waits while `*word == value` (`wake` 0), or wakes up to `wake` waiters. Answers 0 or a negative Linux error number.
/// Reached only after pith_libc_enable_threads, or when a lock is taken twice by the thread that holds it. The default wakes nobody and
/// treats waiting as the bug it is: it reports it and stops the component.
long pith_libc_futex(volatile int* word, int value, int wake);

/// Sets the calling thread's thread pointer by the kernel, which loads it at each switch. The default does it to the component's first
/// thread, the only one that ever needs this: others get their pointer before they start.
void pith_set_thread_pointer(u64 pointer);

/// What every system call of the C library calls: Linux numbers of this architecture, Linux arguments, -errno for errors (syscalls.cpp).
long pith_libc_syscall(long number, long a, long b, long c, long d, long e, long f);

/// Entry in C++, called by `_start` with the page that the program was started with (StartInformation, or root's BootInformation):
/// sets up the library and runs `main`. Root has no heap: malloc answers that there is no memory.
[[noreturn]] void pith_libc_start(const void* page, int (*main)(int, char**, char**));
}
