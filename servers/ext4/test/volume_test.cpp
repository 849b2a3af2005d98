// The ext4 service on images of mkfs.ext4: what it reads, what it writes, and what e2fsck says of that.
#include <cstdlib>

#include "servers/ext4/test/model.h"

namespace pith::ext4 {
namespace {

constexpr u64 kMegabyte = 1024 * 1024;
constexpr u64 kRoot = EXT2_ROOT_INO;

/// `PITH_SEED` says from which one on.
u64 first_seed() {
  const char* wanted = std::getenv("PITH_SEED");
  return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 1;
}

/// Random operations on each file system; `PITH_OPERATIONS` says how many, for a longer run.
u32 operation_count() {
  const char* wanted = std::getenv("PITH_OPERATIONS");
  return wanted != nullptr ? u32(std::strtoul(wanted, nullptr, 10)) : 500;
}

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
  for (u64 seed = first_seed(); seed < first_seed() + 3; seed++) {
    Harness harness(make_image(12 * kMegabyte, GetParam()));
    Model model(seed);
    for (u32 i = 0; i < operation_count(); i++) {
      model.step(harness);
      if (i % 50 == 49) harness.now() += 6'000'000'000;
      if (i % 90 == 89) harness.restart();
      if (i % 10'000 == 9'999) model.compare(harness);
      ASSERT_FALSE(HasFailure()) << "seed " << seed << " operation " << model.operations();
    }
    RecordProperty("operations", int(model.operations()));
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
  for (u64 seed = first_seed(); seed < first_seed() + 4; seed++) {
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
    bool is_wanted = false, is_syncing = false;
    harness.disk->before = [&](const block::Request& request) {
      // The first moments after the answer are those in which it would be found to have come too early.
      bool is_answered = is_syncing && harness.is_answered();
      if (is_answered) {
        synced = model.copy();
        since = model.operations();
        is_syncing = false;
      }
      if (request.operation != block::Operation::Read && random() % (is_answered ? 2 : 60) == 0 && cuts.size() < 25) {
        cuts.push_back({harness.disk->cut(), synced, nullptr, since});
        is_wanted = true;
      }
      return true;
    };
    for (u32 i = 0; i < 250; i++) {
      model.step(harness);
      if (i % 40 == 39) harness.now() += 6'000'000'000;
      if (random() % 25 == 0) {
        is_syncing = true;
        ASSERT_TRUE(harness.sync());
        is_syncing = false;
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
    ASSERT_GT(cuts.size(), 1u);
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

TEST(Ext4, LargeDirectoriesHaveAnIndexThatOthersUnderstand) {
  for (const char* options : {"", "-b 4096", "-O ^metadata_csum"}) {
    Harness harness(make_image(16 * kMegabyte, options));
    u64 directory = harness.create(kRoot, LINUX_S_IFDIR | 0755, "large")->node;
    std::map<std::string, u64> names;
    for (u32 i = 0; i < 700; i++) {
      std::string name = "a name of some length, number " + std::to_string(i * 7919);
      Result<files::Attributes> made = harness.create(directory, LINUX_S_IFREG | 0644, name);
      ASSERT_TRUE(made) << i << " " << error_name(made.error());
      names[name] = made->node;
      if (i % 3 == 2) {
        ASSERT_TRUE(harness.remove(directory, false, names.begin()->first));
        names.erase(names.begin());
      }
    }
    for (const auto& [name, node] : names) EXPECT_EQ(harness.lookup(directory, name)->node, node);
    EXPECT_EQ(harness.lookup(directory, "not there").error(), Error::NotFound);
    auto listed = harness.list(directory);
    ASSERT_TRUE(listed);
    EXPECT_EQ(listed->size(), names.size() + 2);
    harness.close();
    Ran ran = run_on(harness.disk->image, "debugfs -R 'htree_dump large'");
    EXPECT_NE(ran.output.find("Indirect levels"), ran.output.npos) << ran.output.substr(0, 300);
    expect_clean(harness.disk->image);
  }
}

TEST(Ext4, WhatIsHeldStaysUntilItIsReleasedOrThePowerFails) {
  Harness harness(make_image(16 * kMegabyte));
  u64 free = harness.call<protocols::FilesStateResult>([&] { return harness.service->state(kClient); })->free_blocks;
  u64 held = harness.create(kRoot, LINUX_S_IFREG | 0644, "held")->node, other = harness.create(kRoot, LINUX_S_IFREG | 0644, "other")->node;
  for (u64 node : {held, other}) {
    ASSERT_TRUE(harness.write(node, 0, std::string(100000, 'h')));
    ASSERT_TRUE(harness.hold(node));
  }
  ASSERT_TRUE(harness.remove(kRoot, false, "held"));
  ASSERT_TRUE(harness.remove(kRoot, false, "other"));
  harness.restart();
  EXPECT_EQ(*harness.read(held, 99990, 100), std::string(10, 'h'));
  EXPECT_EQ(harness.link(kRoot, held, "again").error(), Error::NotFound);
  ASSERT_TRUE(harness.sync());
  Image cut = harness.disk->cut();
  ASSERT_TRUE(harness.release(held));
  ASSERT_TRUE(harness.release(other));
  EXPECT_EQ(harness.release(other).error(), Error::NotFound);
  EXPECT_EQ(harness.attributes(held).error(), Error::NotFound);
  EXPECT_EQ(harness.call<protocols::FilesStateResult>([&] { return harness.service->state(kClient); })->free_blocks, free);
  harness.close();
  expect_clean(harness.disk->image);
  Harness again(cut);
  EXPECT_EQ(again.attributes(held).error(), Error::NotFound);
  again.close();
  expect_clean(again.disk->image);
}

TEST(Ext4, AFullDiskIsAnErrorAndNothingElse) {
  Harness harness(make_image(6 * kMegabyte, "-N 200"));
  std::string data(200000, 'f');
  u64 files = 0;
  Result<u64> written = u64{0};
  for (; files < 300; files++) {
    Result<files::Attributes> made = harness.create(kRoot, LINUX_S_IFREG | 0644, "file " + std::to_string(files));
    if (!made) {
      EXPECT_EQ(made.error(), Error::NoSpace);
      break;
    }
    written = harness.write(made->node, 0, data);
    if (!written) {
      EXPECT_EQ(written.error(), Error::NoSpace);
      EXPECT_EQ(harness.attributes(made->node)->size, 0u);
    }
  }
  EXPECT_LT(files, 300u);
  EXPECT_EQ(written.error(), Error::NoSpace);
  ASSERT_TRUE(harness.sync());
  for (u64 i = 0; i < files; i += 2) ASSERT_TRUE(harness.remove(kRoot, false, "file " + std::to_string(i)));
  ASSERT_TRUE(harness.sync());
  Result<files::Attributes> made = harness.create(kRoot, LINUX_S_IFREG | 0644, "once more");
  ASSERT_TRUE(made);
  EXPECT_TRUE(harness.write(made->node, 0, data));
  harness.close();
  expect_clean(harness.disk->image);
}

TEST(Ext4, LargeFilesGoInPieces) {
  for (const char* options : {"", "-O ^extents,^64bit,^flex_bg,^metadata_csum"}) {
    Harness harness(make_image(48 * kMegabyte, options));
    u64 file = harness.create(kRoot, LINUX_S_IFREG | 0644, "large")->node;
    std::string data(512 * 1024, 'l');
    for (u64 i = 0; i < 60; i++) ASSERT_EQ(*harness.write(file, i * 2 * data.size(), data), data.size()) << i;
    files::Attributes to = {};
    to.size = 3000;
    ASSERT_TRUE(harness.set_attributes(file, files::Change::Size, to));
    to.size = 100000;
    ASSERT_TRUE(harness.set_attributes(file, files::Change::Size, to));
    EXPECT_EQ(*harness.read(file, 2990, 20), std::string(10, 'l') + std::string(10, 0));
    for (u64 i = 0; i < 60; i++) ASSERT_TRUE(harness.write(file, i * 2 * data.size(), data));
    ASSERT_TRUE(harness.remove(kRoot, false, "large"));
    harness.close();
    EXPECT_EQ(harness.state().orphan_count, 0u);
    expect_clean(harness.disk->image);
  }
}

TEST(Ext4, BlocksMadeBeforehandAndTakenAway) {
  Harness harness(make_image(16 * kMegabyte));
  u64 file = harness.create(kRoot, LINUX_S_IFREG | 0644, "file")->node;
  EXPECT_EQ(*harness.allocate(file, 0, 2000000, Volume::kKeepSize), 0u);
  EXPECT_GE(harness.attributes(file)->blocks * 512, 2000000u);
  EXPECT_EQ(*harness.allocate(file, 0, 1000000, 0), 1000000u);
  EXPECT_EQ(*harness.read(file, 500000, 100), std::string(100, 0));
  std::string data(50000, 'd');
  ASSERT_TRUE(harness.write(file, 300100, data));
  EXPECT_EQ(*harness.read(file, 300000, 50200), std::string(100, 0) + data + std::string(100, 0));
  EXPECT_EQ(*harness.allocate(file, 310000, 20001, Volume::kTakeAway), 1000000u);
  EXPECT_EQ(*harness.read(file, 300100, 50000), std::string(9900, 'd') + std::string(20001, 0) + std::string(20099, 'd'));
  harness.close();
  expect_clean(harness.disk->image);
}

TEST(Ext4, ADeviceThatFailsIsToldOf) {
  Harness harness(make_image(16 * kMegabyte));
  u64 file = harness.create(kRoot, LINUX_S_IFREG | 0644, "file")->node;
  ASSERT_TRUE(harness.write(file, 0, "content"));
  ASSERT_TRUE(harness.sync());
  harness.disk->before = [](const block::Request& request) { return request.operation == block::Operation::Read; };
  EXPECT_EQ(harness.write(file, 0, std::string(4096, 'x')).error(), Error::Damaged);
  ASSERT_TRUE(harness.create(kRoot, LINUX_S_IFREG | 0644, "lost"));
  EXPECT_EQ(harness.sync().error(), Error::Damaged);
  EXPECT_EQ(harness.create(kRoot, LINUX_S_IFREG | 0644, "more").error(), Error::Denied);
  EXPECT_TRUE(harness.lookup(kRoot, "file"));
  harness.disk->before = [](const block::Request&) { return false; };
  EXPECT_EQ(harness.read(file, 0, 10).error(), Error::Damaged);
  Harness dead_harness(Image(64 * 1024));
  EXPECT_EQ(dead_harness.lookup(kRoot, "x").error(), Error::NotFound);
}

TEST(Ext4, APartitionIsFoundByItsNumber) {
  Image part = make_image(8 * kMegabyte), whole(10 * kMegabyte);
  memcpy(whole.data() + kMegabyte, part.data(), part.size());
  u32 entry[2] = {u32(kMegabyte / 512), u32(part.size() / 512)};
  whole[446 + 16 + 4] = std::byte{0x83};
  memcpy(whole.data() + 446 + 16 + 8, entry, sizeof entry);
  whole[510] = std::byte{0x55};
  whole[511] = std::byte{0xaa};
  Harness harness(whole, 2);
  u64 file = harness.create(kRoot, LINUX_S_IFREG | 0644, "file")->node;
  ASSERT_TRUE(harness.write(file, 0, "content"));
  harness.close();
  memcpy(part.data(), harness.disk->image.data() + kMegabyte, part.size());
  EXPECT_EQ(memcmp(harness.disk->image.data(), whole.data(), kMegabyte), 0);
  expect_clean(part);
}

}  // namespace
}  // namespace pith::ext4
