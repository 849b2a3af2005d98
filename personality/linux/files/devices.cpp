// The simple character devices.
#include "personality/linux/files/devices.h"

#include <cstring>

#include "personality/linux/environment.h"
#include "personality/linux/misc/random.h"
#include "personality/linux/terminal/terminal.h"

namespace pith::personality {

namespace {

/// Swallows everything.
Result<u64> swallow(Transfer& from) { return from.left(); }

class NullFile final : public File {
 public:
  using File::File;
  bool is_seekable() const override { return true; }
  Result<u64> read(Task&, Transfer&, u64) override { return u64{0}; }
  Result<u64> write(Task&, Transfer& from, u64) override { return swallow(from); }
};

class ZeroFile final : public File {
 public:
  using File::File;
  bool is_seekable() const override { return true; }
  Result<u64> read(Task&, Transfer& to, u64) override { return to.put_zeroes(to.left()); }
  Result<u64> write(Task&, Transfer& from, u64) override {
    if (inode->device == Device::Full) return LinuxError::NoSpace;
    return swallow(from);
  }
};

class RandomFile final : public File {
 public:
  using File::File;
  Result<u64> read(Task& task, Transfer& to, u64) override {
    u64 done = 0;
    while (to.left()) {
      u8 bytes[256];
      fill_random(bytes);
      Result<u64> put = to.put(bytes, sizeof bytes);
      if (!put) {
        if (done) return done;
        return put.error();
      }
      done += *put;
      if (task.has_signal() && done) break;
    }
    return done;
  }
  Result<u64> write(Task&, Transfer& from, u64) override { return swallow(from); }
};

}  // namespace

Result<Reference<File>> open_device(Task& task, Reference<Inode> inode, u32 flags) {
  switch (inode->device) {
    case Device::Null:
      return Reference<File>(new NullFile(inode));
    case Device::Zero:
    case Device::Full:
      return Reference<File>(new ZeroFile(inode));
    case Device::Random:
    case Device::RandomUnlimited:
      return Reference<File>(new RandomFile(inode));
    case Device::Terminal:
      if (!task.process.terminal) return LinuxError::NoDevice;
      return open_terminal(task, inode, *task.process.terminal, flags | OpenFlag::NoControl);
    case Device::Console:
      if (!environment().console) return LinuxError::NoDevice;
      return open_terminal(task, inode, *environment().console, flags);
    default:
      return LinuxError::NoDevice;
  }
}

}  // namespace pith::personality
