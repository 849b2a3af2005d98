// Names of files: UTF-8 outside; UTF-16 and eleven letters on the volume; compared without regard to case.
#pragma once
#include <optional>
#include <span>
#include <string_view>

#include "servers/fat/disk_layout.h"

namespace pith::fat {

/// A name as UTF-16.
struct Name {
  static constexpr u32 kMost = 255;
  u16 units[kMost + 5];  // pieces of a name on the volume hold 13
  u32 length = 0;

  std::span<const u16> span() const { return {units, length}; }
};

/// Nothing when it is not UTF-8, or too long. Blanks and dots at the end are left out, as they are by others.
std::optional<Name> name_of(std::string_view text);
/// Whether a file may be called so: no control characters, none of "*/:<>?\|, not empty.
bool is_valid(const Name& name);
/// As UTF-8. Answers how many bytes it would have; nothing is written that does not fit.
usize text_of(const Name& name, std::span<char> room);

u16 to_upper(u16 unit);
bool is_same(const Name& one, const Name& other);

/// Eleven letters: base and extension, filled up with blanks, capitals only.
struct ShortName {
  u8 letters[11];
  u8 case_flags = 0;
};

/// The name of an entry that has no long one.
Name name_of(const DirectoryEntry& entry);
/// The short name that says all of `name`, if there is one: then it needs no long one.
std::optional<ShortName> as_short_name(const Name& name);

/// Short names that a long one may get: BASE~1.EXT and so on, then with four letters that depend on the name.
class Aliases {
 public:
  explicit Aliases(const Name& name);

  static constexpr u32 kNumbered = 512, kMost = kNumbered + 64;
  /// Number `number`, 0…kMost - 1.
  ShortName at(u32 number) const;
  /// Which of the numbered ones this is.
  std::optional<u32> number_of(const u8 (&letters)[11]) const;

 private:
  u8 base_[8];
  u32 base_length_ = 0;
  u8 extension_[3] = {' ', ' ', ' '};
  u32 hash_ = 0;
};

/// Binds the pieces of a long name to their entry.
u8 checksum_of(const u8 (&letters)[11]);

}  // namespace pith::fat
