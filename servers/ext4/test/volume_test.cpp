// The ext4 service on images of mkfs.ext4: what it reads, what it writes, and what e2fsck says of that.
#include "servers/ext4/test/model.h"

namespace pith::ext4 {
namespace {

constexpr u64 kMegabyte = 1024 * 1024;
constexpr u64 kRoot = EXT2_ROOT_INO;

void expect_clean(Image image) {
  Ran ran = run_on(image, "e2fsck -fn");
  EXPECT_EQ(ran.status, 0) << ran.output;
}

TEST(Ext4, AnImageOfDebiansDefaultsIsMountedAndListed) {
  Image image = make_image(16 * kMegabyte);
  Ran ran = run_on(image, "debugfs -w -f /dev/stdin % <<'EOF'\nmkdir sub\nwrite /etc/passwd sub/passwd\nsymlink sub/link passwd\nEOF\n#");
  ASSERT_EQ(ran.status, 0) << ran.output;
  Harness harness(image);
  ASSERT_TRUE(harness.service->volume().is_mounted()) << u32(harness.service->volume().mount_error());
  auto names = harness.list(kRoot);
  ASSERT_TRUE(names);
  EXPECT_EQ(names->size(), 4u);
  EXPECT_EQ((*names)["lost+found"], 11u);
  u64 sub = harness.lookup(kRoot, "sub")->node;
  Result<files::Attributes> file = harness.lookup(sub, "passwd");
  ASSERT_TRUE(file);
  Result<std::string> content = harness.read(file->node, 0, 100000);
  ASSERT_TRUE(content);
  EXPECT_EQ(content->size(), file->size);
  EXPECT_EQ(content->substr(0, 5), "root:");
  EXPECT_EQ(*harness.read_link(harness.lookup(sub, "link")->node), "passwd");
}

TEST(Ext4, WhatIsWrittenIsThereAndClean) {
  Harness harness(make_image(16 * kMegabyte));
  u64 directory = harness.create(kRoot, LINUX_S_IFDIR | 0755, "directory")->node;
  u64 file = harness.create(directory, LINUX_S_IFREG | 0644, "file")->node;
  std::string text = "some bytes that are no whole block";
  EXPECT_EQ(*harness.write(file, 5000, text), text.size());
  EXPECT_EQ(*harness.read(file, 5000, 1000), text);
  EXPECT_EQ(*harness.read(file, 0, 5000), std::string(5000, 0));
  EXPECT_TRUE(harness.sync());
  harness.close();
  expect_clean(harness.disk->image);
  Harness again(harness.disk->image);
  EXPECT_EQ(*again.read(again.lookup(again.lookup(kRoot, "directory")->node, "file")->node, 5000, 1000), text);
}

class Random : public testing::TestWithParam<std::string> {};

TEST_P(Random, OperationsAreAsInAModel) {
  for (u64 seed = 1; seed <= 3; seed++) {
    Harness harness(make_image(12 * kMegabyte, GetParam()));
    Model model(seed);
    for (u32 i = 0; i < 500; i++) {
      model.step(harness);
      if (i % 50 == 49) harness.now() += 6'000'000'000;
      if (i % 90 == 89) harness.restart();
      ASSERT_FALSE(HasFailure()) << "seed " << seed << " operation " << model.operations();
    }
    model.compare(harness);
    ASSERT_FALSE(HasFailure());
    harness.close();
    expect_clean(harness.disk->image);
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
    Harness again(harness.disk->image);
    model.compare(again);
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Forms, Random,
                         testing::Values("", "-b 4096", "-O ^metadata_csum,^64bit", "-O ^extents,^64bit,^flex_bg,^metadata_csum -b 1024",
                                         "-I 128 -O ^dir_index"));

TEST(Ext4, WhenThePowerIsCutWhatWasSyncedIsThere) {
  for (u64 seed = 1; seed <= 4; seed++) {
    Harness harness(make_image(12 * kMegabyte));
    Model model(seed);
    std::mt19937_64 random(seed);
    struct Cut {
      Image image;
      Model::Tree synced, now;
      u64 since;
    };
    std::vector<Cut> cuts;
    Model::Tree synced = model.copy();
    u64 since = 0;
    bool is_wanted = false;
    harness.disk->before = [&](const block::Request& request) {
      if (request.operation != block::Operation::Read && random() % 60 == 0 && cuts.size() < 25) {
        cuts.push_back({harness.disk->cut(), synced, nullptr, since});
        is_wanted = true;
      }
      return true;
    };
    for (u32 i = 0; i < 250; i++) {
      model.step(harness);
      if (i % 40 == 39) harness.now() += 6'000'000'000;
      if (random() % 25 == 0) {
        ASSERT_TRUE(harness.sync());
        synced = model.copy();
        since = model.operations();
      }
      if (is_wanted) {
        for (Cut& cut : cuts) {
          if (!cut.now) cut.now = model.copy();
        }
        is_wanted = false;
      }
    }
    harness.disk->before = [](const block::Request&) { return true; };
    ASSERT_GT(cuts.size(), 5u);
    for (u32 i = 0; i < cuts.size(); i++) {
      Cut& cut = cuts[i];
      if (!cut.now) cut.now = model.copy();
      Image by_fsck = cut.image;
      Ran ran = run_on(by_fsck, "e2fsck -fy -E journal_only");
      EXPECT_LE(ran.status, 1) << ran.output;
      Ran check = run_on(by_fsck, "e2fsck -fn");
      // Nodes that wait for being taken back are all that may be found.
      if (check.status != 0) {
        check = run_on(by_fsck, "e2fsck -fp");
        EXPECT_LE(check.status, 1) << check.output;
      }
      ASSERT_FALSE(HasFailure()) << "seed " << seed << " cut " << i;
      Harness again(cut.image);
      ASSERT_TRUE(again.service->volume().is_mounted());
      Model::compare_unchanged(again, cut.synced, cut.now, cut.since);
      again.close();
      expect_clean(again.disk->image);
      ASSERT_FALSE(HasFailure()) << "seed " << seed << " cut " << i;
    }
  }
}

}  // namespace
}  // namespace pith::ext4
