// Tests of the cpio archive: what is written is read again, and damage is refused.
#include "tools/rootfs/cpio.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace pith::rootfs {

namespace {

Tree example() {
  Tree tree;
  tree.add_folder("/tmp", 01777);
  tree.add_file("bin/tool", std::string_view("#!/bin/sh\n"), 0755);
  tree.add_link("bin/alias", "tool");
  return tree;
}

TEST(Cpio, ReadsWhatItWrote) {
  auto archive = example().archive();
  auto tree = Tree::parse(archive);
  ASSERT_TRUE(tree);
  EXPECT_EQ(tree->archive(), archive);
  ASSERT_TRUE(tree->find("/bin/tool"));
  EXPECT_EQ(tree->find("bin/tool")->mode, u32(S_IFREG | 0755));
  EXPECT_EQ(tree->find("bin")->mode, u32(S_IFDIR | 0755));
  EXPECT_EQ(tree->find("tmp")->mode, u32(S_IFDIR | 01777));
  EXPECT_EQ(tree->find("bin/alias")->data.size(), 4u);
  EXPECT_FALSE(tree->find("bin/none"));
}

TEST(Cpio, RefusesEveryTruncation) {
  auto archive = example().archive();
  std::vector<u8> none;
  EXPECT_FALSE(Tree::parse(none));
  // The padding after the last name may be missing, nothing else.
  for (usize size = 0; size + 4 < archive.size(); size++) EXPECT_FALSE(Tree::parse(std::span(archive).first(size))) << size;
}

TEST(Cpio, SurvivesEveryFlippedBit) {
  auto archive = example().archive();
  for (usize bit = 0; bit < archive.size() * 8; bit++) {
    auto damaged = archive;
    damaged[bit / 8] ^= u8(1 << bit % 8);
    if (auto tree = Tree::parse(damaged)) (void)tree->archive();
  }
}

TEST(Cpio, AddsFoldersOfTheHost) {
  namespace fs = std::filesystem;
  fs::path top = fs::temp_directory_path() / ("pith-cpio-" + std::to_string(getpid()));
  fs::create_directories(top / "inner");
  std::ofstream(top / "inner" / "script") << "x";
  fs::permissions(top / "inner" / "script", fs::perms(0700));
  fs::create_symlink("script", top / "inner" / "link");
  Tree tree;
  EXPECT_EQ(add_from_host(tree, top.string(), "/opt/copy"), "");
  EXPECT_EQ(add_from_host(tree, (top / "inner" / "script").string(), "/opt/"), "");
  ASSERT_TRUE(tree.find("opt/copy/inner/script"));
  EXPECT_EQ(tree.find("opt/copy/inner/script")->mode, u32(S_IFREG | 0744));
  EXPECT_EQ(tree.find("opt/copy/inner/link")->mode, u32(S_IFLNK | 0777));
  EXPECT_TRUE(tree.find("opt/script"));
  EXPECT_NE(add_from_host(tree, (top / "none").string(), "/x"), "");
  fs::remove_all(top);
}

}  // namespace

}  // namespace pith::rootfs
