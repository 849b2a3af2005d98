// Parsing of ELF-64 headers [gabi 4.1, 5.1].
#include "personality/linux/exec/elf.h"

#include <cstring>

#include "personality/linux/abi.h"
#include "personality/linux/errors.h"
#include "personality/linux/memory/area.h"

namespace pith::personality {

namespace {

struct FileHeader {
  u8 identity[16];
  u16 type, machine;
  u32 version;
  u64 entry, program_headers, section_headers;
  u32 flags;
  u16 header_size, program_header_size, program_header_count, section_header_size, section_header_count, section_names;
};
static_assert(sizeof(FileHeader) == 64);

struct ProgramHeader {
  u32 type, flags;
  u64 offset, address, physical, file_size, memory_size, alignment;
};
static_assert(sizeof(ProgramHeader) == 56);

constexpr u16 kExecutable = 2, kShared = 3;
constexpr u32 kLoad = 1, kInterpreter = 3;
constexpr u32 kMostHeaders = 64;
constexpr u64 kPageMask = kPageSize - 1;

bool is_sound(const FileHeader& header, u16 machine) {
  static constexpr u8 kMagic[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
  return memcmp(header.identity, kMagic, sizeof kMagic) == 0 && (header.type == kExecutable || header.type == kShared) &&
         header.machine == machine && header.program_header_size == sizeof(ProgramHeader) && header.program_header_count > 0 &&
         header.program_header_count <= kMostHeaders;
}

Result<ElfSegment> make_segment(const ProgramHeader& header, u64 file_size, u64 last_end) {
  u64 end = header.address + header.memory_size;
  bool fits = header.file_size <= header.memory_size && header.offset <= file_size && header.file_size <= file_size - header.offset &&
              end >= header.address && end <= AreaMap::kHighest && (header.address & kPageMask) == (header.offset & kPageMask);
  if (!fits) return LinuxError::NotExecutable;
  u64 start = header.address & ~kPageMask;
  if (start < last_end) return LinuxError::NotExecutable;
  u32 protection = 0;
  if (header.flags & 4) protection |= Protection::Read;
  if (header.flags & 2) protection |= Protection::Write;
  if (header.flags & 1) protection |= Protection::Execute;
  u64 size = (pages_for(end) << kPageShift) - start;
  return ElfSegment{start, size, header.offset & ~kPageMask, header.address + header.file_size, protection};
}

Result<std::string> read_interpreter(ElfSource& source, const ProgramHeader& header) {
  if (header.file_size < 2 || header.file_size > kPathLimit) return LinuxError::NotExecutable;
  std::string path(header.file_size, 0);
  TRY(source.read(header.offset, {reinterpret_cast<u8*>(path.data()), path.size()}));
  if (path.back() != 0) return LinuxError::NotExecutable;
  path.resize(strlen(path.c_str()));
  return path;
}

}  // namespace

Result<ElfImage> parse_elf(ElfSource& source, u16 machine) {
  FileHeader file;
  if (source.size() < sizeof file) return LinuxError::NotExecutable;
  TRY(source.read(0, {reinterpret_cast<u8*>(&file), sizeof file}));
  if (!is_sound(file, machine)) return LinuxError::NotExecutable;
  u64 table_size = file.program_header_count * sizeof(ProgramHeader);
  if (file.program_headers > source.size() || table_size > source.size() - file.program_headers) return LinuxError::NotExecutable;
  std::vector<ProgramHeader> headers(file.program_header_count);
  TRY(source.read(file.program_headers, {reinterpret_cast<u8*>(headers.data()), table_size}));

  ElfImage image;
  image.is_position_independent = file.type == kShared;
  image.entry = file.entry;
  image.program_header_count = file.program_header_count;
  u64 last_end = 0;
  bool entry_found = false;
  for (const ProgramHeader& header : headers) {
    if (header.type == kInterpreter) image.interpreter = TRY(read_interpreter(source, header));
    if (header.type != kLoad || header.memory_size == 0) continue;
    ElfSegment segment = TRY(make_segment(header, source.size(), last_end));
    last_end = segment.address + segment.size;
    if (header.offset <= file.program_headers && file.program_headers + table_size <= header.offset + header.file_size)
      image.program_headers = header.address + (file.program_headers - header.offset);
    if (file.entry >= header.address && file.entry - header.address < header.memory_size) entry_found = true;
    image.segments.push_back(segment);
  }
  if (image.segments.empty() || !entry_found) return LinuxError::NotExecutable;
  image.lowest = image.segments.front().address;
  image.highest = last_end;
  if (!image.is_position_independent && image.lowest < AreaMap::kLowest) return LinuxError::NotExecutable;
  return image;
}

}  // namespace pith::personality
