// CPUs of the fake machine: a clock that tests set, and ways out of the kernel that are C++ exceptions.
#pragma once
#include "abi/error.h"
#include "abi/registers.h"
#include "base/result.h"

namespace pith {
struct Thread;
struct Cpu;
}  // namespace pith

namespace pith::arch {

/// All general registers of a thread that a trap stopped, in the order of abi/registers.h.
struct Registers {
  u64 value[kRegisters];

  u64& operator[](Register index) { return value[u64(index) % kRegisters]; }
  u64 operator[](Register index) const { return value[u64(index) % kRegisters]; }

  u64 instruction() const { return (*this)[Register::Rip]; }
  u64 stack() const { return (*this)[Register::Rsp]; }
  void set_instruction(u64 address) { (*this)[Register::Rip] = address; }
  /// A fresh thread: everything zero but these.
  void start(u64 instruction, u64 stack, u64 argument);
  /// Writes one register, with flags masked. Error: BadAddress for an instruction pointer outside the user half.
  Result<void> write(Register index, u64 value);
};

/// Flags that user code may set, and those that are always set in it.
inline constexpr u64 kUserFlags = 0x240dd5;
inline constexpr u64 kFixedFlags = 0x202;

/// A register of a stopped thread, wherever it was saved; those that a system call does not keep read as 0.
u64 register_of(const Thread& thread, Register index);

/// The CPU that this code runs on: the one that the test chose.
Cpu& current_cpu();
/// Advances by one at each question.
u64 counter();
/// Nanoseconds since boot: what the test says.
u64 now();
void set_timer(u64 deadline);
/// Both throw host::Left.
[[noreturn]] void leave(Cpu& cpu);
[[noreturn]] void leave_to_caller(Thread& caller);
/// Throws host::Stopped.
[[noreturn]] void stop_machine(u32 action);
void diagnose(char character);

}  // namespace pith::arch
