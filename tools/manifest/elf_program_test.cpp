// Tests of reading programs: a right one, each lie, and damage of every kind.
#include "tools/manifest/elf_program.h"

#include <gtest/gtest.h>

#include <random>

#include "tools/manifest/test_elf.h"

namespace pith::manifest {

namespace {

/// Why the program is refused; empty where it is accepted.
std::string refusal(const TestElf& elf) {
  auto file = elf.bytes();
  Program program;
  std::string reason;
  return read_program(file, program, reason) ? "" : reason;
}

TEST(ElfProgram, ReadsARightOne) {
  auto file = TestElf().bytes();
  Program program;
  std::string reason;
  ASSERT_TRUE(read_program(file, program, reason)) << reason;
  EXPECT_EQ(program.entry, 0x401004u);
  ASSERT_EQ(program.segments.size(), 2u);
  EXPECT_EQ(program.segments[0].access, Access::ReadExecute);
  EXPECT_EQ(program.segments[1].access, Access::ReadWrite);
  EXPECT_EQ(program.segments[1].address, 0x402000u);
  EXPECT_EQ(program.segments[1].offset_in_page, 0x10u);
  EXPECT_EQ(program.segments[1].file_pages(), 1u);
  EXPECT_EQ(program.segments[1].memory_pages, 3u);
  ASSERT_EQ(program.symbols.size(), 1u);
  EXPECT_EQ(program.symbols[0].name, "_Z3foov");
}

TEST(ElfProgram, RefusesEachLie) {
  struct Lie {
    const char* reason;
    void (*tell)(TestElf&);
  };
  const Lie lies[] = {
      {"it is not an ELF file", [](TestElf& elf) { elf.header.e_ident[0] = 0; }},
      {"it is not a 64-bit little-endian ELF file", [](TestElf& elf) { elf.header.e_ident[EI_CLASS] = ELFCLASS32; }},
      {"its ELF version is unknown", [](TestElf& elf) { elf.header.e_version = 2; }},
      {"it is for machine 183, not for x86-64", [](TestElf& elf) { elf.header.e_machine = EM_AARCH64; }},
      {"it is not a static program at fixed addresses (link it with -static -no-pie)", [](TestElf& elf) { elf.header.e_type = ET_DYN; }},
      {"its program headers have 1 bytes each", [](TestElf& elf) { elf.header.e_phentsize = 1; }},
      {"it has no program headers", [](TestElf& elf) { elf.header.e_phnum = 0; }},
      {"program header 0 lies outside the file", [](TestElf& elf) { elf.header.e_phoff = ~u64{0} - 8; }},
      {"program header 0 lies outside the file", [](TestElf& elf) { elf.header.e_phoff = 0x100000; }},
      {"it is linked dynamically", [](TestElf& elf) { elf.segments[0].p_type = PT_INTERP; }},
      {"it has nothing to load", [](TestElf& elf) { elf.segments[0].p_type = elf.segments[1].p_type = PT_NOTE; }},
      {"segment 0 lies outside the file: offset 512, size 65536",
       [](TestElf& elf) { elf.segments[0].p_filesz = elf.segments[0].p_memsz = 0x10000; }},
      {"segment 0 lies outside the file: offset 18446744073709551600, size 32",
       [](TestElf& elf) { elf.segments[0].p_offset = ~u64{0} - 15, elf.segments[0].p_filesz = 32; }},
      {"segment 0 has more bytes in the file than in memory", [](TestElf& elf) { elf.segments[0].p_memsz = 15; }},
      {"segment 1 does not fit where programs go: address 0x402010, size 0xffffffffffffffff",
       [](TestElf& elf) { elf.segments[1].p_memsz = ~u64{0}; }},
      {"segment 0 does not fit where programs go: address 0x1000, size 0x10", [](TestElf& elf) { elf.segments[0].p_vaddr = 0x1000; }},
      {"segment 0 does not fit where programs go: address 0xffffffff80000000, size 0x10",
       [](TestElf& elf) { elf.segments[0].p_vaddr = 0xffffffff80000000; }},
      {"segment 1 is writable and executable", [](TestElf& elf) { elf.segments[1].p_flags = PF_R | PF_W | PF_X; }},
      {"segment 1 may not be accessed at all", [](TestElf& elf) { elf.segments[1].p_flags = 0; }},
      {"two segments share the page at 0x401000", [](TestElf& elf) { elf.segments[1].p_vaddr = 0x401800; }},
      {"its entry 0x402010 is not in executable memory", [](TestElf& elf) { elf.header.e_entry = 0x402010; }},
      {"its entry 0x401010 is not in executable memory", [](TestElf& elf) { elf.header.e_entry = 0x401010; }},
  };
  for (const Lie& lie : lies) {
    TestElf elf;
    lie.tell(elf);
    EXPECT_EQ(refusal(elf), lie.reason);
  }
}

TEST(ElfProgram, RefusesTooManySegments) {
  std::vector<u8> file = TestElf().bytes();
  Elf64_Ehdr header = TestElf().header;
  header.e_phnum = 9;
  header.e_phoff = file.size();
  memcpy(file.data(), &header, sizeof header);
  for (u64 i = 0; i < 9; i++) {
    Elf64_Phdr segment = TestElf().segments[0];
    segment.p_vaddr += i * 0x1000;
    const u8* raw = reinterpret_cast<const u8*>(&segment);
    file.insert(file.end(), raw, raw + sizeof segment);
  }
  Program program;
  std::string reason;
  EXPECT_FALSE(read_program(file, program, reason));
  EXPECT_EQ(reason, "it has 9 segments; 8 are possible");
}

TEST(ElfProgram, SurvivesTruncation) {
  auto file = TestElf().bytes();
  for (usize size = 0; size < file.size(); size++) {
    // A copy of its own, so that the sanitizer sees the least step beyond its end.
    std::vector<u8> cut(file.begin(), file.begin() + i64(size));
    Program program;
    std::string reason;
    bool is_read = read_program(cut, program, reason);
    EXPECT_EQ(is_read, size >= TestElf::kData + 32) << size;
  }
}

TEST(ElfProgram, LeavesSymbolsThatLieOut) {
  TestElf elf;
  elf.symbols[1].st_name = 0x10000;
  auto file = elf.bytes();
  Program program;
  std::string reason;
  ASSERT_TRUE(read_program(file, program, reason)) << reason;
  EXPECT_TRUE(program.symbols.empty());
}

/// Reads every byte that an accepted program refers to, so that the sanitizer sees whether it is there.
u64 touch(const Program& program) {
  u64 sum = 0;
  for (const ProgramSegment& segment : program.segments) {
    for (u8 byte : segment.bytes) sum += byte;
  }
  for (const ProgramSymbol& symbol : program.symbols) sum += symbol.name.size();
  return sum;
}

TEST(ElfProgram, SurvivesDamage) {
  const auto file = TestElf().bytes();
  auto attempt = [&](std::vector<u8> damaged) {
    Program program;
    std::string reason;
    if (read_program(damaged, program, reason)) {
      volatile u64 sum = touch(program);
      (void)sum;
    } else {
      EXPECT_NE(reason, "");
    }
  };
  for (usize bit = 0; bit < file.size() * 8; bit++) {
    auto damaged = file;
    damaged[bit / 8] ^= u8(1 << bit % 8);
    attempt(std::move(damaged));
  }
  std::mt19937_64 random(1);
  const u64 values[] = {0, 1, 0xff, 0xffff, 0xffffffff, ~u64{0}, u64{1} << 63, file.size(), file.size() - 1, 4095, 4096};
  for (int round = 0; round < 20'000; round++) {
    auto damaged = file;
    for (u64 changes = random() % 4 + 1; changes > 0; changes--) {
      u64 value = random() % 2 == 0 ? values[random() % std::size(values)] : random();
      usize size = usize{1} << random() % 4;
      memcpy(damaged.data() + random() % (damaged.size() - 8), &value, size);
    }
    damaged.resize(random() % 8 == 0 ? random() % damaged.size() : damaged.size());
    attempt(std::move(damaged));
  }
}

}  // namespace

}  // namespace pith::manifest
