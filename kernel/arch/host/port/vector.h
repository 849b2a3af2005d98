// Vector registers of the fake machine: 64 words, with the reserved bits of x86's MXCSR.
#pragma once
#include "base/types.h"

namespace pith::arch {

struct alignas(64) VectorImage {
  u64 raw[64];

  u64 word(u64 index) const { return raw[index % 64]; }
  void set_word(u64 index, u64 value) { raw[index % 64] = index == 3 ? value & ~u64{0xffff'0000} : value; }
};

void enable_vector();
void disable_vector();
void save_vector(VectorImage& image);
void load_vector(const VectorImage& image);

}  // namespace pith::arch

namespace pith {
struct VectorState;
}
namespace pith::arch {
/// The state that a program starts with.
void initialise_vector_state(VectorState& state);
}  // namespace pith::arch
