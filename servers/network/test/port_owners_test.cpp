// Who may have which ports.
#include "servers/network/port_owners.h"

#include <gtest/gtest.h>

namespace pith::network {
namespace {

TEST(PortOwners, WithoutRangesEverybodyMayHaveEveryPort) {
  PortOwners owners;
  std::string_view text = "deny tcp";
  ASSERT_TRUE(bool(owners.parse(text)));
  EXPECT_EQ(text, "deny tcp");
  for (u32 port : {1u, 80u, 49151u, 65535u}) EXPECT_TRUE(owners.may_have("anybody", port)) << port;
}

TEST(PortOwners, KeepARangeForTheOwner) {
  PortOwners owners;
  std::string_view text = "ports first 80, ports second 8000-8099,ports first 8050-8050, allow tcp 80";
  ASSERT_TRUE(bool(owners.parse(text)));
  EXPECT_EQ(text, "allow tcp 80");
  EXPECT_TRUE(owners.may_have("first", 80));
  EXPECT_FALSE(owners.may_have("second", 80));
  EXPECT_FALSE(owners.may_have("firs", 80));
  EXPECT_FALSE(owners.may_have("", 80));
  for (u32 port : {8000u, 8050u, 8099u}) EXPECT_TRUE(owners.may_have("second", port)) << port;
  EXPECT_FALSE(owners.may_have("first", 8000));
  EXPECT_TRUE(owners.may_have("first", 8050));
  EXPECT_TRUE(owners.may_have("third", 79));
  EXPECT_TRUE(owners.may_have("third", 8100));
}

TEST(PortOwners, ThatAreWrongLeaveNobodyAPort) {
  for (const char* wrong : {"ports", "ports first", "ports first 0", "ports first 80-70", "ports first 49152", "ports first 80x", "ports first 80 90",
                            "ports first -80", "ports first 80-", "ports , 80", "ports first 99999999999"}) {
    PortOwners owners;
    std::string_view text = wrong;
    EXPECT_FALSE(bool(owners.parse(text))) << wrong;
    EXPECT_FALSE(owners.may_have("first", 1234)) << wrong;
  }
  std::string many;
  for (int i = 0; i < 17; i++) many += "ports first 80,";
  PortOwners owners;
  std::string_view text = many;
  EXPECT_FALSE(bool(owners.parse(text)));
}

}  // namespace
}  // namespace pith::network
