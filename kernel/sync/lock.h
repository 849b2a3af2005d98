// The one fair lock around the kernel: tickets are served in order.
#pragma once
#include "kernel/arch/contract/cpu.h"

namespace pith {

/// Held from kernel entry to kernel exit; user code and idle CPUs never hold it.
class alignas(64) KernelLock {
 public:
  void acquire() {
    // Acquire: everything the last holder wrote is seen before anything is read here.
    u32 ticket = __atomic_fetch_add(&next_, 1, __ATOMIC_ACQUIRE);
    if (__builtin_expect(__atomic_load_n(&owner_, __ATOMIC_ACQUIRE) != ticket, 0)) wait(ticket);
  }
  void release() {
    // Release: everything written while holding the lock is seen by the next holder. Only the holder writes owner_.
    __atomic_store_n(&owner_, __atomic_load_n(&owner_, __ATOMIC_RELAXED) + 1, __ATOMIC_RELEASE);
  }
  /// The same, and whoever is next and went to rest gets up at once, not only when the time for that has come.
  [[gnu::always_inline]] void release_and_rouse() {
    u32 next = __atomic_load_n(&owner_, __ATOMIC_RELAXED) + 1;
    __atomic_store_n(&owner_, next, __ATOMIC_RELEASE);
    arch::rouse(next);
  }

  /// Until `ticket`, which has been drawn, is served. It preserves registers, so that entry code which finds the lock free saves none for its sake.
  [[gnu::noinline, clang::preserve_most]] void wait(u32 ticket) {
    for (u32 round = 0; __atomic_load_n(&owner_, __ATOMIC_ACQUIRE) != ticket; round++) arch::relax(round, ticket);
  }

 private:
  u32 owner_ = 0;  // first: the port's fast exit releases the lock by counting it up
  u32 next_ = 0;
};

extern "C" KernelLock kernel_lock;

}  // namespace pith
