// Tests the search for functions.
#include "servers/supervisor/symbols.h"

#include <gtest/gtest.h>

namespace pith::supervisor {
namespace {

constexpr std::string_view kText =
    "component root\n401000 10 main\ncomponent log\nnonsense\n401000 20 pith::log::Service::line\n401020 8 memcpy\ncomponent "
    "console\n401000 20 other\n";

TEST(Symbols, FindsTheFunctionOfTheRightComponent) {
  Symbols symbols(kText);
  Symbols::Place place = symbols.of("log").find(0x401013);
  EXPECT_EQ(place.function, "pith::log::Service::line");
  EXPECT_EQ(place.offset, 0x13u);
  EXPECT_EQ(symbols.of("root").find(0x401001).function, "main");
  EXPECT_EQ(symbols.of("log").find(0x401027).function, "memcpy");
}

TEST(Symbols, UnknownIsEmpty) {
  Symbols symbols(kText);
  EXPECT_TRUE(symbols.of("log").find(0x401028).function.empty());
  EXPECT_TRUE(symbols.of("root").find(0x401015).function.empty());
  EXPECT_TRUE(symbols.of("clock").find(0x401000).function.empty());
  EXPECT_TRUE(symbols.of("lo").find(0x401000).function.empty());
  EXPECT_TRUE(Symbols("component root\ncomponent log\n").of("root").find(0x401000).function.empty());
  EXPECT_TRUE(Symbols("").of("log").find(1).function.empty());
}

}  // namespace
}  // namespace pith::supervisor
