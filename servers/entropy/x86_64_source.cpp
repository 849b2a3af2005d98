// Collects from RDRAND and the time-stamp counter.
#include "servers/entropy/x86_64_source.h"

#include <cpuid.h>

#include <cstring>

namespace pith::entropy {

namespace {

constexpr u32 kTries = 10;  // [intel/1 7.3.17.1]

bool random_word(u64& value) {
  for (u32 i = 0; i < kTries; i++) {
    u8 is_good = 0;
    asm volatile("rdrand %0\n\tsetc %1" : "=r"(value), "=qm"(is_good) : : "cc");
    if (is_good) return true;
  }
  return false;
}

}  // namespace

MachineSource::MachineSource() {
  u32 a = 0, b = 0, c = 0, d = 0;
  has_instruction_ = __get_cpuid(1, &a, &b, &c, &d) && (c & bit_RDRND);
}

usize MachineSource::collect(std::span<std::byte> room) {
  usize length = 0;
  auto put = [&](u64 value) {
    if (length + sizeof value > room.size()) return;
    memcpy(room.data() + length, &value, sizeof value);
    length += sizeof value;
  };
  put(__builtin_ia32_rdtsc());
  for (u64 value = 0, i = 0; has_instruction_ && i < 4 && random_word(value); i++) put(value);
  put(__builtin_ia32_rdtsc());
  return length;
}

}  // namespace pith::entropy
