// socketpair: two connected stream sockets, each the end of two pipes.
#include "personality/linux/calls/handlers.h"
#include "personality/linux/environment.h"
#include "personality/linux/files/pipe.h"

namespace pith::personality {

namespace {

class SocketInode final : public Inode {
 public:
  SocketInode() : Inode(kPipefs, FileMode::Socket | 0777) { links = 1; }
  Result<Reference<File>> open(Task&, u32) override { return LinuxError::NoDevice; }
};

/// One end: reads from one pipe, writes into the other.
class SocketFile final : public File {
 public:
  SocketFile(Reference<Inode> inode, Reference<Pipe> in, Reference<Pipe> out)
      : File(inode), in_(new PipeFile(inode, in, PipeSide::Read)), out_(new PipeFile(inode, out, PipeSide::Write)) {}

  Result<u64> read(Task& task, Transfer& to, u64 offset) override {
    if (!in_) return u64{0};
    Reference<File> in = in_;
    in->flags = flags & OpenFlag::NonBlocking;
    return in->read(task, to, offset);
  }
  Result<u64> write(Task& task, Transfer& from, u64 offset) override {
    if (!out_) return LinuxError::BrokenPipe;
    Reference<File> out = out_;
    out->flags = flags & OpenFlag::NonBlocking;
    return out->write(task, from, offset);
  }
  u32 poll(Task& task, Poller* poller) override {
    u32 events = in_ ? in_->poll(task, poller) : PollEvent::In | PollEvent::HangUp;
    if (events & PollEvent::HangUp) events |= PollEvent::In;
    return events | (out_ ? out_->poll(task, poller) & ~PollEvent::Error : PollEvent::Out);
  }
  Result<u64> control(Task& task, u32 request, GuestAddress argument) override {
    return in_ ? in_->control(task, request, argument) : Result<u64>(LinuxError::NotTerminal);
  }
  void close_reading() { in_ = {}; }
  void close_writing() { out_ = {}; }

 private:
  Reference<File> in_, out_;
};

constexpr u32 kUnix = 1, kStream = 1, kTypeMask = 15;

}  // namespace

Result<u64> call_socketpair(Task& task, u32 family, u32 type, u32 protocol, GuestAddress descriptors) {
  if (type & ~(kTypeMask | OpenFlag::NonBlocking | OpenFlag::CloseOnExec)) return LinuxError::Invalid;
  if (family != kUnix) return LinuxError::NoFamily;
  if ((type & kTypeMask) != kStream || protocol > 1) return linux_error(94);  // ESOCKTNOSUPPORT
  Reference<Inode> inode(new SocketInode);
  Reference<Pipe> forth(new Pipe), back(new Pipe);
  Reference<File> ends[2] = {Reference<File>(new SocketFile(inode, forth, back)), Reference<File>(new SocketFile(inode, back, forth))};
  OnExec on_exec = type & OpenFlag::CloseOnExec ? OnExec::Close : OnExec::Keep;
  u64 limit = task.process.limits[Resource::Files].current;
  i32 numbers[2];
  for (u32 index = 0; index < 2; index++) {
    ends[index]->flags = OpenFlag::ReadWrite | (type & OpenFlag::NonBlocking);
    Result<i32> number = task.files->add(ends[index], on_exec, limit);
    if (!number) {
      if (index) (void)task.files->close(numbers[0]);
      return number.error();
    }
    numbers[index] = *number;
  }
  TRY(write_guest(task.memory(), descriptors, numbers));
  return u64{0};
}

Result<u64> call_shutdown(Task& task, i32 descriptor, u32 how) {
  File* file = TRY(task.files->find(descriptor));
  if (how > 2) return LinuxError::Invalid;
  if (file->inode->type() != FileMode::Socket) return LinuxError::NotSocket;
  auto& socket = static_cast<SocketFile&>(*file);
  if (how != 1) socket.close_reading();
  if (how != 0) socket.close_writing();
  return u64{0};
}

}  // namespace pith::personality
