// The ELF parser: a real program, and thousands of damaged ones.
#include <cstring>
#include <fstream>
#include <random>

#include <gtest/gtest.h>

#include "personality/linux/abi.h"
#include "personality/linux/errors.h"
#include "personality/linux/exec/elf.h"
#include "personality/linux/memory/area.h"

namespace pith::personality {
namespace {

constexpr u16 kMachine = 62;

class MemorySource final : public ElfSource {
 public:
  explicit MemorySource(std::string bytes) : bytes_(std::move(bytes)) {}
  u64 size() const override { return bytes_.size(); }
  Result<void> read(u64 offset, std::span<u8> buffer) override {
    if (offset > bytes_.size() || buffer.size() > bytes_.size() - offset) return LinuxError::NotExecutable;
    memcpy(buffer.data(), bytes_.data() + offset, buffer.size());
    return {};
  }

 private:
  std::string bytes_;
};

std::string this_program() {
  std::ifstream file("/proc/self/exe", std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

template <class T>
void append(std::string& text, T value) {
  text.append(reinterpret_cast<const char*>(&value), sizeof value);
}

struct Load {
  u32 type = 1, flags = 5;
  u64 offset = 0, address = 0x400000, physical = 0, file_size = 0x1000, memory_size = 0x3000, alignment = 0x1000;
};

std::string program(std::vector<Load> loads, u64 entry = 0x400100, u16 type = 2) {
  std::string text(
      "\x7f"
      "ELF\2\1\1",
      7);
  text.resize(16);
  append<u16>(text, type);
  append<u16>(text, kMachine);
  append<u32>(text, 1);
  append<u64>(text, entry);
  append<u64>(text, 64);
  append<u64>(text, 0);
  append<u32>(text, 0);
  append<u16>(text, 64);
  append<u16>(text, 56);
  append<u16>(text, u16(loads.size()));
  text.resize(64);
  for (const Load& load : loads) append(text, load);
  text.resize(0x2000);
  return text;
}

Result<ElfImage> parse(std::string text) {
  MemorySource source(std::move(text));
  return parse_elf(source, kMachine);
}

TEST(ElfTest, AcceptsARealProgram) {
  Result<ElfImage> image = parse(this_program());
  ASSERT_TRUE(bool(image));
  EXPECT_FALSE(image->segments.empty());
  EXPECT_FALSE(image->interpreter.empty());
}

TEST(ElfTest, AcceptsAndDescribesASmallProgram) {
  Result<ElfImage> image = parse(program({Load{}}));
  ASSERT_TRUE(bool(image));
  EXPECT_EQ(image->entry, 0x400100u);
  EXPECT_EQ(image->segments.front().size, 0x3000u);
  EXPECT_EQ(image->segments.front().file_end, 0x401000u);
  EXPECT_EQ(image->program_headers, 0x400040u);
  EXPECT_EQ(image->segments.front().protection, Protection::Read | Protection::Execute);
}

TEST(ElfTest, RefusesWhatLies) {
  EXPECT_FALSE(bool(parse("")));
  EXPECT_FALSE(bool(parse("#!/bin/sh\n")));
  EXPECT_FALSE(bool(parse(program({}))));
  EXPECT_FALSE(bool(parse(program({Load{.file_size = 0x4000}}))));                                  // more in the file than in memory
  EXPECT_FALSE(bool(parse(program({Load{.offset = 0x2000, .file_size = 0x1000}}))));                // beyond the file
  EXPECT_FALSE(bool(parse(program({Load{.address = 0x400010}}))));                                  // crooked
  EXPECT_FALSE(bool(parse(program({Load{.address = ~u64{0xfff}, .memory_size = 0x2000}}))));        // wraps
  EXPECT_FALSE(bool(parse(program({Load{.address = 0x8000'0000'0000}}))));                          // not the user's
  EXPECT_FALSE(bool(parse(program({Load{}, Load{.address = 0x401000}}))));                          // overlap
  EXPECT_FALSE(bool(parse(program({Load{.address = 0}}, 0x100))));                                  // below the lowest address
  EXPECT_FALSE(bool(parse(program({Load{}}, 0x900000))));                                           // entry nowhere
  EXPECT_FALSE(bool(parse(program({Load{}, Load{.type = 3, .offset = 0x1fff, .file_size = 4}}))));  // interpreter beyond the file
}

TEST(ElfTest, SurvivesFlippedBits) {
  std::string good =
      program({Load{}, Load{.flags = 6, .offset = 0x1000, .address = 0x500000}, Load{.type = 3, .offset = 0x200, .file_size = 8}});
  std::mt19937 random(7);
  u32 accepted = 0, refused = 0;
  for (u32 round = 0; round < 50000; round++) {
    std::string text = good;
    for (u32 flips = 1 + round % 4; flips; flips--) text[random() % 232] ^= char(1 << random() % 8);
    Result<ElfImage> image = parse(text);
    if (!image) {
      refused++;
      continue;
    }
    accepted++;
    u64 last = 0;
    for (const ElfSegment& segment : image->segments) {
      EXPECT_GE(segment.address, last);
      EXPECT_EQ(segment.address % kPageSize, 0u);
      EXPECT_LE(segment.file_end, segment.address + segment.size);
      last = segment.address + segment.size;
      EXPECT_LE(last, AreaMap::kHighest);
    }
  }
  EXPECT_GT(accepted, 100u);
  EXPECT_GT(refused, 100u);
}

}  // namespace
}  // namespace pith::personality
