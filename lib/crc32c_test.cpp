// Checksums that others have computed.
#include "lib/crc32c.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>

namespace pith {
namespace {

u32 of(std::string_view text) { return crc32c(std::as_bytes(std::span(text))); }

TEST(Crc32cTest, IsTheOneOfTheCatalogue) {
  EXPECT_EQ(of(""), 0u);
  EXPECT_EQ(of("123456789"), 0xe3069283u);
}

/// [rfc/3720 B.4]
TEST(Crc32cTest, IsTheOneOfIscsi) {
  std::array<std::byte, 32> bytes{};
  EXPECT_EQ(crc32c(bytes), 0x8a9136aau);
  bytes.fill(std::byte(0xff));
  EXPECT_EQ(crc32c(bytes), 0x62a8ab43u);
  for (u32 i = 0; i < bytes.size(); i++) bytes[i] = std::byte(i);
  EXPECT_EQ(crc32c(bytes), 0x46dd794eu);
  std::reverse(bytes.begin(), bytes.end());
  EXPECT_EQ(crc32c(bytes), 0x113fdb5cu);
}

}  // namespace
}  // namespace pith
