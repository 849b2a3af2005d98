// The page through which a supervising program and the kernel pass a guest's registers.
#pragma once
#include "abi/types.h"

namespace pith {

/// Why run_guest came back: word 0 of its answer.
enum class GuestExit : u64 {
  SystemCall = 0,   ///< the guest made a system call; its registers lie in the page
  Fault = 1,        ///< word 1: FaultKind, word 2: address, word 3: hardware's code (bit 1: write, bit 4: fetch, bit 0: page present)
  Interrupted = 2,  ///< somebody interrupted the thread (Thread::interrupt)
};

/// x86-64 registers of a guest, in the register page from its start. Read once by the kernel at entry, flags masked.
struct GuestRegisters {
  u64 rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp;
  u64 r8, r9, r10, r11, r12, r13, r14, r15;
  u64 rip, rflags, fs_base, gs_base;
  /// 1: the next run restores every register; 0: rcx and r11 may be lost, as after a system call. The kernel sets it at a fault or interruption
  /// and clears it when it has done so; the supervising program sets it when it changed rcx or r11.
  u64 restore_all;
};

}  // namespace pith
