// A root directory that a server has: what lies over it, what is added to it, and servers that cannot be the root.
#include "personality/linux/files/mount.h"
#include "personality/linux/files/path.h"
#include "personality/linux/files/root.h"
#include "personality/linux/host/memory_file_server.h"
#include "personality/linux/remote/file.h"
#include "personality/linux/tests/fixture.h"

namespace pith::personality {
namespace {

class DiskRootTest : public EnvironmentTest {
 protected:
  DiskRootTest() {
    remote_filesystems().push_back(std::make_unique<RemoteFilesystem>("server", server_, 0x20));
    env_->lock.lock();
  }
  ~DiskRootTest() override {
    task().context->root = task().context->current = {};
    env_->root = {};
    // Mounts are never all taken away outside of tests; the root refers to itself through its table.
    while (!mounts().empty()) {
      mounts().back().covered->mounted = {};
      mounts().pop_back();
    }
    if (!remote_filesystems().empty()) {
      remote_filesystems().front()->forget_unused();
      remote_filesystems().front()->settle();
    }
    env_->lock.unlock();
    remote_filesystems().clear();
  }
  Error use() {
    Result<void> done = use_root_of_server(task(), "server", *additions_);
    return done ? kSuccess : done.error();
  }
  void add(TmpfsDirectory& directory, std::string_view name, std::string_view text) {
    Reference<TmpfsFile> file(new TmpfsFile(0640));
    ASSERT_TRUE(bool(file->write(0, text.data(), text.size())));
    ASSERT_TRUE(bool(directory.add(name, file)));
  }

  MemoryFileServer server_{4096, 256 << 10};
  Reference<TmpfsDirectory> additions_{new TmpfsDirectory(0755)};
};

TEST_F(DiskRootTest, HasTheEnvironmentsDirectoriesOverIt) {
  ASSERT_EQ(use(), kSuccess);
  EXPECT_EQ(env_->root->filesystem.device, 0x20u);
  for (const char* path : {"/dev/null", "/dev/shm", "/dev/fd", "/proc/self", "/svc", "/tmp", "/run"})
    EXPECT_TRUE(bool(place_at(task(), AtFlag::CurrentDirectory, path, LastLink::Keep)->inode)) << path;
  EXPECT_EQ((*find_inode(task(), "/tmp"))->filesystem.device, kTmpfs.device);
  EXPECT_EQ((*find_inode(task(), "/tmp"))->mode & 07777, 01777u);
  EXPECT_EQ((*find_inode(task(), "/dev/.."))->as_directory(), env_->root.get());
  EXPECT_EQ((*find_inode(task(), "/.."))->as_directory(), env_->root.get());
  std::string text = mounts_text(task());
  EXPECT_EQ(text.find("server / ext4 rw 0 0\n"), 0u) << text;
  EXPECT_NE(text.find("\nproc /proc proc rw"), std::string::npos);
  EXPECT_EQ(text.find("tmpfs / "), std::string::npos);
}

TEST_F(DiskRootTest, CannotBeUnmountedOrMountedTwice) {
  ASSERT_EQ(use(), kSuccess);
  EXPECT_EQ(unmount(task(), Reference<Inode>(env_->root), 0).error(), LinuxError::Busy);
  EXPECT_EQ(unmount(task(), Reference<Inode>(env_->root), UnmountFlag::Detach).error(), LinuxError::Busy);
  EXPECT_EQ(mount_server("server", *find_inode(task(), "/run"), 0).error(), LinuxError::Busy);
}

TEST_F(DiskRootTest, GetsCopiesInThePlaceOfWhatIsThere) {
  Result<files::Attributes> root = server_.root();
  ASSERT_TRUE(bool(server_.create(root->node, FileMode::Regular | 0600, 0, 0, "file")));
  Result<files::Attributes> kept = server_.create(root->node, FileMode::Directory | 0700, 5, 0, "etc");
  ASSERT_TRUE(bool(kept));
  ASSERT_TRUE(bool(server_.create(kept->node, FileMode::Regular | 0600, 0, 0, "old")));
  std::string large(300'000, 'x');
  add(*additions_, "file", large);
  Reference<TmpfsDirectory> etc(new TmpfsDirectory(0755)), tmp(new TmpfsDirectory(0755));
  ASSERT_TRUE(bool(additions_->add("etc", etc)));
  ASSERT_TRUE(bool(additions_->add("tmp", tmp)));
  ASSERT_TRUE(bool(additions_->add("link", Reference<Inode>(new TmpfsSymlink("etc/new")))));
  add(*etc, "new", "text");
  add(*tmp, "memory", "text");
  ASSERT_EQ(use(), kSuccess);
  ASSERT_TRUE(bool(remote_filesystems().front()->sync()));
  EXPECT_EQ(server_.content("/file"), large);
  EXPECT_EQ(server_.content("/etc/new"), "text");
  EXPECT_EQ((*find_inode(task(), "/link"))->mode, FileMode::Regular | 0640);
  EXPECT_EQ((*find_inode(task(), "/etc"))->mode, FileMode::Directory | 0700);
  EXPECT_TRUE(bool(find_inode(task(), "/etc/old")));
  EXPECT_TRUE(bool(find_inode(task(), "/tmp/memory")));
  EXPECT_EQ(server_.content("/tmp/memory"), "(not there)");
}

TEST_F(DiskRootTest, SaysWhyThereIsNone) {
  remote_filesystems().clear();
  EXPECT_EQ(use(), LinuxError::NoEntry);
  EXPECT_TRUE(mounts().empty());
}

TEST_F(DiskRootTest, MayBeReadOnlyWhenItsDirectoriesAreThere) {
  Result<files::Attributes> root = server_.root();
  for (const char* name : {"dev", "proc", "svc", "tmp", "run"})
    ASSERT_TRUE(bool(server_.create(root->node, FileMode::Directory | 0755, 0, 0, name)));
  server_.flags = files::Flag::ReadOnly;
  add(*additions_, "file", "text");
  EXPECT_EQ(use(), kSuccess);
  EXPECT_TRUE(env_->root->is_read_only());
  EXPECT_EQ(find_inode(task(), "/file").error(), LinuxError::NoEntry);
}

}  // namespace
}  // namespace pith::personality
