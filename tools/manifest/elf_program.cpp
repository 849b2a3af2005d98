// A component's program, read from an ELF file that may lie: every field is checked against the file's size before it is used.
#include "tools/manifest/elf_program.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "abi/boot_image.h"
#include "abi/start_information.h"
#include "tools/manifest/problems.h"

namespace pith::manifest {

namespace {

constexpr u64 kMostPages = (u64{1} << 30) / kPageSize;

/// A copy of the `Layout` at `offset`, if all of it lies in the file.
template <class Layout>
std::optional<Layout> load(std::span<const u8> file, u64 offset) {
  if (offset > file.size() || sizeof(Layout) > file.size() - offset) return {};
  Layout layout;
  memcpy(&layout, file.data() + offset, sizeof(Layout));
  return layout;
}

/// `size` bytes from `offset` on, if they lie in the file.
std::optional<std::span<const u8>> part(std::span<const u8> file, u64 offset, u64 size) {
  if (offset > file.size() || size > file.size() - offset) return {};
  return file.subspan(offset, size);
}

std::string check_header(const Elf64_Ehdr& header) {
  if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return "it is not an ELF file";
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB) return "it is not a 64-bit little-endian ELF file";
  if (header.e_ident[EI_VERSION] != EV_CURRENT || header.e_version != EV_CURRENT) return "its ELF version is unknown";
  if (header.e_machine != EM_X86_64) return text("it is for machine ", header.e_machine, ", not for x86-64");
  if (header.e_type != ET_EXEC) return "it is not a static program at fixed addresses (link it with -static -no-pie)";
  if (header.e_phentsize != sizeof(Elf64_Phdr)) return text("its program headers have ", header.e_phentsize, " bytes each");
  if (header.e_phnum == 0) return "it has no program headers";
  return "";
}

std::string add_segment(std::span<const u8> file, const Elf64_Phdr& header, u32 index, Program& program) {
  auto bytes = part(file, header.p_offset, header.p_filesz);
  if (!bytes) return text("segment ", index, " lies outside the file: offset ", header.p_offset, ", size ", header.p_filesz);
  if (header.p_filesz > header.p_memsz) return text("segment ", index, " has more bytes in the file than in memory");
  if (header.p_memsz == 0) return "";
  if (header.p_vaddr < kProgramAddress || header.p_vaddr >= kStartInformation || header.p_memsz > kMostPages * kPageSize) {
    return text("segment ", index, " does not fit where programs go: address 0x", std::hex, header.p_vaddr, ", size 0x", header.p_memsz);
  }
  ProgramSegment segment;
  segment.offset_in_page = header.p_vaddr % kPageSize;
  segment.address = header.p_vaddr - segment.offset_in_page;
  segment.bytes = *bytes;
  segment.memory_pages = pages_for(segment.offset_in_page + header.p_memsz);
  switch (header.p_flags & (PF_R | PF_W | PF_X)) {
    case PF_R:
      segment.access = Access::Read;
      break;
    case PF_W:
    case PF_R | PF_W:
      segment.access = Access::ReadWrite;
      break;
    case PF_X:
    case PF_R | PF_X:
      segment.access = Access::ReadExecute;
      break;
    case 0:
      return text("segment ", index, " may not be accessed at all");
    default:
      return text("segment ", index, " is writable and executable");
  }
  program.segments.push_back(segment);
  return "";
}

std::string read_segments(std::span<const u8> file, const Elf64_Ehdr& header, Program& program) {
  for (u32 i = 0; i < header.e_phnum; i++) {
    auto segment = load<Elf64_Phdr>(file, header.e_phoff + u64{i} * sizeof(Elf64_Phdr));
    if (!segment || header.e_phoff > file.size()) return text("program header ", i, " lies outside the file");
    if (segment->p_type == PT_INTERP || segment->p_type == PT_DYNAMIC) return "it is linked dynamically";
    if (segment->p_type != PT_LOAD) continue;
    if (std::string reason = add_segment(file, *segment, i, program); !reason.empty()) return reason;
  }
  if (program.segments.empty()) return "it has nothing to load";
  if (program.segments.size() > image::kComponentSegments) {
    return text("it has ", program.segments.size(), " segments; ", image::kComponentSegments, " are possible");
  }
  std::ranges::sort(program.segments, {}, &ProgramSegment::address);
  for (usize i = 1; i < program.segments.size(); i++) {
    const ProgramSegment& below = program.segments[i - 1];
    if (below.address + below.memory_pages * kPageSize > program.segments[i].address) {
      return text("two segments share the page at 0x", std::hex, program.segments[i].address);
    }
  }
  return "";
}

bool is_entry(const Program& program) {
  return std::ranges::any_of(program.segments, [&](const ProgramSegment& segment) {
    return segment.access == Access::ReadExecute && program.entry >= segment.address + segment.offset_in_page &&
           program.entry < segment.address + segment.offset_in_page + segment.bytes.size();
  });
}

/// Symbols are a help, not a need: a table that lies is left out.
void read_symbols(std::span<const u8> file, const Elf64_Ehdr& header, Program& program) {
  if (header.e_shentsize != sizeof(Elf64_Shdr)) return;
  for (u32 i = 0; i < header.e_shnum; i++) {
    if (header.e_shoff > file.size()) return;
    auto table = load<Elf64_Shdr>(file, header.e_shoff + u64{i} * sizeof(Elf64_Shdr));
    if (!table || table->sh_type != SHT_SYMTAB || table->sh_link >= header.e_shnum) continue;
    auto names = load<Elf64_Shdr>(file, header.e_shoff + u64{table->sh_link} * sizeof(Elf64_Shdr));
    if (!names) continue;
    auto symbols = part(file, table->sh_offset, table->sh_size);
    auto strings = part(file, names->sh_offset, names->sh_size);
    if (!symbols || !strings || strings->empty() || strings->back() != 0) continue;
    for (u64 offset = 0; symbols->size() - offset >= sizeof(Elf64_Sym); offset += sizeof(Elf64_Sym)) {
      Elf64_Sym symbol = *load<Elf64_Sym>(*symbols, offset);
      if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_name >= strings->size() || symbol.st_value == 0) continue;
      program.symbols.push_back({symbol.st_value, symbol.st_size, reinterpret_cast<const char*>(strings->data()) + symbol.st_name});
    }
  }
  std::ranges::sort(program.symbols, {}, [](const ProgramSymbol& symbol) { return std::pair(symbol.address, symbol.name); });
}

}  // namespace

bool read_program(std::span<const u8> file, Program& program, std::string& reason) {
  program = {};
  auto header = load<Elf64_Ehdr>(file, 0);
  if (!header) {
    reason = "it is too short for an ELF file";
    return false;
  }
  reason = check_header(*header);
  if (reason.empty()) reason = read_segments(file, *header, program);
  if (!reason.empty()) return false;
  program.entry = header->e_entry;
  if (!is_entry(program)) {
    reason = text("its entry 0x", std::hex, program.entry, " is not in executable memory");
    return false;
  }
  read_symbols(file, *header, program);
  return true;
}

}  // namespace pith::manifest
