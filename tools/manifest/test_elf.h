// A small, right ELF program, made in memory, that the tests then damage.
#pragma once
#include <elf.h>

#include <cstring>
#include <vector>

#include "base/types.h"

namespace pith::manifest {

/// Code at 0x401000, data with bytes and zeroes at 0x402010 (one page from the file, three in memory), and one function symbol.
struct TestElf {
  static constexpr u64 kCode = 0x200, kData = 0x300, kSymbols = 0x400, kStrings = 0x500, kSections = 0x600;

  Elf64_Ehdr header{};
  Elf64_Phdr segments[2]{};
  Elf64_Shdr sections[3]{};
  Elf64_Sym symbols[2]{};

  TestElf() {
    memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_version = EV_CURRENT;
    header.e_machine = EM_X86_64;
    header.e_type = ET_EXEC;
    header.e_entry = 0x401004;
    header.e_phoff = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = 2;
    header.e_shoff = kSections;
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = 3;
    segments[0] = {.p_type = PT_LOAD,
                   .p_flags = PF_R | PF_X,
                   .p_offset = kCode,
                   .p_vaddr = 0x401000,
                   .p_paddr = 0,
                   .p_filesz = 16,
                   .p_memsz = 16,
                   .p_align = 4096};
    segments[1] = {.p_type = PT_LOAD,
                   .p_flags = PF_R | PF_W,
                   .p_offset = kData,
                   .p_vaddr = 0x402010,
                   .p_paddr = 0,
                   .p_filesz = 32,
                   .p_memsz = 0x2000,
                   .p_align = 4096};
    sections[1] = {};
    sections[1].sh_type = SHT_SYMTAB;
    sections[1].sh_offset = kSymbols;
    sections[1].sh_size = sizeof symbols;
    sections[1].sh_link = 2;
    sections[2].sh_type = SHT_STRTAB;
    sections[2].sh_offset = kStrings;
    sections[2].sh_size = 10;
    symbols[1].st_name = 1;
    symbols[1].st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
    symbols[1].st_value = 0x401004;
    symbols[1].st_size = 12;
  }

  std::vector<u8> bytes() const {
    std::vector<u8> file(kSections + sizeof sections);
    memcpy(file.data(), &header, sizeof header);
    memcpy(file.data() + sizeof header, segments, sizeof segments);
    memset(file.data() + kCode, 0x90, 16);
    memset(file.data() + kData, 0x55, 32);
    memcpy(file.data() + kSymbols, symbols, sizeof symbols);
    memcpy(file.data() + kStrings, "\0_Z3foov\0", 10);
    memcpy(file.data() + kSections, sections, sizeof sections);
    return file;
  }
};

}  // namespace pith::manifest
