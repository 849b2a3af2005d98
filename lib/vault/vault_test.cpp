// Tests what services keep in a vault.
#include <gtest/gtest.h>

#include <string>

#include "lib/vault/byte_ring.h"

namespace pith {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

template <u64 kSize>
std::string contents(const ByteRing<kSize>& ring) {
  std::string text(ring.count(), 0);
  ring.peek(std::as_writable_bytes(std::span(text)));
  return text;
}

TEST(ByteRing, WrapsAround) {
  ByteRing<8> ring{};
  for (int round = 0; round < 100; round++) {
    ring.add(bytes_of("abcde"));
    EXPECT_EQ(contents(ring), "abcde");
    EXPECT_EQ(ring.room(), 3u);
    ring.head += 5;
  }
  EXPECT_EQ(ring.count(), 0u);
}

TEST(ByteRing, KnowsNonsense) {
  ByteRing<8> ring{};
  ring.head = 5;
  EXPECT_FALSE(ring.is_valid());
  ring.tail = 13;
  EXPECT_TRUE(ring.is_valid());
  ring.tail = 14;
  EXPECT_FALSE(ring.is_valid());
}

}  // namespace
}  // namespace pith
