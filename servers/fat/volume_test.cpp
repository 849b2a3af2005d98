// A FAT volume: what others have made is read, and what is made here is read by others.
#include "servers/fat/test_machine.h"

namespace pith::fat {
namespace {

using Kind = Volume::Kind;
using Change = files::Change;

struct Format {
  const char* name;
  u64 bytes;
  const char* options;
};

class FatVolume : public testing::TestWithParam<Format> {
 protected:
  Image make() { return scratch.make(GetParam().bytes, GetParam().options); }
  /// Nothing is to be complained about.
  void expect_clean(const Machine& machine) {
    Scratch::Ended ended = scratch.check(machine.disk->image());
    EXPECT_EQ(ended.status, 0) << ended.output;
  }
  std::string mtools(const std::string& command, const std::string& rest) {
    Scratch::Ended ended = Scratch::run("MTOOLS_SKIP_CHECK=1 " + command + " -i " + scratch.at("checked") + " " + rest);
    EXPECT_EQ(ended.status, 0) << ended.output;
    return ended.output;
  }

  Scratch scratch;
};

std::string pattern(u64 seed, u64 length) {
  std::string text(length, 0);
  Random random(seed);
  for (char& each : text) each = char(random.below(256));
  return text;
}

TEST_P(FatVolume, ReadsWhatOthersHaveWritten) {
  (void)make();
  std::string big = pattern(1, 100'000);
  std::ofstream(scratch.at("big"), std::ios::binary) << big;
  std::string disk = scratch.at("disk");
  Scratch::Ended ended = Scratch::run("cd " + scratch.at("") + " && echo hello >small && mmd -i " + disk + " ::/folder && mcopy -i " +
                                      disk + " small ::/SMALL.TXT && mcopy -i " + disk + " big '::/folder/A name that is long.bin'");
  ASSERT_EQ(ended.status, 0) << ended.output;
  Machine machine(scratch.load("disk"));
  auto root = machine.call([](Volume& each) { return each.root(); });
  ASSERT_TRUE(root);
  auto names = machine.list(root->node);
  ASSERT_TRUE(names);
  ASSERT_EQ(names->size(), 2u);
  EXPECT_EQ((*names)[0].name, "folder");
  EXPECT_EQ((*names)[0].mode, 0040000u);
  auto small = machine.lookup(root->node, "small.txt");
  ASSERT_TRUE(small);
  EXPECT_EQ(small->node, (*names)[1].node);
  EXPECT_EQ(small->size, 6u);
  EXPECT_EQ(*machine.read(small->node, 0, 100), "hello\n");
  EXPECT_EQ(*machine.read(small->node, 2, 2, 77), "ll");
  EXPECT_EQ(*machine.read(small->node, 6, 2), "");
  auto folder = machine.lookup(root->node, "FOLDER");
  ASSERT_TRUE(folder);
  auto file = machine.lookup(folder->node, "a NAME that is LONG.bin");
  ASSERT_TRUE(file);
  EXPECT_EQ(*machine.read(file->node, 0, 200'000), big);
  EXPECT_EQ(*machine.read(file->node, 33, 70'000, 1000), big.substr(33, 70'000));
  EXPECT_EQ(machine.lookup(folder->node, "nothing").error(), Error::NotFound);
  EXPECT_EQ(machine.lookup(file->node, "nothing").error(), Error::WrongType);
  EXPECT_EQ(machine.disk->writes, 0u);
}

TEST_P(FatVolume, OthersReadWhatIsWritten) {
  Machine machine(make());
  u64 root = machine.call([](Volume& each) { return each.root(); })->node;
  auto folder = machine.create(root, "Some Folder", 0040755);
  ASSERT_TRUE(folder) << error_name(folder.error());
  auto file = machine.create(folder->node, "Ünïcode näme.text");
  ASSERT_TRUE(file);
  std::string text = pattern(2, 300'000);
  for (u64 at = 0; at < text.size(); at += 70'001) {
    std::string_view piece = std::string_view(text).substr(at, 70'001);
    EXPECT_EQ(*machine.write(file->node, at, piece), piece.size());
  }
  ASSERT_TRUE(machine.write(machine.create(root, "lower.txt")->node, 3000, "end"));
  ASSERT_TRUE(machine.sync());
  expect_clean(machine);
  EXPECT_EQ(mtools("mdir", "-b ::").find("lower.txt") != std::string::npos, true);
  mtools("mcopy", "-n '::/Some Folder/*' " + scratch.at("copy"));
  std::ifstream copy(scratch.at("copy"), std::ios::binary);
  EXPECT_TRUE(std::string(std::istreambuf_iterator<char>(copy), {}) == text);
  EXPECT_EQ(mtools("mtype", "::/LOWER.TXT"), std::string(3000, 0) + "end");
  // Another instance, of another run.
  Machine other(machine.disk->image());
  root = other.call([](Volume& each) { return each.root(); })->node;
  auto found = other.lookup(other.lookup(root, "some folder")->node, "ÜNÏCODE NÄME.TEXT");
  ASSERT_TRUE(found);
  EXPECT_EQ(*other.read(found->node, 0, 1 << 20), text);
}

TEST_P(FatVolume, FilesBecomeShorterAndLonger) {
  Machine machine(make());
  u64 root = machine.call([](Volume& each) { return each.root(); })->node;
  u64 free = machine.call([](Volume& each) { return each.information(); })->free_blocks;
  u64 node = machine.create(root, "file")->node;
  std::string text = pattern(3, 20'000);
  ASSERT_TRUE(machine.write(node, 0, text));
  auto resize = [&](u64 size) {
    files::Attributes to{};
    to.size = size;
    return machine.call([&](Volume& each) { return each.set_attributes(node, Change::Size, to); });
  };
  ASSERT_TRUE(resize(10'001));
  ASSERT_TRUE(resize(40'000));
  std::string expected = text.substr(0, 10'001) + std::string(29'999, 0);
  EXPECT_EQ(*machine.read(node, 0, 50'000), expected);
  ASSERT_TRUE(machine.sync());
  expect_clean(machine);
  EXPECT_EQ(*machine.read(node, 0, 50'000), expected);
  ASSERT_TRUE(machine.write(node, 50'000, "x"));
  EXPECT_EQ(*machine.read(node, 0, 60'000), expected + std::string(10'000, 0) + "x");
  ASSERT_TRUE(resize(0));
  ASSERT_TRUE(machine.sync());
  expect_clean(machine);
  EXPECT_EQ(machine.call([](Volume& each) { return each.information(); })->free_blocks, free);
  EXPECT_EQ(resize(u64{1} << 32).error(), Error::Limit);
  EXPECT_EQ(resize(machine.disk->image().size()).error(), Error::NoSpace);
}

TEST_P(FatVolume, ManyNamesInOneDirectory) {
  Machine machine(make());
  u64 root = machine.call([](Volume& each) { return each.root(); })->node;
  u64 folder = machine.create(root, "d", 0040755)->node;
  std::vector<std::string> names;
  for (u32 i = 0; i < 120; i++) {
    names.push_back("a long name with number " + std::to_string(i) + std::string(i % 7 * 30, 'x'));
    ASSERT_TRUE(machine.create(folder, names.back())) << i;
  }
  EXPECT_EQ(machine.create(folder, "A LONG NAME WITH NUMBER 0").error(), Error::AlreadyExists);
  EXPECT_TRUE(machine.lookup(folder, "ALONGN~9"));
  ASSERT_TRUE(machine.sync());
  expect_clean(machine);
  auto listed = machine.list(folder, 600);
  ASSERT_TRUE(listed);
  std::vector<std::string> found;
  for (const auto& each : *listed) found.push_back(each.name);
  std::sort(found.begin(), found.end());
  std::vector<std::string> sorted = names;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_TRUE(found == sorted);
  EXPECT_EQ(machine.remove(root, "d", Kind::Directory).error(), Error::Busy);
  for (const std::string& name : names) ASSERT_TRUE(machine.remove(folder, name));
  EXPECT_TRUE(machine.remove(root, "d", Kind::Directory));
  ASSERT_TRUE(machine.sync());
  expect_clean(machine);
}

TEST_P(FatVolume, NodesStayWhatTheyAre) {
  Machine machine(make());
  u64 root = machine.call([](Volume& each) { return each.root(); })->node;
  auto hold = [&](u64 node) { return machine.call([&](Volume& each) { return each.hold(Machine::kClient, node); }); };
  auto rename = [&](u64 from, const char* old_name, u64 to, const char* name, Volume::Rename how = Volume::Rename::Replace) {
    return machine.call([&](Volume& each) { return each.rename(from, old_name, to, name, how); });
  };
  u64 folder = machine.create(root, "folder", 0040755)->node;
  u64 one = machine.create(root, "one")->node;
  ASSERT_TRUE(machine.write(one, 0, "first"));
  ASSERT_TRUE(hold(one));
  ASSERT_TRUE(rename(root, "one", folder, "A longer name"));
  EXPECT_EQ(machine.lookup(folder, "a longer name")->node, one);
  u64 two = machine.create(root, "one")->node;
  EXPECT_NE(two, one);
  ASSERT_TRUE(machine.write(two, 0, "second"));
  ASSERT_TRUE(hold(two));
  EXPECT_EQ(rename(root, "one", folder, "a longer name", Volume::Rename::NoReplace).error(), Error::AlreadyExists);
  ASSERT_TRUE(rename(root, "one", folder, "a longer name"));
  EXPECT_EQ(machine.lookup(folder, "A longer name")->node, two);
  EXPECT_EQ(*machine.read(one, 0, 10), "first");
  EXPECT_EQ(machine.call([&](Volume& each) { return each.attributes(one); })->links, 0u);
  ASSERT_TRUE(machine.sync());
  machine.restart();
  EXPECT_EQ(*machine.read(one, 0, 10), "first");
  EXPECT_EQ(*machine.read(two, 0, 10), "second");
  EXPECT_TRUE(machine.call([&](Volume& each) { return each.release(Machine::kClient, one); }));
  EXPECT_EQ(machine.read(one, 0, 10).error(), Error::NotFound);
  ASSERT_TRUE(machine.sync());
  expect_clean(machine);
  // What another instance of the client has held is forgotten when the next one holds something.
  ASSERT_TRUE(machine.remove(folder, "a longer name"));
  machine.client_instance++;
  ASSERT_TRUE(hold(folder));
  EXPECT_EQ(machine.read(two, 0, 10).error(), Error::NotFound);
  // Directories.
  u64 inner = machine.create(folder, "inner", 0040755)->node;
  EXPECT_EQ(rename(root, "folder", inner, "x").error(), Error::BadArgument);
  ASSERT_TRUE(rename(folder, "inner", root, "outer"));
  ASSERT_TRUE(rename(root, "outer", root, "OUTER"));
  EXPECT_EQ(machine.list(root)->back().name, "OUTER");
  ASSERT_TRUE(machine.sync());
  expect_clean(machine);
}

TEST_P(FatVolume, WhatCannotBeSaysSo) {
  Machine machine(make());
  u64 root = machine.call([](Volume& each) { return each.root(); })->node;
  u64 file = machine.create(root, "file", 0100444)->node;
  EXPECT_EQ(machine.call([&](Volume& each) { return each.attributes(file); })->mode, 0100555u);
  EXPECT_EQ(machine.create(root, "x", 0020644).error(), Error::NotSupported);
  EXPECT_EQ(machine.create(root, "a:b").error(), Error::BadArgument);
  EXPECT_EQ(machine.create(file, "x").error(), Error::WrongType);
  EXPECT_EQ(machine.create(999'999, "x").error(), Error::NotFound);
  EXPECT_EQ(machine.remove(root, "file", Kind::Directory).error(), Error::WrongType);
  EXPECT_EQ(machine.remove(root, "nothing").error(), Error::NotFound);
  files::Attributes to{};
  to.user = 1000;
  EXPECT_EQ(machine.call([&](Volume& each) { return each.set_attributes(file, Change::Owner, to); }).error(), Error::Denied);
  to.mode = 0644;
  to.modification_time = 1'600'000'000'000'000'000;
  auto changed = machine.call([&](Volume& each) { return each.set_attributes(file, Change::Mode | Change::ModificationTime, to); });
  EXPECT_EQ(changed->mode, 0100755u);
  EXPECT_EQ(changed->modification_time, to.modification_time);
  EXPECT_EQ(machine.call([&](Volume& each) { return each.allocate(file, 0, 100, 1); }).error(), Error::NotSupported);
  ASSERT_TRUE(machine.sync());
  expect_clean(machine);
}

TEST_P(FatVolume, AFullVolumeIsFullAndNoMore) {
  Machine machine(make());
  u64 root = machine.call([](Volume& each) { return each.root(); })->node;
  u64 node = machine.create(root, "big")->node;
  u64 free = machine.call([](Volume& each) { return each.information(); })->free_blocks;
  u64 block = machine.call([](Volume& each) { return each.information(); })->block_size;
  if (free * block > 4 << 20) {
    // Most of it at once.
    u64 most = free * block - (1 << 20);
    ASSERT_TRUE(machine.call([&](Volume& each) { return each.allocate(node, 0, most, 0); }));
  }
  u64 size = machine.call([&](Volume& each) { return each.attributes(node); })->size;
  std::string text(100'000, 'x');
  Result<u64> written = u64{1};
  while ((written = machine.write(node, size, text))) size += *written;
  EXPECT_EQ(written.error(), Error::NoSpace);
  EXPECT_EQ(size, free * block);
  EXPECT_EQ(machine.call([](Volume& each) { return each.information(); })->free_blocks, 0u);
  EXPECT_EQ(machine.create(root, "folder", 0040755).error(), Error::NoSpace);
  ASSERT_TRUE(machine.sync());
  expect_clean(machine);
  // What is removed is there for others.
  ASSERT_TRUE(machine.remove(root, "big"));
  u64 other = machine.create(root, "other")->node;
  EXPECT_EQ(*machine.write(other, 0, text), text.size());
  ASSERT_TRUE(machine.sync());
  expect_clean(machine);
}

TEST(FatPartition, IsFoundByItsNumber) {
  Scratch scratch;
  constexpr u64 kFirst = 2048 * 512;
  Image volume = scratch.make(1 << 20, "-F 12"), disk(kFirst + volume.size());
  memcpy(disk.data() + kFirst, volume.data(), volume.size());
  // The second entry of an MBR.
  std::byte* entry = disk.data() + 446 + 16;
  entry[4] = std::byte{1};
  put32(entry + 8, 2048);
  put32(entry + 12, u32(volume.size() / 512));
  disk[510] = std::byte{0x55};
  disk[511] = std::byte{0xaa};
  Machine machine(disk, 1, 2);
  u64 root = machine.call([](Volume& each) { return each.root(); })->node;
  ASSERT_TRUE(machine.write(machine.create(root, "file")->node, 0, "text"));
  ASSERT_TRUE(machine.sync());
  Image after(machine.disk->image().begin() + kFirst, machine.disk->image().end());
  Scratch::Ended ended = scratch.check(after);
  EXPECT_EQ(ended.status, 0) << ended.output;
  EXPECT_NE(ended.output.find("1 files"), std::string::npos) << ended.output;
  Machine none(disk, 1, 3);
  EXPECT_EQ(none.call([](Volume& each) { return each.root(); }).error(), Error::Damaged);
}

INSTANTIATE_TEST_SUITE_P(All, FatVolume,
                         testing::Values(Format{"Fat12", 2 << 20, "-F 12 -s 4"},
                                         Format{"Fat12Small", 360 << 10, "-F 12 -s 2 -r 112 -n LABEL"},
                                         Format{"Fat16", 16 << 20, "-F 16 -s 2"}, Format{"Fat16Large", 24 << 20, "-F 16 -S 2048 -s 1"},
                                         Format{"Fat32", 34 << 20, "-F 32 -s 1"}),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace pith::fat
