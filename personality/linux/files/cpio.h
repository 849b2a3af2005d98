// Reading of "newc" cpio archives: the form in which the root file system is delivered.
#pragma once
#include <span>
#include <string_view>

#include "base/result.h"
#include "base/types.h"

namespace pith::personality {

/// One entry; name and content point into the archive.
struct CpioEntry {
  std::string_view name;
  std::span<const u8> content;
  u64 inode = 0;
  u32 mode = 0, uid = 0, gid = 0, links = 0;
  i64 modification_time = 0;
  u64 device = 0;
};

/// Goes through an archive from front to back; trusts nothing in it.
class CpioReader {
 public:
  explicit CpioReader(std::span<const u8> archive) : archive_(archive) {}
  /// The next entry. Errors: EndOfData after the trailer, Damaged where the archive is cut short or is none.
  Result<CpioEntry> next();
  /// Where the reader stands, for messages.
  u64 offset() const { return offset_; }

 private:
  std::span<const u8> archive_;
  u64 offset_ = 0;
};

}  // namespace pith::personality
