// ELF programs: reading and checking headers. Trusts nothing: every number is tested before use.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/types.h"

namespace pith::personality {

/// A piece of a program to be put into memory, page-aligned: file bytes first, zeroes behind.
struct ElfSegment {
  u64 address;      ///< of its first page, before the bias
  u64 size;         ///< bytes of whole pages in memory
  u64 file_offset;  ///< page-aligned
  u64 file_end;     ///< address up to which file bytes reach; zeroes from there on
  u32 protection;
};

/// What the headers of a program say.
struct ElfImage {
  bool is_position_independent = false;
  u64 entry = 0;
  u64 lowest = 0, highest = 0;  ///< addresses, page-aligned
  u64 program_headers = 0;      ///< address of the program headers in memory, 0 if not loaded
  u64 program_header_count = 0;
  std::vector<ElfSegment> segments = {};
  std::string interpreter = {};  ///< empty: static
};

/// How the parser reads the file: fills `buffer` from `offset`, or answers an error.
class ElfSource {
 public:
  virtual ~ElfSource() = default;
  virtual u64 size() const = 0;
  virtual Result<void> read(u64 offset, std::span<u8> buffer) = 0;
};

/// Errors: NotExecutable for whatever is not a sound program for `machine`.
Result<ElfImage> parse_elf(ElfSource& source, u16 machine);

}  // namespace pith::personality
