// Pipes, names and paths in tmpfs, descriptors.
#include "personality/linux/files/names.h"
#include "personality/linux/files/path.h"
#include "personality/linux/files/pipe.h"
#include "personality/linux/tests/fixture.h"

namespace pith::personality {
namespace {

class FilesTest : public EnvironmentTest {
 protected:
  Reference<Inode> make(std::string_view path, u32 mode, std::string_view target = {}) {
    Result<Place> place = place_at(task(), AtFlag::CurrentDirectory, path, LastLink::Keep);
    EXPECT_TRUE(place && (*place).parent && !(*place).inode) << path;
    Result<Reference<Inode>> made = create_name(task(), *place, mode, 0, target);
    EXPECT_TRUE(bool(made)) << path;
    return *made;
  }
  Reference<Inode> directory(std::string_view path) { return make(path, FileMode::Directory | 0755); }
  Reference<Inode> file(std::string_view path) { return make(path, FileMode::Regular | 0644); }
  Reference<Inode> link(std::string_view path, const char* target) { return make(path, FileMode::Symlink | 0777, target); }
  Error error_of(std::string_view path) {
    Result<Reference<Inode>> found = find_inode(task(), path);
    return found ? kSuccess : found.error();
  }
};

TEST_F(FilesTest, WalksPaths) {
  Reference<Inode> a = directory("/a"), b = directory("/a/b"), f = file("/a/b/f");
  link("/l", "a/b");
  link("/a/up", "../a/b/f");
  link("/loop", "loop");
  for (const char* path : {"/a/b/f", "//a///b/./f", "/a/../a/b/f", "/l/f", "/l/../b/f", "/a/up", "a/b/f", "/../../a/b/f"})
    EXPECT_TRUE(find_inode(task(), path) && *find_inode(task(), path) == f) << path;
  EXPECT_EQ(error_of(""), LinuxError::NoEntry);
  EXPECT_EQ(error_of("/nothing"), LinuxError::NoEntry);
  EXPECT_EQ(error_of("/nothing/x"), LinuxError::NoEntry);
  EXPECT_EQ(error_of("/a/b/f/x"), LinuxError::NotDirectory);
  EXPECT_EQ(error_of("/a/b/f/"), LinuxError::NotDirectory);
  EXPECT_EQ(error_of("/loop"), LinuxError::Loop);
  EXPECT_EQ(error_of("/loop/x"), LinuxError::Loop);
  EXPECT_EQ(error_of("/" + std::string(256, 'n')), LinuxError::NameTooLong);
  EXPECT_EQ(*path_of(task(), *b->as_directory()), "/a/b");
  EXPECT_TRUE(bool(find_inode(task(), "/l/")));
}

TEST_F(FilesTest, ChecksPermissions) {
  Reference<Inode> secret = directory("/secret");
  file("/secret/f");
  secret->mode = FileMode::Directory | 0700;
  process_->credentials.effective_uid = 1000;
  EXPECT_EQ(error_of("/secret/f"), LinuxError::AccessDenied);
  secret->mode = FileMode::Directory | 0711;
  EXPECT_EQ(error_of("/secret/f"), kSuccess);
  Result<Place> place = place_at(task(), AtFlag::CurrentDirectory, "/secret/g", LastLink::Keep);
  EXPECT_EQ(create_name(task(), *place, FileMode::Regular | 0644).error(), LinuxError::AccessDenied);
}

TEST_F(FilesTest, DirectoriesListInAStableOrderWhileTheyChange) {
  auto& root = static_cast<TmpfsDirectory&>(*env_->root);
  for (u32 number = 0; number < 100; number++) file("/f" + std::to_string(number));
  std::vector<std::string> seen;
  u64 cookie = 0;
  for (bool more = true; more;) {
    more = false;
    (void)root.list(task(), cookie, [&](std::string_view name, u64, u32, u64 next) {
      seen.emplace_back(name);
      cookie = next;
      more = true;
      return false;
    });
    if (more) EXPECT_TRUE(bool(root.take(seen.back())));
  }
  EXPECT_EQ(seen.size(), 100u);
  EXPECT_TRUE(root.is_empty());
}

TEST_F(FilesTest, FilesHaveHolesAndGiveMemoryBack) {
  u64 before = free_pages();
  {
    Reference<TmpfsFile> hole(new TmpfsFile(0644));
    EXPECT_EQ(*hole->write(100 * kPageSize + 5, "data", 4), 4u);
    EXPECT_EQ(hole->size(), 100 * kPageSize + 9);
    EXPECT_EQ(hole->blocks(), 8u);
    EXPECT_EQ(hole->page_for_reading(3), kNoPage);
    EXPECT_TRUE(bool(hole->resize(100 * kPageSize + 7)));
    EXPECT_TRUE(bool(hole->resize(100 * kPageSize + 9)));
    const u8* page = env_->pages.data(hole->page_for_reading(100));
    EXPECT_EQ(page[6], 'a');
    EXPECT_EQ(page[7], 0) << "what was cut off is zero when the file grows again";
  }
  EXPECT_EQ(free_pages(), before);
}

TEST(PipeTest, KeepsOrderAcrossTheEndOfTheRing) {
  PipeBuffer pipe;
  u64 written = 0, read = 0;
  u8 block[5000];
  for (u32 round = 0; round < 300; round++) {
    for (u64 index = 0; index < sizeof block; index++) block[index] = u8((written + index) * 31);
    Transfer from(block, sizeof block);
    written += *pipe.write(from);
    u8 back[3777];
    Transfer to(back, sizeof back);
    u64 got = *pipe.read(to);
    for (u64 index = 0; index < got; index++) ASSERT_EQ(back[index], u8((read + index) * 31));
    read += got;
    ASSERT_EQ(pipe.used(), written - read);
    ASSERT_LE(pipe.used(), PipeBuffer::kCapacity);
  }
}

TEST_F(FilesTest, PipesEndWhenTheirWritersDo) {
  PipeEnds ends = make_pipe(OpenFlag::NonBlocking);
  u8 bytes[4] = {1, 2, 3, 4};
  Transfer from(bytes, 4);
  EXPECT_EQ(*ends.write->write(task(), from, 0), 4u);
  ends.write = {};
  Transfer to(bytes, 4);
  EXPECT_EQ(*ends.read->read(task(), to, 0), 4u);
  Transfer again(bytes, 4);
  EXPECT_EQ(*ends.read->read(task(), again, 0), 0u);
}

TEST_F(FilesTest, PipesWithoutReadersBreak) {
  PipeEnds ends = make_pipe(OpenFlag::NonBlocking);
  u8 bytes[4] = {};
  Transfer nothing(bytes, 4);
  EXPECT_EQ(ends.read->read(task(), nothing, 0).error(), LinuxError::TryAgain);
  ends.read = {};
  Transfer from(bytes, 4);
  EXPECT_EQ(ends.write->write(task(), from, 0).error(), LinuxError::BrokenPipe);
}

TEST_F(FilesTest, DescriptorsAreTheLowestFree) {
  FileTable& files = *task().files;
  Reference<File> pipe = make_pipe(0).read;
  EXPECT_EQ(*files.add(pipe, OnExec::Keep, 10), 0);
  EXPECT_EQ(*files.add(pipe, OnExec::Close, 10), 1);
  EXPECT_EQ(*files.add(pipe, OnExec::Keep, 10, 5), 5);
  EXPECT_TRUE(bool(files.close(0)));
  EXPECT_EQ(files.close(0).error(), LinuxError::BadDescriptor);
  EXPECT_EQ(files.find(-1).error(), LinuxError::BadDescriptor);
  EXPECT_EQ(*files.add(pipe, OnExec::Keep, 10), 0);
  files.close_on_exec();
  EXPECT_EQ(files.find(1).error(), LinuxError::BadDescriptor);
  EXPECT_EQ(files.add(pipe, OnExec::Keep, 3, 3).error(), LinuxError::TooManyFiles);
}

}  // namespace
}  // namespace pith::personality
