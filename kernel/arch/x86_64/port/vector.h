// Vector registers on x86-64: x87 and SSE, by FXSAVE [intel/1 10.5]. AVX stays off: the operating-system bit for XSAVE is not set.
#pragma once
#include "base/types.h"

namespace pith::arch {

/// The 512-byte image of FXSAVE.
struct alignas(64) VectorImage {
  u64 raw[64];

  u64 word(u64 index) const { return raw[index % 64]; }
  /// Sets a word; reserved bits of MXCSR are cleared, because FXRSTOR would fault on them.
  void set_word(u64 index, u64 value) { raw[index % 64] = index == 3 ? value & ~u64{0xffff'0000} : value; }
};

inline void enable_vector() { asm volatile("clts" ::: "memory"); }
inline void disable_vector() {
  u64 value;
  asm volatile("mov %%cr0, %0; or $8, %0; mov %0, %%cr0" : "=&r"(value)::"memory");
}
inline void save_vector(VectorImage& image) { asm volatile("fxsave64 %0" : "=m"(image)); }
inline void load_vector(const VectorImage& image) { asm volatile("fxrstor64 %0" ::"m"(image)); }

}  // namespace pith::arch

namespace pith {
struct VectorState;
}
namespace pith::arch {
/// The state that a program starts with: all exceptions masked, registers zero.
void initialise_vector_state(VectorState& state);
}
