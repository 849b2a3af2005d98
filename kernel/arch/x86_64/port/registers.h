// Control and model-specific registers of x86-64 [intel/3a 2.5, intel/4].
#pragma once
#include "base/types.h"

namespace pith::x86 {

enum class Msr : u32 {
  ApicBase = 0x1b,
  Efer = 0xc0000080,
  Star = 0xc0000081,
  Lstar = 0xc0000082,
  SyscallMask = 0xc0000084,
  GsBase = 0xc0000101,
  KernelGsBase = 0xc0000102,
};

inline void write_msr(Msr which, u64 value) { asm volatile("wrmsr" ::"c"(which), "a"(u32(value)), "d"(u32(value >> 32)) : "memory"); }
inline u64 read_msr(Msr which) {
  u32 low, high;
  asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(which));
  return u64{high} << 32 | low;
}

struct CpuidResult {
  u32 a, b, c, d;
};
inline CpuidResult cpuid(u32 leaf, u32 subleaf) {
  CpuidResult result;
  asm volatile("cpuid" : "=a"(result.a), "=b"(result.b), "=c"(result.c), "=d"(result.d) : "a"(leaf), "c"(subleaf));
  return result;
}

/// Interrupts of this class and below are held back.
inline void write_task_priority(u64 priority_class) { asm volatile("mov %0, %%cr8" ::"r"(priority_class) : "memory"); }
/// Until the next interrupt that is not held back; none comes in afterwards.
inline void halt() { asm volatile("sti; hlt; cli" ::: "memory"); }

inline void out8(u16 port, u8 value) { asm volatile("outb %0, %1" ::"a"(value), "Nd"(port)); }
inline u8 in8(u16 port) {
  u8 value;
  asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}
inline void out16(u16 port, u16 value) { asm volatile("outw %0, %1" ::"a"(value), "Nd"(port)); }
inline u16 in16(u16 port) {
  u16 value;
  asm volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}
inline void out32(u16 port, u32 value) { asm volatile("outl %0, %1" ::"a"(value), "Nd"(port)); }
inline u32 in32(u16 port) {
  u32 value;
  asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}

}  // namespace pith::x86

namespace pith::arch {

inline u64 read_cr3() {
  u64 value;
  asm volatile("mov %%cr3, %0" : "=r"(value));
  return value;
}
inline void write_cr3(u64 value) { asm volatile("mov %0, %%cr3" ::"r"(value) : "memory"); }
inline u64 read_cr2() {
  u64 value;
  asm volatile("mov %%cr2, %0" : "=r"(value));
  return value;
}

}  // namespace pith::arch
