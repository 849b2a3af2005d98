// The one instruction that enters the kernel: six words and a handle go in, six words and a status come back (x86-64).
#pragma once
#include "abi/handle.h"

namespace pith {

/// The words of a message that travel in registers.
struct Words {
  u64 w[6];
};

/// Enters the kernel; `words` holds the answer's afterwards. The kernel keeps all registers but those named here.
inline Status invoke(u64 handle, Words& words) {
  register u64 word3 asm("r8") = words.w[3];
  register u64 word4 asm("r9") = words.w[4];
  register u64 status asm("r10") = handle;
  asm volatile("syscall"
               : "+D"(words.w[0]), "+S"(words.w[1]), "+d"(words.w[2]), "+r"(word3), "+r"(word4), "+a"(words.w[5]), "+r"(status)
               :
               : "rcx", "r11", "memory");
  words.w[3] = word3;
  words.w[4] = word4;
  return Status{status};
}

}  // namespace pith
