// /proc and /svc: files whose text is made when they are opened.
#pragma once
#include <functional>
#include <string>

#include "personality/linux/files/file.h"

namespace pith::personality {

/// Makes a file's text. The lock is held; it may be let go with Unlocked.
using TextMaker = std::function<Result<std::string>(Task&)>;
/// Takes what was written to a file.
using TextTaker = std::function<Result<void>(Task&, std::string_view)>;

/// A generated regular file.
class GeneratedFile final : public Inode {
 public:
  GeneratedFile(FilesystemKind kind, u32 mode, TextMaker maker, TextTaker taker = {})
      : Inode(kind, FileMode::Regular | mode), maker_(std::move(maker)), taker_(std::move(taker)) {
    links = 1;
  }
  Result<Reference<File>> open(Task& task, u32 flags) override;
  Result<void> resize(u64) override { return {}; }
  Result<void> take(Task& task, std::string_view text) { return taker_ ? taker_(task, text) : Result<void>(LinuxError::NotPermitted); }

 private:
  TextMaker maker_;
  TextTaker taker_;
};

/// A generated symbolic link.
class GeneratedLink final : public Inode {
 public:
  GeneratedLink(FilesystemKind kind, TextMaker maker) : Inode(kind, FileMode::Symlink | 0777), maker_(std::move(maker)) { links = 1; }
  Result<Reference<File>> open(Task&, u32) override { return LinuxError::Loop; }
  Result<std::string> read_link(Task& task) override { return maker_(task); }

 private:
  TextMaker maker_;
};

/// One name of a generated directory.
struct GeneratedEntry {
  std::string name;
  u32 mode;
};

/// A directory whose entries are made when asked for.
class GeneratedDirectory : public Directory {
 public:
  explicit GeneratedDirectory(FilesystemKind kind) : Directory(kind, FileMode::Directory | 0555) { links = 2; }
  Result<void> list(Task& task, u64 cookie, const NameSink& sink) final;
  virtual Result<std::vector<GeneratedEntry>> entries(Task& task) = 0;
};

Reference<Inode> make_proc_directory();
/// /proc/PID.
Reference<Inode> make_process_directory(i32 pid);
Reference<Inode> make_service_directory();

/// printf into a string.
std::string format(const char* text, ...) __attribute__((format(printf, 1, 2)));

}  // namespace pith::personality
