// File systems of servers: names, the page cache, writing back, errors, mounts.
#include <cstring>
#include <random>

#include "personality/linux/calls/handlers.h"
#include "personality/linux/files/mount.h"
#include "personality/linux/files/names.h"
#include "personality/linux/host/memory_file_server.h"
#include "personality/linux/remote/file.h"
#include "personality/linux/tests/fixture.h"

namespace pith::personality {
namespace {

class RemoteTest : public EnvironmentTest {
 protected:
  RemoteTest() {
    remote_filesystems().push_back(std::make_unique<RemoteFilesystem>("server", server_, 0x20));
    env_->lock.lock();
    place_ = *root().create("mnt", {.mode = FileMode::Directory | 0755});
    EXPECT_TRUE(bool(mount_server("server", place_, 0)));
  }
  ~RemoteTest() override {
    if (!mounts().empty()) (void)call_umount("/mnt", kDetach);
    place_ = {};
    filesystem().forget_unused();
    filesystem().settle();
    env_->lock.unlock();
    EXPECT_EQ(server_.strangers, 0u) << "a node that is gone was asked for";
    remote_filesystems().clear();
  }
  static constexpr u32 kDetach = 2;
  RemoteFilesystem& filesystem() { return *remote_filesystems().front(); }

  /// Calls take guest memory; this does what they do with a path of ours.
  Result<u64> call_umount(std::string_view path, u32 flags) { return unmount(task(), *find_inode(task(), path), flags); }
  Result<Reference<Inode>> make(std::string_view path, u32 mode, std::string_view target = {}) {
    Place place = TRY(place_at(task(), AtFlag::CurrentDirectory, path, LastLink::Keep));
    if (place.inode) return LinuxError::Exists;
    return create_name(task(), place, mode, 0, target);
  }
  Result<Reference<File>> open(std::string_view path, u32 flags = OpenFlag::ReadWrite) {
    Result<Reference<Inode>> found = find_inode(task(), path);
    Reference<Inode> inode = found ? *found : TRY(make(path, FileMode::Regular | 0644));
    Reference<File> file = TRY(inode->open(task(), flags));
    file->flags = flags;
    return file;
  }
  Result<u64> put(File& file, std::string_view text, u64 offset) {
    Transfer from(const_cast<char*>(text.data()), text.size());
    return file.write(task(), from, offset);
  }
  std::string get(File& file, u64 offset, u64 length) {
    std::string text(length, 0);
    Transfer to(text.data(), length);
    Result<u64> got = file.read(task(), to, offset);
    EXPECT_TRUE(bool(got));
    text.resize(got.value_or(0));
    return text;
  }
  Error remove(std::string_view path) {
    Result<Place> place = place_at(task(), AtFlag::CurrentDirectory, path, LastLink::Keep);
    if (!place || !(*place).inode) return LinuxError::NoEntry;
    Result<void> done = (*place).parent->remove((*place).name, (*place).inode);
    return done ? kSuccess : done.error();
  }
  Error rename(std::string_view from, std::string_view to, u32 flags = 0) {
    Result<Place> source = place_at(task(), AtFlag::CurrentDirectory, from, LastLink::Keep);
    Result<Place> goal = place_at(task(), AtFlag::CurrentDirectory, to, LastLink::Keep);
    if (!source || !goal) return LinuxError::NoEntry;
    Result<u64> done = rename_place(task(), *source, *goal, flags);
    return done ? kSuccess : done.error();
  }
  Error error_of(std::string_view path) {
    Result<Reference<Inode>> found = find_inode(task(), path);
    return found ? kSuccess : found.error();
  }

  MemoryFileServer server_{4096, 256 << 10};
  Reference<Inode> place_;
};

std::string pattern(u64 length, u64 seed) {
  std::string text(length, 0);
  for (u64 index = 0; index < length; index++) text[index] = char((index * 131 + seed * 7919 + index / 4096) >> 3);
  return text;
}

TEST_F(RemoteTest, PathsCrossMounts) {
  ASSERT_TRUE(bool(make("/mnt/d", FileMode::Directory | 0755)));
  ASSERT_TRUE(bool(make("/mnt/d/f", FileMode::Regular | 0644)));
  ASSERT_TRUE(bool(make("/mnt/up", FileMode::Symlink | 0777, "../mnt/d/f")));
  for (const char* path : {"/mnt/d/f", "/mnt/../mnt/d/f", "/mnt/d/../../mnt/d/f", "/mnt/up"}) EXPECT_EQ(error_of(path), kSuccess) << path;
  EXPECT_EQ((*find_inode(task(), "/mnt/.."))->as_directory(), env_->root.get());
  EXPECT_EQ(*path_of(task(), *(*find_inode(task(), "/mnt/d"))->as_directory()), "/mnt/d");
  EXPECT_EQ(server_.content("/d/f"), "");
  EXPECT_NE(mounts_text(task()).find("server /mnt ext4 rw"), std::string::npos);
  EXPECT_EQ(rename("/mnt/d/f", "/f"), LinuxError::CrossDevice);
  EXPECT_EQ(rename("/mnt", "/other"), LinuxError::Busy);
  EXPECT_EQ(mount_server("server", *find_inode(task(), "/"), 0).error(), LinuxError::Busy);
  EXPECT_EQ(mounts().front().type, "ext4");
}

TEST_F(RemoteTest, NamesAreAskedForOnce) {
  ASSERT_TRUE(bool(make("/mnt/a", FileMode::Directory | 0755)));
  ASSERT_TRUE(bool(make("/mnt/a/b", FileMode::Regular | 0600)));
  u64 before = server_.calls;
  for (u32 round = 0; round < 10; round++) EXPECT_EQ(error_of("/mnt/a/b"), kSuccess);
  EXPECT_EQ(server_.calls, before);
  for (u32 round = 0; round < 10; round++) EXPECT_EQ(error_of("/mnt/a/nothing"), LinuxError::NoEntry);
  EXPECT_EQ(server_.calls, before + 1);
  ASSERT_TRUE(bool(make("/mnt/a/nothing", FileMode::Regular | 0600)));
  EXPECT_EQ(error_of("/mnt/a/nothing"), kSuccess);
  filesystem().forget_unused();
  EXPECT_EQ(error_of("/mnt/a/b"), kSuccess);
  EXPECT_GT(server_.lookups, 1u);
}

TEST_F(RemoteTest, WhatIsWrittenIsReadAndReachesTheServerAtSync) {
  Reference<File> file = *open("/mnt/f");
  std::string text = pattern(300'000, 1);
  EXPECT_EQ(*put(*file, text, 0), text.size());
  EXPECT_EQ(server_.writes, 0u);
  EXPECT_EQ(file->inode->size(), text.size());
  EXPECT_EQ(get(*file, 0, 400'000), text);
  EXPECT_EQ(get(*file, 12345, 10), text.substr(12345, 10));
  EXPECT_TRUE(bool(file->sync(SyncKind::All)));
  EXPECT_EQ(server_.content("/f"), text);
  EXPECT_EQ(server_.syncs, 1u);
  EXPECT_EQ(filesystem().dirty_pages, 0u);
  EXPECT_GE(file->inode->blocks() * 512, text.size());
}

TEST_F(RemoteTest, ReadsComeInLargePiecesAndOnce) {
  std::string text = pattern(1 << 20, 2);
  {
    Reference<File> file = *open("/mnt/f");
    EXPECT_EQ(*put(*file, text, 0), text.size());
    EXPECT_TRUE(bool(file->sync(SyncKind::All)));
  }
  filesystem().forget_unused();
  Reference<File> file = *open("/mnt/f");
  std::string all;
  for (std::string piece; !(piece = get(*file, all.size(), 1000)).empty();) all += piece;
  EXPECT_EQ(all, text);
  EXPECT_LE(server_.reads, 20u) << "256 pages, at most 32 with a transfer";
  u64 before = server_.reads;
  EXPECT_EQ(get(*file, 0, text.size()), text);
  EXPECT_EQ(server_.reads, before);
}

TEST_F(RemoteTest, PartialPagesKeepWhatIsAroundThem) {
  std::string text = pattern(20'000, 3);
  EXPECT_EQ(*put(**open("/mnt/f"), text, 0), text.size());
  EXPECT_TRUE(bool(filesystem().sync()));
  filesystem().forget_unused();
  Reference<File> file = *open("/mnt/f");
  for (u64 offset : {u64{5}, u64{4090}, u64{8192}, u64{19'990}}) {
    std::string piece = pattern(4096, offset);
    EXPECT_EQ(*put(*file, piece, offset), piece.size());
    if (text.size() < offset + piece.size()) text.resize(offset + piece.size());
    text.replace(offset, piece.size(), piece);
  }
  EXPECT_EQ(get(*file, 0, 100'000), text);
  EXPECT_TRUE(bool(file->sync(SyncKind::All)));
  EXPECT_EQ(server_.content("/f"), text);
}

TEST_F(RemoteTest, SizesAndHoles) {
  Reference<File> file = *open("/mnt/f");
  EXPECT_EQ(*put(*file, "end", 50'000), 3u);
  EXPECT_EQ(get(*file, 0, 4), std::string(4, 0));
  EXPECT_EQ(get(*file, 49'999, 10), std::string(1, 0) + "end");
  EXPECT_TRUE(bool(file->inode->resize(50'001)));
  EXPECT_TRUE(bool(file->inode->resize(50'010)));
  EXPECT_EQ(get(*file, 50'000, 20), "e" + std::string(9, 0)) << "what was cut off is zero";
  EXPECT_TRUE(bool(file->sync(SyncKind::All)));
  EXPECT_EQ(server_.content("/f"), std::string(50'000, 0) + "e" + std::string(9, 0));
  EXPECT_TRUE(bool(file->inode->resize(0)));
  EXPECT_EQ(get(*file, 0, 10), "");
  EXPECT_EQ(server_.used_blocks(), 0u);
  EXPECT_TRUE(bool(file->inode->allocate(0, 3 * kPageSize, 1)));
  EXPECT_EQ(server_.used_blocks(), 3u);
  EXPECT_EQ(file->inode->size(), 0u);
  EXPECT_EQ(*put(*file, pattern(3 * kPageSize, 9), 0), 3 * kPageSize);
  EXPECT_TRUE(bool(file->inode->allocate(100, kPageSize * 2, 3)));
  EXPECT_EQ(get(*file, 100, kPageSize * 2), std::string(kPageSize * 2, 0));
  EXPECT_EQ(get(*file, 0, 100), pattern(3 * kPageSize, 9).substr(0, 100));
}

TEST_F(RemoteTest, OpenFilesOutliveTheirNames) {
  Reference<File> file = *open("/mnt/f");
  EXPECT_EQ(*put(*file, "still here", 0), 10u);
  u64 node = file->inode->number;
  EXPECT_EQ(remove("/mnt/f"), kSuccess);
  EXPECT_EQ(error_of("/mnt/f"), LinuxError::NoEntry);
  // A new file may not get the number of one that somebody has.
  Reference<File> other = *open("/mnt/f");
  EXPECT_NE(other->inode->number, node);
  EXPECT_EQ(*put(*other, "another", 0), 7u);
  EXPECT_TRUE(bool(filesystem().sync()));
  EXPECT_EQ(get(*file, 0, 20), "still here");
  EXPECT_EQ(file->inode->links, 0u);
  EXPECT_EQ(server_.node_count(), 3u);
  file = {};
  filesystem().settle();
  EXPECT_EQ(server_.node_count(), 2u);
  EXPECT_EQ(server_.content("/f"), "another");
}

TEST_F(RemoteTest, DirectoriesListRenameAndGo) {
  ASSERT_TRUE(bool(make("/mnt/a", FileMode::Directory | 0755)));
  ASSERT_TRUE(bool(make("/mnt/b", FileMode::Directory | 0755)));
  for (u32 number = 0; number < 3000; number++) ASSERT_TRUE(bool(make("/mnt/a/file" + std::to_string(number), FileMode::Regular | 0600)));
  u32 seen = 0;
  EXPECT_TRUE(bool(
      (*find_inode(task(), "/mnt/a"))->as_directory()->list(task(), 0, [&](std::string_view, u64, u32, u64) { return ++seen, true; })));
  EXPECT_EQ(seen, 3000u);
  EXPECT_EQ(remove("/mnt/a"), LinuxError::NotEmpty);
  EXPECT_EQ(rename("/mnt/a/file7", "/mnt/b/seven"), kSuccess);
  EXPECT_EQ(error_of("/mnt/a/file7"), LinuxError::NoEntry);
  EXPECT_EQ(error_of("/mnt/b/seven"), kSuccess);
  EXPECT_EQ(rename("/mnt/b", "/mnt/a/inner"), kSuccess);
  EXPECT_EQ(*path_of(task(), *(*find_inode(task(), "/mnt/a/inner"))->as_directory()), "/mnt/a/inner");
  EXPECT_EQ(rename("/mnt/a", "/mnt/a/inner/a"), LinuxError::Invalid);
  EXPECT_EQ(rename("/mnt/a/file1", "/mnt/a/file2", RenameFlag::NoReplace), LinuxError::Exists);
  EXPECT_EQ(rename("/mnt/a/file1", "/mnt/a/inner/seven", RenameFlag::Exchange), kSuccess);
  EXPECT_EQ(rename("/mnt/a/file3", "/mnt/a/file4"), kSuccess);
  EXPECT_EQ(remove("/mnt/a/inner/seven"), kSuccess);
  EXPECT_EQ(remove("/mnt/a/inner"), kSuccess);
  EXPECT_EQ((*find_inode(task(), "/mnt/a"))->links, 2u);
}

TEST_F(RemoteTest, HardLinksAreOneInode) {
  Reference<File> file = *open("/mnt/f");
  Reference<Inode> directory = *find_inode(task(), "/mnt");
  EXPECT_TRUE(bool(directory->as_directory()->link("g", file->inode)));
  EXPECT_EQ(*find_inode(task(), "/mnt/g"), file->inode);
  EXPECT_EQ(file->inode->links, 2u);
  EXPECT_EQ(remove("/mnt/f"), kSuccess);
  EXPECT_EQ(file->inode->links, 1u);
  EXPECT_EQ(*put(*file, "x", 0), 1u);
  EXPECT_TRUE(bool(filesystem().sync()));
  EXPECT_EQ(server_.content("/g"), "x");
}

TEST_F(RemoteTest, NoSpaceIsToldToTheWriter) {
  std::string text = pattern(1 << 20, 4);
  Reference<File> file = *open("/mnt/f");
  u64 done = 0;
  Error last = kSuccess;
  for (u32 round = 0; round < 20 && last == kSuccess; round++) {
    Result<u64> got = put(*file, text, done);
    if (got)
      done += *got;
    else
      last = got.error();
  }
  EXPECT_EQ(last, LinuxError::NoSpace);
  EXPECT_GT(done, u64{14} << 20) << "of 16 MiB";
  EXPECT_TRUE(bool(file->sync(SyncKind::All))) << "all that was taken can be stored";
  EXPECT_EQ(server_.content("/f").size(), done);
  EXPECT_EQ(remove("/mnt/f"), kSuccess);
  file = {};
  Reference<File> next = *open("/mnt/next");
  EXPECT_EQ(*put(*next, text, 0), text.size()) << "room of what was removed is found";
}

TEST_F(RemoteTest, ErrorsOfWritingBackAreToldOnceToEachFile) {
  Reference<File> file = *open("/mnt/f"), other = *open("/mnt/f");
  EXPECT_EQ(*put(*file, "data", 0), 4u);
  server_.write_error = Error::Damaged;
  EXPECT_EQ(file->sync(SyncKind::All).error(), LinuxError::InputOutput);
  server_.write_error = kSuccess;
  EXPECT_EQ(get(*file, 0, 4), "data") << "it is kept";
  EXPECT_EQ(other->sync(SyncKind::All).error(), LinuxError::InputOutput);
  EXPECT_TRUE(bool(other->sync(SyncKind::All)));
  EXPECT_EQ(server_.content("/f"), "data");
}

TEST_F(RemoteTest, MemoryPressureTakesCleanPages) {
  Reference<File> file = *open("/mnt/f");
  EXPECT_EQ(*put(*file, pattern(1 << 20, 5), 0), u64{1} << 20);
  EXPECT_EQ(reclaim_pages(10), 0u) << "nothing is clean";
  EXPECT_TRUE(bool(file->sync(SyncKind::All)));
  u64 before = free_pages();
  EXPECT_EQ(reclaim_pages(10), 10u);
  EXPECT_EQ(free_pages(), before + 10);
  std::vector<PageIndex> taken;
  for (;;) {
    Result<PageIndex> page = env_->pages.allocate();
    if (!page) break;
    taken.push_back(*page);
  }
  EXPECT_FALSE(static_cast<RemoteFile&>(*file->inode).has_page(5));
  for (PageIndex page : taken) env_->pages.release(page);
  EXPECT_EQ(get(*file, 0, 1 << 20), pattern(1 << 20, 5));
}

TEST_F(RemoteTest, AttributesGoToTheServer) {
  Reference<Inode> inode = *make("/mnt/f", FileMode::Regular | 0644);
  EXPECT_TRUE(bool(inode->change({.what = AttributeChange::Mode | AttributeChange::Owner, .mode = 0600, .uid = 5, .gid = 6})));
  EXPECT_TRUE(bool(inode->change({.what = AttributeChange::ModificationTime, .modification_time = 1234567})));
  inode = {};
  filesystem().forget_unused();
  inode = *find_inode(task(), "/mnt/f");
  EXPECT_EQ(inode->mode, FileMode::Regular | 0600);
  EXPECT_EQ(inode->uid, 5u);
  EXPECT_EQ(inode->gid, 6u);
  EXPECT_EQ(inode->modification_time, 1234567);
}

TEST_F(RemoteTest, UnmountWaitsForNobodyAndWritesAll) {
  {
    Reference<File> file = *open("/mnt/f");
    EXPECT_EQ(*put(*file, "kept", 0), 4u);
    EXPECT_EQ(call_umount("/mnt", 0).error(), LinuxError::Busy);
  }
  EXPECT_TRUE(bool(call_umount("/mnt", 0)));
  EXPECT_EQ(server_.content("/f"), "kept");
  EXPECT_EQ(error_of("/mnt/f"), LinuxError::NoEntry);
  EXPECT_TRUE(bool(mount_server("server", place_, MountFlag::ReadOnly)));
  EXPECT_EQ(error_of("/mnt/f"), kSuccess);
  EXPECT_EQ(make("/mnt/g", FileMode::Regular | 0644).error(), LinuxError::ReadOnlyFiles);
}

/// What a file holds after random operations is what a string holds, whatever is written back, dropped or forgotten in between.
TEST_F(RemoteTest, RandomOperationsAgreeWithAModel) {
  std::mt19937 random(7);
  for (u32 round = 0; round < 12; round++) {
    std::string model;
    std::string path = "/mnt/random" + std::to_string(round);
    Reference<File> file = *open(path);
    for (u32 step = 0; step < 300; step++) {
      u64 offset = random() % 200'000, length = 1 + random() % (random() % 3 ? 5'000 : 60'000);
      switch (random() % 12) {
        case 0:
        case 1:
        case 2:
        case 3: {
          if (random() % 4 == 0) offset = offset / kPageSize * kPageSize, length = (length / kPageSize + 1) * kPageSize;
          std::string text = pattern(length, random());
          ASSERT_EQ(*put(*file, text, offset), length);
          if (model.size() < offset + length) model.resize(offset + length);
          model.replace(offset, length, text);
          break;
        }
        case 4:
          ASSERT_TRUE(bool(file->inode->resize(offset)));
          model.resize(offset);
          break;
        case 5:
          ASSERT_TRUE(bool(file->inode->allocate(offset, length, 3)));
          if (offset < model.size()) model.replace(offset, std::min<u64>(length, model.size() - offset), std::string(std::min<u64>(length, model.size() - offset), 0));
          break;
        case 6:
          ASSERT_TRUE(bool(file->sync(SyncKind::Data)));
          ASSERT_EQ(server_.content(path.substr(4)), model);
          break;
        case 7:
          (void)reclaim_pages(random() % 60);
          break;
        case 8:
          file = {};
          ASSERT_TRUE(bool(filesystem().write_back(~u64{0})));
          filesystem().forget_unused();
          file = *open(path);
          break;
        default:
          ASSERT_EQ(get(*file, offset, length), offset < model.size() ? model.substr(offset, length) : "") << "round " << round << " step " << step;
      }
      ASSERT_EQ(file->inode->size(), model.size());
    }
    ASSERT_EQ(get(*file, 0, 300'000), model);
    file = {};
    ASSERT_EQ(remove(path), kSuccess);
  }
  EXPECT_TRUE(bool(filesystem().sync()));
  filesystem().settle();
  EXPECT_EQ(server_.used_blocks(), 0u);
  EXPECT_EQ(filesystem().dirty_pages, 0u);
  // All that was set aside has been given back.
  (void)filesystem().refresh();
  EXPECT_GE(filesystem().free_pages(), 4000u);
}

TEST_F(RemoteTest, OthersMayRunWhileTheServerIsAsked) {
  Reference<File> file = *open("/mnt/f");
  EXPECT_EQ(*put(*file, pattern(100'000, 6), 0), 100'000u);
  u64 taken = 0;
  server_.before_call = [&] {
    // The environment's lock is not held: it can be taken (else this would wait for ever).
    env_->lock.lock();
    taken++;
    env_->lock.unlock();
  };
  EXPECT_TRUE(bool(file->sync(SyncKind::All)));
  EXPECT_EQ(error_of("/mnt/none"), LinuxError::NoEntry);
  EXPECT_EQ(remove("/mnt/f"), kSuccess);
  server_.before_call = {};
  EXPECT_GT(taken, 3u);
}

}  // namespace
}  // namespace pith::personality
