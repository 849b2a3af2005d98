// CPUs on x86-64: registers of stopped threads, time, entering user code.
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

/// Flags that user code may set: carry, parity, adjust, zero, sign, trap, direction, overflow, alignment check, identification.
inline constexpr u64 kUserFlags = 0x240dd5;
/// Flags that are always set in user code: bit 1, and interrupts on.
inline constexpr u64 kFixedFlags = 0x202;

/// A register of a stopped thread, wherever it was saved; those that a system call does not keep read as 0.
u64 register_of(const Thread& thread, Register index);

/// The CPU that this code runs on.
inline Cpu& current_cpu() {
  Cpu* cpu;
  asm("movq %%gs:48, %0" : "=r"(cpu));
  return *cpu;
}

/// The time-stamp counter.
inline u64 counter() {
  u32 low, high;
  asm volatile("rdtsc" : "=a"(low), "=d"(high));
  return u64{high} << 32 | low;
}

/// CPUs that nap.
extern "C" u32 napping;
/// Halts this CPU until it is roused as the one that waits with `ticket`, or some time has passed; all other interrupts are held back.
void nap(u32 ticket);
void rouse_napping(u32 ticket);

/// In a loop that waits for other CPUs with interrupts off: `round` counts up. A processor that does not get on is perhaps a virtual one whose
/// host runs the one that it waits for when it lets go of the host.
inline void relax(u32 round, u32 ticket) {
  constexpr u32 kSpins = 1;
  if (round < kSpins)
    asm volatile(".rept 16; pause; .endr");
  else
    nap(ticket);
}
/// Called when `ticket` is served next. Should the nap begin only now, it ends by itself.
[[gnu::always_inline]] inline void rouse(u32 ticket) {
  if (__builtin_expect(__atomic_load_n(&napping, __ATOMIC_RELAXED) != 0, 0)) rouse_napping(ticket);
}

/// Nanoseconds since boot.
u64 now();
void set_timer(u64 deadline);
[[noreturn]] void leave(Cpu& cpu);
[[noreturn]] void leave_to_caller(Thread& caller);
/// Power-off (0), reset (1), or power-off after a panic (2).
[[noreturn]] void stop_machine(u32 action);
void diagnose(char character);

}  // namespace pith::arch
