// Reading and writing of regular and generated files.
#include "personality/linux/files/file.h"

#include "personality/linux/environment.h"
#include "personality/linux/files/tmpfs.h"

namespace pith::personality {

Result<Reference<File>> Directory::open(Task&, u32) { return Reference<File>(new DirectoryFile(this)); }

Result<u64> RegularFile::read(Task&, Transfer& to, u64 offset) {
  u64 size = inode->size();
  if (offset >= size) return u64{0};
  u64 left = size - offset < to.left() ? size - offset : to.left();
  u64 done = 0;
  PageStore& store = environment().pages;
  while (done < left) {
    u64 in_page = (offset + done) % kPageSize;
    u64 length = kPageSize - in_page < left - done ? kPageSize - in_page : left - done;
    PageIndex page = inode->page_for_reading((offset + done) / kPageSize);
    Result<u64> put = page == kNoPage ? to.put_zeroes(length) : to.put(store.data(page) + in_page, length);
    if (!put) {
      if (done) break;
      return put.error();
    }
    done += *put;
    if (*put < length) break;
  }
  return done;
}

Result<u64> RegularFile::write(Task&, Transfer& from, u64 offset) {
  auto& file = static_cast<TmpfsFile&>(*inode);
  if (offset >= TmpfsFile::kLargest) return LinuxError::FileTooBig;
  PageStore& store = environment().pages;
  u64 done = 0;
  while (from.left()) {
    u64 in_page = (offset + done) % kPageSize;
    u64 length = kPageSize - in_page < from.left() ? kPageSize - in_page : from.left();
    Result<PageIndex> page = file.page_for_writing((offset + done) / kPageSize);
    Result<u64> taken = page ? from.take(store.data(*page) + in_page, length)
                             : Result<u64>(page.error() == LinuxError::OutOfMemory ? LinuxError::NoSpace : page.error());
    if (!taken) {
      if (done) break;
      return taken.error();
    }
    done += *taken;
    file.extend_to(offset + done);
    if (*taken < length) break;
  }
  if (done) file.touch_modified();
  return done;
}

Result<u64> TextFile::read(Task&, Transfer& to, u64 offset) {
  if (offset >= text_.size()) return u64{0};
  return to.put(text_.data() + offset, text_.size() - offset);
}

}  // namespace pith::personality
