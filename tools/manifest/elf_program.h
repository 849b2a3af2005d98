// A component's program, read from an ELF file that may lie.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "abi/boot_image.h"
#include "abi/types.h"

namespace pith::manifest {

/// One loadable piece: `bytes` go to `address` + `offset_in_page`, the rest of `memory_pages` is zero.
struct ProgramSegment {
  u64 address = 0;  ///< of its first page
  u64 offset_in_page = 0;
  std::span<const u8> bytes;
  u64 memory_pages = 0;
  Access access = Access::Read;
  u64 file_pages() const { return bytes.empty() ? 0 : pages_for(offset_in_page + bytes.size()); }
};

/// A function of the program, for crash records.
struct ProgramSymbol {
  u64 address, size;
  std::string_view name;
};

/// What the file says, after everything was checked. It refers to the file's bytes.
struct Program {
  u64 entry = 0;
  std::vector<ProgramSegment> segments;
  image::VaultType keeps{}, migrates{};  ///< from the text that tools/layout writes
  std::vector<ProgramSymbol> symbols;    ///< functions by rising address; empty where the file was stripped
};

/// The program in `file`, or (in `reason`) why it is none: not static x86-64, out of bounds, overlapping, writable and executable, no
/// entry…
bool read_program(std::span<const u8> file, Program& program, std::string& reason);

}  // namespace pith::manifest
