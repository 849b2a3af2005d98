// Tests of what is refused of shared memory and PCI devices.
#include <gtest/gtest.h>

#include "tools/manifest/test_manifest.h"

namespace pith::manifest {

namespace {

const std::string kTwo = kSystem + component("a") + component("b");  // nine lines

std::string memory(const std::string& keys) { return "[[memory]]\n" + keys + "\n"; }

TEST(SharedMemory, IsTakenAsItIsMeant) {
  Problems problems("m.toml");
  Manifest manifest = read_manifest(kTwo + memory("name = \"m\"\nowner = \"a\"\nshared_with = [\"b\"]\nsize = \"8 KiB\""), problems);
  check_manifest(manifest, problems);
  EXPECT_TRUE(problems.is_empty());
  ASSERT_EQ(manifest.memories.size(), 1u);
  EXPECT_EQ(manifest.memories[0].pages, 2u);
  EXPECT_EQ(manifest.doorbells_of(0), std::vector<int>{1});
  EXPECT_EQ(manifest.doorbells_of(1), std::vector<int>{0});
}

TEST(SharedMemory, RefusesWhatIsMissing) {
  EXPECT_EQ(complaints(kTwo + memory("name = \"m\"\nowner = \"a\"")), "m.toml:10: a [[memory]] without `size`\n");
  EXPECT_EQ(complaints(kTwo + memory("name = \"m\"\nowner = \"x\"\nsize = \"4 KiB\"")),
            "m.toml:12: memory `m` is owned by `x`, and no component is called so\n");
  EXPECT_EQ(complaints(kTwo + memory("name = \"m\"\nowner = \"a\"\nshared_with = [\"a\"]\nsize = \"4 KiB\"")),
            "m.toml:13: memory `m` names `a` twice\n");
  EXPECT_EQ(complaints(kTwo + memory("name = \"m\"\nowner = \"a\"\nsize = \"65 MiB\"")), "m.toml:10: memory `m` has 4 KiB to 64 MiB\n");
  std::string one = memory("name = \"m\"\nowner = \"a\"\nsize = \"4 KiB\"");
  EXPECT_EQ(complaints(kTwo + one + one), "m.toml:14: two memories are called `m`\n");
}

TEST(SharedMemory, CountsAsMemory) {
  EXPECT_NE(complaints(kTwo + memory("name = \"m\"\nowner = \"a\"\nsize = \"64 MiB\"")).find("overcommitted"), std::string::npos);
}

TEST(Pci, NeedsABus) {
  std::string device = "devices = {pci = \"1af4:1042\"}";
  EXPECT_EQ(complaints(kSystem + component("a", device)), "m.toml:6: `a` has a PCI device, and no component has `bus = true` to find it\n");
  EXPECT_EQ(complaints(kSystem + component("a", device) + component("b", "bus = true")), "");
  EXPECT_EQ(complaints(kSystem + component("a", device) + component("c", device) + component("b", "bus = true")),
            "m.toml:9: the PCI device of `c` belongs to `a` already\n");
  EXPECT_EQ(
      complaints(kSystem + component("a", device) + component("c", "devices = {pci = \"1af4:1042/1\"}") + component("b", "bus = true")),
      "");
}

TEST(Pci, RefusesWhatIsNoDevice) {
  for (const char* text : {"", "1af4", "1af4:", "1af4:1042x", "1af4:1042/", "1af4:1042/32", "xyz:1042"})
    EXPECT_NE(complaints(kSystem + component("a", std::string("devices = {pci = \"") + text + "\"}")), "") << text;
}

}  // namespace

}  // namespace pith::manifest
