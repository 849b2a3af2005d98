// Generated files and directories: the parts that /proc and /svc share.
#include <cstdarg>
#include <cstdio>

#include "personality/linux/environment.h"
#include "personality/linux/proc/proc.h"

namespace pith::personality {

namespace {

/// An open generated file: reads the text of the opening, hands writes on whole.
class GeneratedOpenFile final : public File {
 public:
  GeneratedOpenFile(Reference<Inode> inode, std::string text) : File(std::move(inode)), text_(std::move(text)) {}
  bool is_seekable() const override { return true; }
  Result<u64> read(Task&, Transfer& to, u64 offset) override {
    if (offset >= text_.size()) return u64{0};
    return to.put(text_.data() + offset, text_.size() - offset);
  }
  Result<u64> write(Task& task, Transfer& from, u64) override {
    char buffer[256];
    u64 length = TRY(from.take(buffer, sizeof buffer));
    TRY(static_cast<GeneratedFile&>(*inode).take(task, {buffer, length}));
    return length;
  }
  u64 end() const override { return text_.size(); }

 private:
  std::string text_;
};

}  // namespace

Result<Reference<File>> GeneratedFile::open(Task& task, u32 flags) {
  std::string text;
  if ((flags & OpenFlag::AccessMask) != OpenFlag::WriteOnly && maker_) text = TRY(maker_(task));
  return Reference<File>(new GeneratedOpenFile(Reference<Inode>(this), std::move(text)));
}

Result<void> GeneratedDirectory::list(Task& task, u64 cookie, const NameSink& sink) {
  std::vector<GeneratedEntry> all = TRY(entries(task));
  for (u64 index = cookie; index < all.size(); index++) {
    const GeneratedEntry& entry = all[index];
    if (!sink(entry.name, number * 1000 + index + 1, entry.mode, index + 1)) break;
  }
  return {};
}

std::string format(const char* text, ...) {
  char buffer[512];
  va_list arguments;
  va_start(arguments, text);
  vsnprintf(buffer, sizeof buffer, text, arguments);
  va_end(arguments);
  return buffer;
}

}  // namespace pith::personality
