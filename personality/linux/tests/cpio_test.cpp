// The archive reader and the root file system: sound archives, cut ones, random ones.
#include <random>

#include "personality/linux/files/cpio.h"
#include "personality/linux/files/path.h"
#include "personality/linux/files/root.h"
#include "personality/linux/tests/fixture.h"

namespace pith::personality {
namespace {

std::string entry(const std::string& name, u32 mode, const std::string& content, u32 links = 1, u32 inode = 1) {
  char header[111];
  snprintf(header, sizeof header, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", inode, mode, 0, 0, links, 1000,
           unsigned(content.size()), 0, 0, 0, 0, unsigned(name.size() + 1), 0);
  std::string text = header + name;
  text += '\0';
  while (text.size() % 4) text += '\0';
  text += content;
  while (text.size() % 4) text += '\0';
  return text;
}

std::string sample() {
  return entry("bin", 040755, "") + entry("bin/a", 0100755, "hello") + entry("link", 0120777, "bin/a") + entry("h1", 0100644, "", 2, 7) +
         entry("h2", 0100644, "shared", 2, 7) + entry("deep/er/file", 0100600, std::string(10000, 'x')) + entry("TRAILER!!!", 0, "");
}

std::span<const u8> bytes(const std::string& text) { return {reinterpret_cast<const u8*>(text.data()), text.size()}; }

class CpioTest : public EnvironmentTest {};

TEST_F(CpioTest, FillsTheRoot) {
  std::string archive = sample();
  FillReport report = fill_from_archive(task(), root(), bytes(archive));
  EXPECT_EQ(report.error, kSuccess);
  EXPECT_EQ(report.files, 6u);
  Result<Reference<Inode>> a = find_inode(task(), "/link");
  ASSERT_TRUE(bool(a));
  EXPECT_EQ((*a)->size(), 5u);
  EXPECT_EQ((*a)->mode, 0100755u);
  Result<Reference<Inode>> h1 = find_inode(task(), "/h1");
  ASSERT_TRUE(bool(h1));
  EXPECT_EQ((*h1)->size(), 6u);
  EXPECT_EQ((*h1)->links, 2u);
  EXPECT_EQ((*find_inode(task(), "/deep/er/file"))->size(), 10000u);
}

TEST_F(CpioTest, CutAnywhereKeepsWhatCameBefore) {
  std::string archive = sample();
  u64 before = free_pages();
  for (usize length = 0; length < archive.size() - 1; length += 7) {
    Reference<TmpfsDirectory> root(new TmpfsDirectory(0755));
    FillReport report = fill_from_archive(task(), *root, bytes(archive.substr(0, length)));
    if (length < archive.size() - 124) {
      EXPECT_EQ(report.error, Error::Damaged) << length;
    }
    EXPECT_LE(report.offset, length);
  }
  EXPECT_EQ(free_pages(), before);
}

TEST_F(CpioTest, SurvivesFlippedBits) {
  std::mt19937 random(1);
  for (u32 round = 0; round < 3000; round++) {
    std::string archive = sample();
    for (u32 flips = 1 + round % 8; flips; flips--) archive[random() % archive.size()] ^= char(1 << random() % 8);
    Reference<TmpfsDirectory> root(new TmpfsDirectory(0755));
    (void)fill_from_archive(task(), *root, bytes(archive));
  }
}

TEST_F(CpioTest, RefusesToLeaveTheRoot) {
  FillReport report = fill_from_archive(task(), root(), bytes(entry("../x", 0100644, "") + entry("TRAILER!!!", 0, "")));
  EXPECT_EQ(report.error, Error::Damaged);
}

}  // namespace
}  // namespace pith::personality
