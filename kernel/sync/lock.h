// The one fair lock around the kernel: tickets are served in order.
#pragma once
#include "base/types.h"

namespace pith {

/// Held from kernel entry to kernel exit; user code and idle CPUs never hold it.
class alignas(64) KernelLock {
 public:
  void acquire() {
    // Acquire: everything the last holder wrote is seen before anything is read here.
    u32 ticket = __atomic_fetch_add(&next_, 1, __ATOMIC_ACQUIRE);
    while (__builtin_expect(__atomic_load_n(&owner_, __ATOMIC_ACQUIRE) != ticket, 0)) {
    }
  }
  void release() {
    // Release: everything written while holding the lock is seen by the next holder. Only the holder writes owner_.
    __atomic_store_n(&owner_, __atomic_load_n(&owner_, __ATOMIC_RELAXED) + 1, __ATOMIC_RELEASE);
  }

 private:
  u32 owner_ = 0;  // first: the port's fast exit releases the lock by counting it up
  u32 next_ = 0;
};

extern "C" KernelLock kernel_lock;

}  // namespace pith
