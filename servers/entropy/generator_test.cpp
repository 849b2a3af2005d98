// Tests the permutation by published digests and the generator by its promises.
#include "servers/entropy/generator.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pith::entropy {
namespace {

std::string digest_of(const std::string& text) {
  std::byte digest[32];
  sha3_256(std::as_bytes(std::span(text)), digest);
  std::string hex;
  for (std::byte value : digest) {
    hex += "0123456789abcdef"[u8(value) >> 4];
    hex += "0123456789abcdef"[u8(value) & 15];
  }
  return hex;
}

TEST(Keccak, Sha3OfKnownTexts) {  // [fips/202], examples of NIST
  EXPECT_EQ(digest_of(""), "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a");
  EXPECT_EQ(digest_of("abc"), "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532");
  EXPECT_EQ(digest_of(std::string(200, '\xa3')), "79f38adec5c20307a98ef76e8324afbfd46cfd81b22e3973c65fa1bd9de31787");
}

std::vector<std::byte> squeeze(Generator& generator, usize size) {
  std::vector<std::byte> data(size);
  generator.squeeze(data);
  return data;
}

TEST(Generator, SameInputSameOutput) {
  Generator one, two;
  std::byte seed[200] = {std::byte(7)};
  one.absorb(seed);
  two.absorb(seed);
  EXPECT_EQ(squeeze(one, 448), squeeze(two, 448));
}

TEST(Generator, EveryBitOfInputCounts) {
  for (usize position : {usize{0}, usize{134}, usize{135}, usize{199}}) {
    Generator one, two;
    std::byte seed[200] = {};
    one.absorb(seed);
    seed[position] = std::byte(1);
    two.absorb(seed);
    EXPECT_NE(squeeze(one, 32), squeeze(two, 32)) << position;
  }
}

TEST(Generator, LengthOfInputCounts) {
  Generator one, two;
  std::byte zeroes[136] = {};
  one.absorb(std::span(zeroes, 135));
  two.absorb(zeroes);
  EXPECT_NE(squeeze(one, 32), squeeze(two, 32));
}

TEST(Generator, NeverRepeats) {
  Generator generator;
  EXPECT_NE(squeeze(generator, 136), squeeze(generator, 136));
}

}  // namespace
}  // namespace pith::entropy
