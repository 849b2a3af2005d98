// A process's descriptors.
#pragma once
#include <vector>

#include "personality/linux/files/file.h"

namespace pith::personality {

enum class OnExec : u8 { Keep, Close };

/// Descriptor numbers and the open files they refer to. Guarded by the environment's lock.
class FileTable final : public Counted {
 public:
  FileTable() = default;
  ~FileTable() override;
  Result<File*> find(i32 descriptor) {
    if (u32(descriptor) >= slots_.size() || !slots_[u32(descriptor)].file) return LinuxError::BadDescriptor;
    return slots_[u32(descriptor)].file.get();
  }
  /// The lowest free number from `lowest` on. TooManyFiles at `limit`.
  Result<i32> add(Reference<File> file, OnExec on_exec, u64 limit, i32 lowest = 0);
  /// Puts `file` at exactly `descriptor`, closing what was there.
  void put(i32 descriptor, Reference<File> file, OnExec on_exec);
  Result<void> close(i32 descriptor);
  Reference<FileTable> copy() const;
  void close_on_exec();
  OnExec on_exec(i32 descriptor) const { return slots_[u32(descriptor)].on_exec; }
  void set_on_exec(i32 descriptor, OnExec on_exec) { slots_[u32(descriptor)].on_exec = on_exec; }
  u32 size() const { return u32(slots_.size()); }

 private:
  struct Slot {
    Reference<File> file;
    OnExec on_exec = OnExec::Keep;
  };
  std::vector<Slot> slots_;
};

}  // namespace pith::personality
