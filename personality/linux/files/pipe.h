// Pipes: a ring of bytes with a reading and a writing side.
#pragma once
#include <memory>

#include "personality/linux/files/file.h"
#include "personality/linux/process/wait_list.h"

namespace pith::personality {

/// The ring, without any waiting.
class PipeBuffer {
 public:
  static constexpr u32 kCapacity = 65536;
  /// Writes of at most this many bytes are never mixed with others.
  static constexpr u32 kAtomic = 4096;

  u32 used() const { return tail_ - head_; }
  u32 room() const { return kCapacity - used(); }
  Result<u64> read(Transfer& to);
  Result<u64> write(Transfer& from);
  /// As read; the bytes stay.
  Result<u64> peek(Transfer& to);

 private:
  std::unique_ptr<u8[]> bytes_;  ///< made at the first write
  u32 head_ = 0, tail_ = 0;
};

/// A pipe with its waiters. Guarded by the environment's lock.
class Pipe final : public Counted {
 public:
  PipeBuffer buffer;
  u32 readers = 0, writers = 0;
  u32 opened_for_reading = 0, opened_for_writing = 0;  ///< count openings of a named pipe, for those who wait for the other side
  WaitList readable, writable, opened;
};

enum class PipeSide : u8 { Read, Write, Both };

/// One open side.
class PipeFile final : public File {
 public:
  PipeFile(Reference<Inode> inode, Reference<Pipe> pipe, PipeSide side);
  ~PipeFile() override;
  Result<u64> read(Task& task, Transfer& to, u64) override;
  Result<u64> write(Task& task, Transfer& from, u64) override;
  u32 poll(Task& task, Poller* poller) override;
  Result<u64> control(Task& task, u32 request, GuestAddress argument) override;

 private:
  Reference<Pipe> pipe_;
  PipeSide side_;
};

struct PipeEnds {
  Reference<File> read, write;
};
/// `nonblocking` is OpenFlag::NonBlocking or 0.
PipeEnds make_pipe(u32 nonblocking);
/// Opens a named pipe, whose Pipe is kept in `slot`; waits for the other side.
Result<Reference<File>> open_named_pipe(Task& task, Reference<Inode> inode, Reference<Counted>& slot, u32 flags);

}  // namespace pith::personality
