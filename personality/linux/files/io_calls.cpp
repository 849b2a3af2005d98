// read, write and their relatives; seek; sizes; copying between files.
#include <vector>

#include "personality/linux/calls/handlers.h"
#include "personality/linux/environment.h"
#include "personality/linux/files/path.h"
#include "personality/linux/files/pieces.h"
#include "personality/linux/remote/filesystem.h"

namespace pith::personality {

namespace {

Result<u64> read_file(Task& task, File& file, Transfer& to) {
  if (!file.can_read()) return LinuxError::BadDescriptor;
  to.prepare(Need::Write);
  if (!file.is_seekable()) return file.read(task, to, 0);
  u64 done = TRY(file.read(task, to, file.position));
  file.position += done;
  return done;
}

Result<u64> write_file(Task& task, File& file, Transfer& from) {
  if (!file.can_write()) return LinuxError::BadDescriptor;
  from.prepare(Need::Read);
  Result<u64> done = u64{0};
  if (!file.is_seekable()) {
    done = file.write(task, from, 0);
  } else {
    if (file.flags & OpenFlag::Append) file.position = file.end();
    done = file.write(task, from, file.position);
    if (done) file.position += *done;
  }
  if (!done && done.error() == LinuxError::BrokenPipe) send_signal(task, {.signal = Signal::Pipe, .code = SignalInformation::kKernel});
  return done;
}

u64 limited(u64 size) { return size < kMostBytes ? size : kMostBytes; }

/// An open file that can be read or written at a given place; the reference keeps it open while the call blocks.
Result<Reference<File>> seekable_file(Task& task, i32 descriptor, i64 offset) {
  File* file = TRY(task.files->find(descriptor));
  if (offset < 0) return LinuxError::Invalid;
  if (!file->is_seekable()) return LinuxError::IllegalSeek;
  return Reference<File>(file);
}

}  // namespace

Result<u64> call_read(Task& task, i32 descriptor, GuestAddress buffer, u64 size) {
  Reference<File> file(TRY(task.files->find(descriptor)));
  Transfer to(task.memory(), buffer, limited(size));
  return read_file(task, *file, to);
}

Result<u64> call_write(Task& task, i32 descriptor, GuestAddress buffer, u64 size) {
  Reference<File> file(TRY(task.files->find(descriptor)));
  Transfer from(task.memory(), buffer, limited(size));
  return write_file(task, *file, from);
}

Result<u64> call_readv(Task& task, i32 descriptor, GuestAddress address, u64 count) {
  Reference<File> file(TRY(task.files->find(descriptor)));
  Pieces pieces;
  TRY(pieces.copy(task, address, count));
  Transfer to = pieces.transfer(task);
  return read_file(task, *file, to);
}

Result<u64> call_writev(Task& task, i32 descriptor, GuestAddress address, u64 count) {
  Reference<File> file(TRY(task.files->find(descriptor)));
  Pieces pieces;
  TRY(pieces.copy(task, address, count));
  Transfer from = pieces.transfer(task);
  return write_file(task, *file, from);
}

Result<u64> call_pread64(Task& task, i32 descriptor, GuestAddress buffer, u64 size, i64 offset) {
  Reference<File> file = TRY(seekable_file(task, descriptor, offset));
  if (!file->can_read()) return LinuxError::BadDescriptor;
  Transfer to(task.memory(), buffer, limited(size));
  to.prepare(Need::Write);
  return file->read(task, to, u64(offset));
}

Result<u64> call_pwrite64(Task& task, i32 descriptor, GuestAddress buffer, u64 size, i64 offset) {
  Reference<File> file = TRY(seekable_file(task, descriptor, offset));
  if (!file->can_write()) return LinuxError::BadDescriptor;
  Transfer from(task.memory(), buffer, limited(size));
  from.prepare(Need::Read);
  return file->write(task, from, u64(offset));
}

Result<u64> call_preadv(Task& task, i32 descriptor, GuestAddress address, u64 count, i64 offset) {
  Reference<File> file = TRY(seekable_file(task, descriptor, offset));
  if (!file->can_read()) return LinuxError::BadDescriptor;
  Pieces pieces;
  TRY(pieces.copy(task, address, count));
  Transfer to = pieces.transfer(task);
  to.prepare(Need::Write);
  return file->read(task, to, u64(offset));
}

Result<u64> call_pwritev(Task& task, i32 descriptor, GuestAddress address, u64 count, i64 offset) {
  Reference<File> file = TRY(seekable_file(task, descriptor, offset));
  if (!file->can_write()) return LinuxError::BadDescriptor;
  Pieces pieces;
  TRY(pieces.copy(task, address, count));
  Transfer from = pieces.transfer(task);
  from.prepare(Need::Read);
  return file->write(task, from, u64(offset));
}

Result<u64> call_lseek(Task& task, i32 descriptor, i64 offset, u32 origin) {
  constexpr u32 kSet = 0, kCurrent = 1, kEnd = 2, kData = 3, kHole = 4;
  File* file = TRY(task.files->find(descriptor));
  if (!file->is_seekable()) return LinuxError::IllegalSeek;
  i64 size = i64(file->end());
  i64 target = offset;
  switch (origin) {
    case kSet:
      break;
    case kCurrent:
      target += i64(file->position);
      break;
    case kEnd:
      target += size;
      break;
    case kData:
      if (offset < 0 || offset >= size) return LinuxError::NoDevice;
      break;
    case kHole:
      if (offset < 0 || offset >= size) return LinuxError::NoDevice;
      target = size;
      break;
    default:
      return LinuxError::Invalid;
  }
  if (target < 0) return LinuxError::Invalid;
  file->position = u64(target);
  return u64(target);
}

Result<u64> call_truncate(Task& task, GuestAddress path_pointer, i64 size) {
  PathText path;
  TRY(path.copy(task, path_pointer));
  if (size < 0) return LinuxError::Invalid;
  Reference<Inode> inode = TRY(resolve_at(task, AtFlag::CurrentDirectory, path.view(), 0));
  if (inode->is_directory()) return LinuxError::IsDirectory;
  TRY(check_access(task.process.credentials, *inode, 2));
  if (inode->is_read_only()) return LinuxError::ReadOnlyFiles;
  TRY(inode->resize(u64(size)));
  return u64{0};
}

Result<u64> call_ftruncate(Task& task, i32 descriptor, i64 size) {
  Reference<File> file(TRY(task.files->find(descriptor)));
  if (size < 0 || !file->can_write()) return LinuxError::Invalid;
  TRY(file->inode->resize(u64(size)));
  return u64{0};
}

Result<u64> call_fallocate(Task& task, i32 descriptor, u32 mode, i64 offset, i64 size) {
  constexpr u32 kKeepSize = 1, kPunchHole = 2;
  Reference<File> file(TRY(task.files->find(descriptor)));
  if (!file->can_write()) return LinuxError::BadDescriptor;
  if (offset < 0 || size <= 0) return LinuxError::Invalid;
  if (mode & ~(kKeepSize | kPunchHole) || mode == kPunchHole) return LinuxError::NotSupported;
  if (offset + size < offset) return LinuxError::FileTooBig;
  if (!file->inode->is_regular()) return LinuxError::NoSuchDevice;
  TRY(file->inode->allocate(u64(offset), u64(size), mode));
  return u64{0};
}

Result<u64> call_fsync(Task& task, i32 descriptor) {
  Reference<File> file(TRY(task.files->find(descriptor)));
  if (!file->inode->is_regular() && !file->inode->is_directory()) return LinuxError::Invalid;
  TRY(file->sync(SyncKind::All));
  return u64{0};
}

Result<u64> call_fdatasync(Task& task, i32 descriptor) {
  Reference<File> file(TRY(task.files->find(descriptor)));
  if (!file->inode->is_regular() && !file->inode->is_directory()) return LinuxError::Invalid;
  TRY(file->sync(SyncKind::Data));
  return u64{0};
}

Result<u64> call_sync(Task&) {
  sync_filesystems();
  return u64{0};
}

Result<u64> call_syncfs(Task& task, i32 descriptor) {
  Reference<File> file(TRY(task.files->find(descriptor)));
  TRY(sync_filesystem_of(*file->inode));
  return u64{0};
}

Result<u64> call_fadvise64(Task& task, i32 descriptor) {
  File* file = TRY(task.files->find(descriptor));
  if (file->inode->type() == FileMode::Fifo) return LinuxError::IllegalSeek;
  return u64{0};
}

namespace {

/// Copies through a buffer until `count`, the end, or an error.
Result<u64> copy_between(Task& task, File& from, u64* from_offset, File& to, u64* to_offset, u64 count) {
  auto buffer = std::make_unique<u8[]>(16384);
  u64 done = 0;
  while (done < count) {
    u64 wanted = count - done < 16384 ? count - done : 16384;
    Transfer in(buffer.get(), wanted);
    Result<u64> got = from_offset ? from.read(task, in, *from_offset) : read_file(task, from, in);
    if (!got || *got == 0) {
      if (done || got) return done;
      return got.error();
    }
    Transfer out(buffer.get(), *got);
    Result<u64> put = to_offset ? to.write(task, out, *to_offset) : write_file(task, to, out);
    u64 moved = put ? *put : 0;
    if (from_offset) *from_offset += moved;
    if (to_offset) *to_offset += moved;
    if (!from_offset && from.is_seekable()) from.position -= *got - moved;
    done += moved;
    if (!put) {
      if (done) return done;
      return put.error();
    }
    if (moved < *got) return done;
  }
  return done;
}

}  // namespace

Result<u64> call_sendfile(Task& task, i32 to_descriptor, i32 from_descriptor, GuestAddress offset, u64 count) {
  Reference<File> from(TRY(task.files->find(from_descriptor)));
  Reference<File> to(TRY(task.files->find(to_descriptor)));
  if (!from->can_read() || !to->can_write()) return LinuxError::BadDescriptor;
  if (!from->is_seekable() || to->flags & OpenFlag::Append) return LinuxError::Invalid;
  u64 place = 0;
  if (offset.raw) place = TRY(read_guest<u64>(task.memory(), offset));
  u64 done = TRY(copy_between(task, *from, offset.raw ? &place : nullptr, *to, nullptr, limited(count)));
  if (offset.raw) TRY(write_guest(task.memory(), offset, place));
  return done;
}

Result<u64> call_copy_file_range(Task& task, i32 from_descriptor, GuestAddress from_offset, i32 to_descriptor, GuestAddress to_offset,
                                 u64 count, u32 flags) {
  if (flags) return LinuxError::Invalid;
  Reference<File> from(TRY(task.files->find(from_descriptor)));
  Reference<File> to(TRY(task.files->find(to_descriptor)));
  if (!from->can_read() || !to->can_write() || to->flags & OpenFlag::Append) return LinuxError::BadDescriptor;
  if (!from->inode->is_regular() || !to->inode->is_regular()) return LinuxError::Invalid;
  u64 from_place = 0, to_place = 0;
  if (from_offset.raw) from_place = TRY(read_guest<u64>(task.memory(), from_offset));
  if (to_offset.raw) to_place = TRY(read_guest<u64>(task.memory(), to_offset));
  u64 done =
      TRY(copy_between(task, *from, from_offset.raw ? &from_place : nullptr, *to, to_offset.raw ? &to_place : nullptr, limited(count)));
  if (from_offset.raw) TRY(write_guest(task.memory(), from_offset, from_place));
  if (to_offset.raw) TRY(write_guest(task.memory(), to_offset, to_place));
  return done;
}

}  // namespace pith::personality
