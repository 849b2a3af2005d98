// close, dup, fcntl, ioctl, pipe: calls about descriptors themselves.
#include "personality/linux/calls/handlers.h"
#include "personality/linux/environment.h"
#include "personality/linux/files/locks.h"
#include "personality/linux/files/pipe.h"

namespace pith::personality {

namespace {

OnExec on_exec_of(u32 flags) { return flags & OpenFlag::CloseOnExec ? OnExec::Close : OnExec::Keep; }
u64 limit_of(Task& task) { return task.process.limits[Resource::Files].current; }

}  // namespace

Result<u64> call_close(Task& task, i32 descriptor) {
  TRY(task.files->close(descriptor));
  return u64{0};
}

Result<u64> call_close_range(Task& task, u32 first, u32 last, u32 flags) {
  constexpr u32 kUnshare = 2, kCloseOnExec = 4;
  if (first > last || flags & ~(kUnshare | kCloseOnExec)) return LinuxError::Invalid;
  if (flags & kUnshare && task.files->reference_count() > 1) task.files = task.files->copy();
  for (u32 number = first; number <= last && number < task.files->size(); number++) {
    if (!task.files->find(i32(number))) continue;
    if (flags & kCloseOnExec)
      task.files->set_on_exec(i32(number), OnExec::Close);
    else
      (void)task.files->close(i32(number));
  }
  return u64{0};
}

Result<u64> call_dup(Task& task, i32 descriptor) {
  Reference<File> file(TRY(task.files->find(descriptor)));
  return u64(TRY(task.files->add(file, OnExec::Keep, limit_of(task))));
}

Result<u64> call_dup3(Task& task, i32 descriptor, i32 target, u32 flags) {
  if (flags & ~OpenFlag::CloseOnExec || descriptor == target) return LinuxError::Invalid;
  Reference<File> file(TRY(task.files->find(descriptor)));
  if (target < 0 || u64(target) >= limit_of(task)) return LinuxError::BadDescriptor;
  task.files->put(target, file, on_exec_of(flags));
  return u64(target);
}

Result<u64> call_dup2(Task& task, i32 descriptor, i32 target) {
  if (descriptor != target) return call_dup3(task, descriptor, target, 0);
  TRY(task.files->find(descriptor));
  return u64(target);
}

Result<u64> call_fcntl(Task& task, i32 descriptor, u32 command, u64 argument) {
  enum Command : u32 {
    Duplicate = 0,
    GetDescriptor = 1,
    SetDescriptor = 2,
    GetFlags = 3,
    SetFlags = 4,
    GetLock = 5,
    SetLock = 6,
    SetLockWait = 7,
    SetOwner = 8,
    GetOwner = 9,
    GetOpenLock = 36,
    SetOpenLock = 37,
    SetOpenLockWait = 38,
    DuplicateCloseOnExec = 1030,
    SetPipeSize = 1031,
    GetPipeSize = 1032
  };
  constexpr u32 kSettable = OpenFlag::Append | OpenFlag::NonBlocking | OpenFlag::Direct | OpenFlag::NoAccessTime | 020000;
  File* file = TRY(task.files->find(descriptor));
  switch (command) {
    case Duplicate:
    case DuplicateCloseOnExec:
      if (argument >= limit_of(task)) return LinuxError::Invalid;
      return u64(
          TRY(task.files->add(Reference<File>(file), command == Duplicate ? OnExec::Keep : OnExec::Close, limit_of(task), i32(argument))));
    case GetDescriptor:
      return u64(task.files->on_exec(descriptor) == OnExec::Close);
    case SetDescriptor:
      task.files->set_on_exec(descriptor, argument & 1 ? OnExec::Close : OnExec::Keep);
      return u64{0};
    case GetFlags:
      return u64(file->flags | OpenFlag::LargeFile);
    case SetFlags:
      file->flags = (file->flags & ~kSettable) | (u32(argument) & kSettable);
      return u64{0};
    case GetLock:
    case SetLock:
    case SetLockWait:
    case GetOpenLock:
    case SetOpenLock:
    case SetOpenLockWait:
      return control_lock(task, Reference<File>(file), command, GuestAddress(argument));
    case SetOwner:
    case GetOwner:
      return u64{0};
    case SetPipeSize:
    case GetPipeSize:
      if (file->inode->type() != FileMode::Fifo) return LinuxError::BadDescriptor;
      return u64(PipeBuffer::kCapacity);
    default:
      return LinuxError::Invalid;
  }
}

Result<u64> call_ioctl(Task& task, i32 descriptor, u32 request, GuestAddress argument) {
  enum Request : u32 { NonBlocking = 0x5421, Asynchronous = 0x5452, NotOnExec = 0x5450, CloseOnExec = 0x5451, BytesReady = 0x541b };
  Reference<File> file(TRY(task.files->find(descriptor)));
  switch (request) {
    case CloseOnExec:
      task.files->set_on_exec(descriptor, OnExec::Close);
      return u64{0};
    case NotOnExec:
      task.files->set_on_exec(descriptor, OnExec::Keep);
      return u64{0};
    case NonBlocking: {
      u32 on = TRY(read_guest<u32>(task.memory(), argument));
      file->flags = on ? file->flags | OpenFlag::NonBlocking : file->flags & ~OpenFlag::NonBlocking;
      return u64{0};
    }
    case Asynchronous:
      return u64{0};
    case BytesReady:
      if (file->inode->is_regular()) {
        u64 end = file->end();
        TRY(write_guest<u32>(task.memory(), argument, file->position < end ? u32(end - file->position) : 0));
        return u64{0};
      }
      break;
    default:
      break;
  }
  return file->control(task, request, argument);
}

Result<u64> call_pipe2(Task& task, GuestAddress descriptors, u32 flags) {
  if (flags & ~(OpenFlag::CloseOnExec | OpenFlag::NonBlocking | OpenFlag::Direct)) return LinuxError::Invalid;
  PipeEnds ends = make_pipe(flags & OpenFlag::NonBlocking);
  i32 numbers[2];
  numbers[0] = TRY(task.files->add(ends.read, on_exec_of(flags), limit_of(task)));
  Result<i32> second = task.files->add(ends.write, on_exec_of(flags), limit_of(task));
  Result<void> told = second ? Result<void>() : Result<void>(second.error());
  if (second) {
    numbers[1] = *second;
    told = write_guest(task.memory(), descriptors, numbers);
  }
  if (told) return u64{0};
  (void)task.files->close(numbers[0]);
  if (second) (void)task.files->close(numbers[1]);
  return told.error();
}

Result<u64> call_pipe(Task& task, GuestAddress descriptors) { return call_pipe2(task, descriptors, 0); }

}  // namespace pith::personality
