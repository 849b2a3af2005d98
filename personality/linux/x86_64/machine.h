// x86-64: where a call's number, arguments and answer lie in a guest's registers, and how a program starts.
#pragma once
#include <cpuid.h>

#include "abi/guest.h"
#include "base/types.h"

namespace pith::personality::machine {

inline constexpr const char* kName = "x86_64";
inline constexpr u16 kElfMachine = 62;
inline constexpr u64 kSystemCallLength = 2;  ///< bytes of the instruction, to run a call again
inline constexpr u64 kUserFlags = 0x202;

/// AT_HWCAP: what CPUID leaf 1 says in edx.
inline u64 hardware_capabilities() {
  u32 a, b, c, d = 0;
  return __get_cpuid(1, &a, &b, &c, &d) ? d : 0;
}

inline u64 call_number(const GuestRegisters& registers) { return registers.rax; }
template <u32 index>
u64 call_argument(const GuestRegisters& registers) {
  if constexpr (index == 0) return registers.rdi;
  if constexpr (index == 1) return registers.rsi;
  if constexpr (index == 2) return registers.rdx;
  if constexpr (index == 3) return registers.r10;
  if constexpr (index == 4) return registers.r8;
  if constexpr (index == 5) return registers.r9;
}
inline void set_answer(GuestRegisters& registers, u64 value) { registers.rax = value; }
inline void rewind(GuestRegisters& registers, u64 number) {
  registers.rip -= kSystemCallLength;
  registers.rax = number;
  registers.restore_all = 1;
}
inline void prepare_child(GuestRegisters& child, const GuestRegisters& parent, u64 stack) {
  child = parent;
  child.rax = 0;
  if (stack) child.rsp = stack;
  child.restore_all = 1;
}
inline void set_thread_pointer(GuestRegisters& registers, u64 pointer) { registers.fs_base = pointer; }
inline void prepare_program(GuestRegisters& registers, u64 entry, u64 stack) {
  registers = {};
  registers.rip = entry;
  registers.rsp = stack;
  registers.rflags = kUserFlags;
  registers.restore_all = 1;
}

}  // namespace pith::personality::machine
