// Reading, writing and polling of pipes.
#include "personality/linux/files/pipe.h"

#include "personality/linux/process/task.h"

namespace pith::personality {

namespace {

PipeSide side_of(u32 flags) {
  u32 access = flags & OpenFlag::AccessMask;
  return access == OpenFlag::ReadOnly ? PipeSide::Read : access == OpenFlag::WriteOnly ? PipeSide::Write : PipeSide::Both;
}

/// Of a pipe without a name; it is opened again through /proc/self/fd.
class PipeInode final : public Inode {
 public:
  explicit PipeInode(Reference<Pipe> pipe) : Inode(kPipefs, FileMode::Fifo | 0600), pipe_(std::move(pipe)) { links = 1; }
  /// Does not wait for the other side, unlike a named pipe: it was there.
  Result<Reference<File>> open(Task&, u32 flags) override { return Reference<File>(new PipeFile(Reference<Inode>(this), pipe_, side_of(flags))); }

 private:
  Reference<Pipe> pipe_;
};

}  // namespace

Result<u64> PipeBuffer::read(Transfer& to) {
  u64 done = 0;
  while (used() && to.left()) {
    u32 place = head_ % kCapacity;
    u32 run = kCapacity - place < used() ? kCapacity - place : used();
    Result<u64> put = to.put(bytes_.get() + place, run);
    if (!put) {
      if (done) return done;
      return put.error();
    }
    head_ += u32(*put);
    done += *put;
    if (*put < run) break;
  }
  if (!used()) head_ = tail_ = 0;
  return done;
}

Result<u64> PipeBuffer::peek(Transfer& to) {
  u32 head = head_, tail = tail_;
  Result<u64> done = read(to);
  head_ = head;
  tail_ = tail;
  return done;
}

Result<u64> PipeBuffer::write(Transfer& from) {
  if (!bytes_) bytes_ = std::make_unique_for_overwrite<u8[]>(kCapacity);
  u64 done = 0;
  while (room() && from.left()) {
    u32 place = tail_ % kCapacity;
    u32 run = kCapacity - place < room() ? kCapacity - place : room();
    Result<u64> taken = from.take(bytes_.get() + place, run);
    if (!taken) {
      if (done) return done;
      return taken.error();
    }
    tail_ += u32(*taken);
    done += *taken;
    if (*taken < run) break;
  }
  return done;
}

PipeFile::PipeFile(Reference<Inode> inode, Reference<Pipe> pipe, PipeSide side)
    : File(std::move(inode)), pipe_(std::move(pipe)), side_(side) {
  if (side != PipeSide::Write) pipe_->readers++;
  if (side != PipeSide::Read) pipe_->writers++;
}

PipeFile::~PipeFile() {
  if (side_ != PipeSide::Write && --pipe_->readers == 0) pipe_->writable.wake_all();
  if (side_ != PipeSide::Read && --pipe_->writers == 0) pipe_->readable.wake_all();
}

Result<u64> PipeFile::read(Task& task, Transfer& to, u64) {
  if (!to.left()) return u64{0};
  for (;;) {
    if (pipe_->buffer.used()) {
      u64 done = TRY(pipe_->buffer.read(to));
      if (!pipe_->writable.is_empty()) pipe_->writable.wake_all();
      return done;
    }
    if (pipe_->writers == 0) return u64{0};
    if (is_nonblocking()) return LinuxError::TryAgain;
    TRY(task.wait_on(pipe_->readable));
  }
}

Result<u64> PipeFile::write(Task& task, Transfer& from, u64) {
  u64 done = 0;
  bool atomic = from.left() <= PipeBuffer::kAtomic;
  while (from.left()) {
    if (pipe_->readers == 0) {
      if (done) return done;
      return LinuxError::BrokenPipe;
    }
    u32 room = pipe_->buffer.room();
    if (atomic ? room >= from.left() : room > 0) {
      Result<u64> taken = pipe_->buffer.write(from);
      if (!pipe_->readable.is_empty()) pipe_->readable.wake_all();
      if (!taken) {
        if (done) return done;
        return taken.error();
      }
      done += *taken;
      continue;
    }
    Result<void> waited = is_nonblocking() ? Result<void>(LinuxError::TryAgain) : task.wait_on(pipe_->writable);
    if (!waited) {
      if (done) return done;
      return waited.error();
    }
  }
  return done;
}

u32 PipeFile::poll(Task&, Poller* poller) {
  u32 events = 0;
  if (side_ != PipeSide::Write) {
    if (poller) poller->wait_on(pipe_->readable);
    if (pipe_->buffer.used()) events |= PollEvent::In | PollEvent::ReadNormal;
    if (pipe_->writers == 0) events |= PollEvent::HangUp;
  }
  if (side_ != PipeSide::Read) {
    if (poller) poller->wait_on(pipe_->writable);
    if (pipe_->buffer.room() >= PipeBuffer::kAtomic) events |= PollEvent::Out | PollEvent::WriteNormal;
    if (pipe_->readers == 0) events |= PollEvent::Error;
  }
  return events;
}

Result<u64> PipeFile::control(Task& task, u32 request, GuestAddress argument) {
  constexpr u32 kBytesReady = 0x541b;
  if (request != kBytesReady) return LinuxError::NotTerminal;
  TRY(write_guest<u32>(task.memory(), argument, pipe_->buffer.used()));
  return u64{0};
}

PipeEnds make_pipe(u32 nonblocking) {
  Reference<Pipe> pipe(new Pipe);
  Reference<Inode> inode(new PipeInode(pipe));
  PipeEnds ends{Reference<File>(new PipeFile(inode, pipe, PipeSide::Read)), Reference<File>(new PipeFile(inode, pipe, PipeSide::Write))};
  ends.read->flags = OpenFlag::ReadOnly | nonblocking;
  ends.write->flags = OpenFlag::WriteOnly | nonblocking;
  return ends;
}

Result<Reference<File>> open_named_pipe(Task& task, Reference<Inode> inode, Reference<Counted>& slot, u32 flags) {
  if (!slot) slot = Reference<Counted>(new Pipe);
  Reference<Pipe> pipe(static_cast<Pipe*>(slot.get()));
  PipeSide side = side_of(flags);
  if (side == PipeSide::Write && flags & OpenFlag::NonBlocking && pipe->readers == 0) return LinuxError::NoDevice;
  Reference<File> file(new PipeFile(inode, pipe, side));
  if (side != PipeSide::Write) pipe->opened_for_reading++;
  if (side != PipeSide::Read) pipe->opened_for_writing++;
  pipe->opened.wake_all();
  if (side == PipeSide::Both || flags & OpenFlag::NonBlocking) return file;
  // Waits until the other side is there, or was there for a moment.
  u32& others = side == PipeSide::Read ? pipe->opened_for_writing : pipe->opened_for_reading;
  u32 present = side == PipeSide::Read ? pipe->writers : pipe->readers;
  u32 before = others;
  while (!present && others == before) {
    TRY(task.wait_on(pipe->opened));
    present = side == PipeSide::Read ? pipe->writers : pipe->readers;
  }
  return file;
}

}  // namespace pith::personality
