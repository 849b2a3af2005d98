// Names of the registers of a thread, in the order of Thread::read_registers and write_register on x86-64.
#pragma once
#include "base/types.h"

namespace pith {

/// Index of each register.
enum class Register : u64 { Rax, Rbx, Rcx, Rdx, Rsi, Rdi, Rbp, Rsp, R8, R9, R10, R11, R12, R13, R14, R15, Rip, Rflags };
inline constexpr u64 kRegisters = 18;

}  // namespace pith
