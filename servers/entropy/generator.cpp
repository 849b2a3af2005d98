// Keccak-f[1600] and a generator over it.
#include "servers/entropy/generator.h"

#include <algorithm>
#include <bit>

namespace pith::entropy {

namespace {

constexpr u32 kRounds = 24;

/// Constants of step iota, from the shift register that defines them. [fips/202 3.2.5]
constexpr auto round_constants() {
  struct {
    u64 value[kRounds];
  } constants{};
  u32 shift = 1;
  for (u64& constant : constants.value) {
    constant = 0;
    for (u32 bit = 0; bit < 7; bit++) {
      if (shift & 1) constant |= u64{1} << ((u32{1} << bit) - 1);
      shift = shift << 1 ^ (shift >> 7 & 1 ? 0x171 : 0);
    }
  }
  return constants;
}
constexpr auto kConstants = round_constants();
static_assert(kConstants.value[0] == 1 && kConstants.value[1] == 0x8082 && kConstants.value[23] == 0x8000000080008008);

void xor_byte(u64 (&state)[25], usize position, u8 value) { state[position / 8] ^= u64{value} << (position % 8 * 8); }
u8 byte_of(const u64 (&state)[25], usize position) { return u8(state[position / 8] >> (position % 8 * 8)); }

}  // namespace

void permute(u64 (&a)[25]) {
  for (u64 constant : kConstants.value) {
    u64 column[5], next[25];
    for (u32 x = 0; x < 5; x++) column[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];  // theta
    for (u32 i = 0; i < 25; i++) a[i] ^= column[(i + 4) % 5] ^ std::rotl(column[(i + 1) % 5], 1);
    // rho and pi: the lane moves along a path through all but the first
    next[0] = a[0];
    for (u32 x = 1, y = 0, t = 0; t < 24; t++) {
      u32 to_x = y, to_y = (2 * x + 3 * y) % 5;
      next[to_x + 5 * to_y] = std::rotl(a[x + 5 * y], int((t + 1) * (t + 2) / 2 % 64));
      x = to_x;
      y = to_y;
    }
    for (u32 y = 0; y < 25; y += 5) {
      for (u32 x = 0; x < 5; x++) a[y + x] = next[y + x] ^ (~next[y + (x + 1) % 5] & next[y + (x + 2) % 5]);  // chi
    }
    a[0] ^= constant;  // iota
  }
}

void sha3_256(std::span<const std::byte> data, std::span<std::byte, 32> digest) {
  constexpr usize kBlock = 136;
  u64 state[25] = {};
  usize position = 0;
  for (std::byte value : data) {
    xor_byte(state, position++, u8(value));
    if (position == kBlock) {
      permute(state);
      position = 0;
    }
  }
  xor_byte(state, position, 0x06);
  xor_byte(state, kBlock - 1, 0x80);
  permute(state);
  for (usize i = 0; i < digest.size(); i++) digest[i] = std::byte(byte_of(state, i));
}

void Generator::absorb(std::span<const std::byte> data) {
  usize position = 0;
  for (std::byte value : data) {
    xor_byte(state_, position++, u8(value));
    if (position == kRate - 1) {
      xor_byte(state_, kRate - 1, 0x40);  // more follows
      permute(state_);
      position = 0;
    }
  }
  xor_byte(state_, position, 0x01);
  xor_byte(state_, kRate - 1, 0x80);
  permute(state_);
}

void Generator::squeeze(std::span<std::byte> data) {
  usize position = 0;
  for (std::byte& value : data) {
    if (position == kRate) {
      permute(state_);
      position = 0;
    }
    value = std::byte(byte_of(state_, position++));
  }
  forget();
}

/// What was given out is erased from the state; the permutation cannot be run backwards without it.
void Generator::forget() {
  std::fill_n(state_, kRate / 8, 0);
  permute(state_);
}

}  // namespace pith::entropy
