// ACPI tables, whole, cut short, contradicting themselves, and mutated: nothing outside them is read and the facts stay usable.
#include "kernel/boot/acpi.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "abi/types.h"

namespace pith {
namespace {

constexpr u64 kRoot = 0xe0040, kXsdt = 0x1000, kRsdt = 0x1100, kMadt = 0x2000, kHpet = 0x3000, kMemory = 0x100000;

using Text = std::vector<u8>;

Text numbers(std::initializer_list<std::pair<u64, u32>> fields) {
  Text bytes;
  for (auto [value, width] : fields) {
    for (u32 i = 0; i < width; i++) bytes.push_back(u8(value >> (8 * i)));
  }
  return bytes;
}
Text local(u8 identifier, u32 flags = 1) { return numbers({{0, 1}, {8, 1}, {identifier, 1}, {identifier, 1}, {flags, 4}}); }
Text io(u32 address, u32 first) { return numbers({{1, 1}, {12, 1}, {0, 2}, {address, 4}, {first, 4}}); }
Text line_override(u8 source, u32 line, u16 flags) { return numbers({{2, 1}, {10, 1}, {0, 1}, {source, 1}, {line, 4}, {flags, 2}}); }

/// The first MiB of a machine's memory.
struct Firmware {
  Text memory = Text(kMemory);

  void put(u64 at, const Text& bytes) { std::memcpy(&memory[at], bytes.data(), bytes.size()); }
  void seal(u64 at, u64 size, u64 checksum) {
    memory[at + checksum] = 0;
    u8 sum = 0;
    for (u64 i = 0; i < size; i++) sum = u8(sum + memory[at + i]);
    memory[at + checksum] = u8(-sum);
  }
  void table(u64 at, const char* signature, const Text& body) {
    std::memcpy(&memory[at], signature, 4);
    u32 size = u32(36 + body.size());
    put(at + 4, numbers({{size, 4}, {1, 1}}));
    put(at + 36, body);
    seal(at, size, 9);
  }
  void controllers(std::initializer_list<Text> entries, u32 address = 0xfee00000) {
    Text body = numbers({{address, 4}, {1, 4}});
    for (const Text& entry : entries) body.insert(body.end(), entry.begin(), entry.end());
    table(kMadt, "APIC", body);
  }
  void root(u8 revision = 2) {
    std::memcpy(&memory[kRoot], "RSD PTR ", 8);
    put(kRoot + 15, numbers({{revision, 1}, {kRsdt, 4}, {36, 4}, {kXsdt, 8}}));
    seal(kRoot, 20, 8);
  }

  Firmware() {
    root();
    table(kXsdt, "XSDT", numbers({{kHpet, 8}, {kMadt, 8}}));
    table(kRsdt, "RSDT", numbers({{kMadt, 4}}));
    table(kHpet, "HPET", numbers({{0, 4}, {0, 1}, {64, 1}, {0, 2}, {0xfed00000, 8}}));
    controllers({local(0), local(1), local(2, 0), local(3), io(0xfec00000, 0), line_override(0, 2, 0), line_override(9, 9, 0xd)});
  }

  AcpiFacts read(u64 given = kRoot) const {
    AcpiFacts facts;
    read_acpi({memory.data(), memory.size()}, given, facts);
    return facts;
  }
};

std::string problems(const AcpiFacts& facts) {
  std::string all;
  for (u32 i = 0; i < facts.problem_count; i++) all += std::string(facts.problems[i]) + "\n";
  return all;
}

TEST(Acpi, ReadsWholeTables) {
  for (u64 given : {kRoot, u64{0}}) {
    AcpiFacts facts = Firmware().read(given);
    EXPECT_EQ(problems(facts), "");
    ASSERT_EQ(facts.processor_count, 3u);
    EXPECT_EQ(facts.processors[2], 3u);
    EXPECT_EQ(facts.local_controller, 0xfee00000u);
    EXPECT_EQ(facts.io_controller, 0xfec00000u);
    EXPECT_EQ(facts.timer, 0xfed00000u);
    ASSERT_EQ(facts.override_count, 2u);
    EXPECT_EQ(facts.overrides[0].line, 2u);
    EXPECT_FALSE(facts.overrides[0].is_level);
    EXPECT_TRUE(facts.overrides[1].is_level);
    EXPECT_FALSE(facts.overrides[1].is_active_low);
  }
}

TEST(Acpi, OldOrDamagedRootFallsBackToTheShortList) {
  Firmware old;
  old.root(0);
  EXPECT_EQ(old.read().processor_count, 3u);
  EXPECT_EQ(old.read().timer, 0u);
  Firmware damaged;
  damaged.memory[kXsdt + 40] ^= 1;
  EXPECT_EQ(problems(damaged.read()), "the ACPI table XSDT cannot be used\n");
  EXPECT_EQ(damaged.read().processor_count, 3u);
}

TEST(Acpi, SaysWhatIsMissing) {
  Firmware none;
  none.memory[kRoot] = 'X';
  EXPECT_EQ(problems(none.read()), "the ACPI root pointer is not where the loader says\nthere is no ACPI root pointer\n");
  EXPECT_EQ(problems(none.read(0)), "there is no ACPI root pointer\n");
  Firmware cut;
  cut.memory[kMadt + 4]--;
  EXPECT_EQ(problems(cut.read()), "the ACPI table APIC is damaged\nthere is no ACPI table APIC\n");
  Firmware far;
  EXPECT_EQ(problems(far.read(~u64{0} - 4)), "the ACPI root pointer is not where the loader says\n");
}

TEST(Acpi, KeepsWhatStandsBeforeACut) {
  Firmware firmware;
  Text cut = local(7);
  cut[1] = 200;
  firmware.controllers({local(0), local(1), cut});
  EXPECT_EQ(problems(firmware.read()), "the ACPI table APIC is cut short\n");
  EXPECT_EQ(firmware.read().processor_count, 2u);
  cut[1] = 0;
  firmware.controllers({local(0), cut, local(1)});
  EXPECT_EQ(firmware.read().processor_count, 1u);
}

TEST(Acpi, LeavesContradictionsOut) {
  Firmware firmware;
  firmware.controllers({local(0), local(1), local(1), io(0xfec00000, 0), io(0xfec01000, 24), io(0xfec02000, 0), line_override(0, 2, 0),
                        line_override(0, 3, 0), line_override(200, 4, 0), local(255)},
                       0xfee00123);
  AcpiFacts facts = firmware.read();
  EXPECT_EQ(facts.processor_count, 2u);
  EXPECT_EQ(facts.io_controller, 0xfec00000u);
  EXPECT_EQ(facts.override_count, 1u);
  EXPECT_EQ(facts.local_controller, 0u);
  EXPECT_EQ(facts.problem_count, 6u) << problems(facts);
}

TEST(Acpi, TakesSixtyFourProcessors) {
  Firmware firmware;
  Text body = numbers({{0xfee00000, 4}, {1, 4}});
  for (u32 i = 0; i < 100; i++) {
    Text entry = local(u8(i));
    body.insert(body.end(), entry.begin(), entry.end());
  }
  firmware.table(kMadt, "APIC", body);
  EXPECT_EQ(firmware.read().processor_count, 64u);
  EXPECT_EQ(problems(firmware.read()), "there are more than 64 processors\n");
}

void expect_usable(const AcpiFacts& facts) {
  ASSERT_LE(facts.processor_count, AcpiFacts::kProcessors);
  ASSERT_LE(facts.override_count, AcpiFacts::kOverrides);
  ASSERT_LE(facts.problem_count, AcpiFacts::kProblems);
  for (u32 i = 0; i < facts.processor_count; i++) {
    EXPECT_LT(facts.processors[i], 255u);
    for (u32 j = 0; j < i; j++) EXPECT_NE(facts.processors[i], facts.processors[j]);
  }
  for (u64 address : {facts.local_controller, facts.io_controller, facts.timer}) {
    EXPECT_EQ(address % kPageSize, 0u);
    EXPECT_LT(address, u64{1} << 32);
  }
}

/// Checksums are made right again most of the time, so that the mutation is looked at.
TEST(Acpi, MutatedTablesStayHarmless) {
  std::mt19937_64 random(20261122);
  constexpr std::pair<u64, u64> kParts[] = {{kRoot, 36}, {kXsdt, 52}, {kRsdt, 40}, {kMadt, 110}, {kHpet, 56}};
  u32 changed = 0;
  for (u32 round = 0; round < 20'000; round++) {
    static Firmware firmware;
    u8 before[5][128];
    for (u32 part = 0; part < 5; part++) std::memcpy(before[part], &firmware.memory[kParts[part].first], kParts[part].second);
    for (u64 i = random() % 4 + 1; i > 0; i--) {
      auto [start, size] = kParts[random() % 5];
      constexpr u8 kEvil[] = {0, 1, 2, 7, 8, 0x7f, 0x80, 0xff};
      firmware.memory[start + random() % size] = random() % 2 != 0 ? kEvil[random() % 8] : u8(random());
    }
    if (round % 8 != 0) {
      for (u32 part = 1; part < 5; part++) firmware.seal(kParts[part].first, kParts[part].second, 9);
      firmware.seal(kRoot, 20, 8);
    }
    AcpiFacts facts = firmware.read();
    expect_usable(facts);
    changed += facts.problem_count != 0;
    for (u32 part = 0; part < 5; part++) std::memcpy(&firmware.memory[kParts[part].first], before[part], kParts[part].second);
  }
  EXPECT_GT(changed, 5'000u);
}

/// In memory of exactly the size that is left: reading beyond it is caught.
TEST(Acpi, TablesBeyondTheEndAreNotRead) {
  Firmware firmware;
  for (u64 size : {u64{0}, u64{1}, kXsdt + 4, kMadt + 20, kMadt + 60, kHpet + 40, kRoot + 19, kRoot + 30}) {
    auto exact = std::make_unique<u8[]>(size);
    std::memcpy(exact.get(), firmware.memory.data(), size);
    AcpiFacts facts;
    read_acpi({exact.get(), size}, kRoot, facts);
    expect_usable(facts);
    EXPECT_GT(facts.problem_count, 0u);
  }
}

}  // namespace
}  // namespace pith
