// SipHash-2-4.
#include "servers/network/random.h"

#include <bit>

namespace pith::network {

namespace {

struct Rounds {
  u64 v0, v1, v2, v3;

  void run(u32 count) {
    for (u32 i = 0; i < count; i++) {
      v0 += v1;
      v1 = std::rotl(v1, 13) ^ v0;
      v0 = std::rotl(v0, 32);
      v2 += v3;
      v3 = std::rotl(v3, 16) ^ v2;
      v0 += v3;
      v3 = std::rotl(v3, 21) ^ v0;
      v2 += v1;
      v1 = std::rotl(v1, 17) ^ v2;
      v2 = std::rotl(v2, 32);
    }
  }
  void add(u64 word) {
    v3 ^= word;
    run(2);
    v0 ^= word;
  }
};

}  // namespace

u64 keyed_hash(const u64 (&key)[2], std::span<const u64> words) {
  Rounds rounds{key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d, key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573};
  for (u64 word : words) rounds.add(word);
  rounds.add(u64{words.size() * sizeof(u64)} << 56);
  rounds.v2 ^= 0xff;
  rounds.run(4);
  return rounds.v0 ^ rounds.v1 ^ rounds.v2 ^ rounds.v3;
}

}  // namespace pith::network
