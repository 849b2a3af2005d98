// Default hooks that need instructions of x86-64: the time-stamp counter and the thread pointer by a kernel operation.
#include "abi/handle.h"
#include "lib/libc/hooks.h"
#include "lib/libc/state.h"

using namespace pith;

extern "C" [[gnu::weak]] u64 pith_libc_now() {
  u64 ticks = __builtin_ia32_rdtsc() - libc::state.counter_start;
  return u64(static_cast<unsigned __int128>(ticks) * libc::state.counter_multiplier >> 32);
}

extern "C" [[gnu::weak]] void pith_set_thread_pointer(u64 pointer) {
  constexpr u32 kSetPointer = u32(ObjectType::Thread) * 32 + 7;  // Thread::set_pointer of abi/kernel.idl
  register u64 status asm("r10") = Handle::operation(kSetPointer, libc::state.thread).raw;
  register u64 word3 asm("r8") = 0;
  register u64 word4 asm("r9") = 0;
  u64 word0 = pointer, word1 = 0, word2 = 0, word5 = 0;
  asm volatile("syscall"
               : "+r"(status), "+D"(word0), "+S"(word1), "+d"(word2), "+r"(word3), "+r"(word4), "+a"(word5)
               :
               : "rcx", "r11", "memory");
  if (Status{status}.is_error()) __builtin_trap();  // nothing works without it, not even reporting
}
