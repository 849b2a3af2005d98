// Allocation, duplication and closing of descriptors.
#include "personality/linux/files/file_table.h"

#include "personality/linux/files/locks.h"

namespace pith::personality {

Result<i32> FileTable::add(Reference<File> file, OnExec on_exec, u64 limit, i32 lowest) {
  if (u64(lowest) >= limit) return LinuxError::TooManyFiles;
  u32 number = u32(lowest);
  while (number < slots_.size() && slots_[number].file) number++;
  if (number >= limit) return LinuxError::TooManyFiles;
  if (number >= slots_.size()) slots_.resize(number + 1);
  slots_[number] = {std::move(file), on_exec};
  return i32(number);
}

FileTable::~FileTable() {
  for (Slot& slot : slots_)
    if (slot.file) release_process_locks(*slot.file->inode, this);
}

void FileTable::put(i32 descriptor, Reference<File> file, OnExec on_exec) {
  if (u32(descriptor) >= slots_.size()) slots_.resize(u32(descriptor) + 1);
  Slot old = std::move(slots_[u32(descriptor)]);  // closed at the end of this scope, when the table is whole again
  slots_[u32(descriptor)] = {std::move(file), on_exec};
  if (old.file) release_process_locks(*old.file->inode, this);
}

Result<void> FileTable::close(i32 descriptor) {
  TRY(find(descriptor));
  Reference<File> old = std::move(slots_[u32(descriptor)].file);
  slots_[u32(descriptor)] = {};
  release_process_locks(*old->inode, this);
  return {};
}

Reference<FileTable> FileTable::copy() const {
  Reference<FileTable> table(new FileTable);
  table->slots_ = slots_;
  return table;
}

void FileTable::close_on_exec() {
  for (u32 number = 0; number < slots_.size(); number++)
    if (slots_[number].file && slots_[number].on_exec == OnExec::Close) (void)close(i32(number));
}

}  // namespace pith::personality
