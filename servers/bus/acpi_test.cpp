// Tests of ACPI's tables: right ones, and damaged ones.
#include "servers/bus/acpi.h"

#include <gtest/gtest.h>

#include <cstring>

#include "abi/error.h"
#include "lib/random.h"
#include "servers/bus/fake_memory.h"

namespace pith::bus {
namespace {

using Bytes = std::vector<std::byte>;

template <class T>
void put(Bytes& bytes, u64 offset, T value) {
  memcpy(bytes.data() + offset, &value, sizeof value);
}
template <class T>
void add(Bytes& bytes, T value) {
  bytes.resize(bytes.size() + sizeof value);
  put(bytes, bytes.size() - sizeof value, value);
}
void add_all(Bytes& bytes, std::initializer_list<int> values) {
  for (int value : values) add(bytes, u8(value));
}

void set_sum(Bytes& bytes, u64 place, u64 size) {
  bytes[place] = std::byte(0);
  u8 sum = 0;
  for (u64 i = 0; i < size; i++) sum = u8(sum + u8(bytes[i]));
  bytes[place] = std::byte(u8(-sum));
}
Bytes table(const char* name, const Bytes& content) {
  Bytes bytes(36);
  memcpy(bytes.data(), name, 4);
  bytes.insert(bytes.end(), content.begin(), content.end());
  put(bytes, 4, u32(bytes.size()));
  set_sum(bytes, 9, bytes.size());
  return bytes;
}

constexpr u64 kRoot = 0xf5000, kDirectory = 0x1000'0000, kMcfg = 0x1000'1000, kDmar = 0x1000'2000, kOther = 0x1000'3000;
constexpr u64 kSpace = 0xb000'0000, kRegisters = 0xfed9'0000;

Bytes spaces(std::initializer_list<std::pair<u64, u32>> list) {
  Bytes content(8);
  for (auto [address, segment_and_bus] : list) {
    add(content, address);
    add(content, segment_and_bus);
    add(content, u32{0});
  }
  return content;
}
/// A structure of a unit, with scopes of functions of bus 0.
Bytes unit(u8 flags, u64 registers, std::initializer_list<std::pair<int, int>> functions, u16 segment = 0) {
  Bytes bytes;
  add(bytes, u16{0});
  add(bytes, u16(16 + 8 * functions.size()));
  add(bytes, flags);
  add(bytes, u8{0});
  add(bytes, segment);
  add(bytes, registers);
  for (auto [device, function] : functions) add_all(bytes, {1, 8, 0, 0, 0, 0, device, function});
  return bytes;
}
Bytes remapping(std::initializer_list<Bytes> structures) {
  Bytes content(12);
  for (const Bytes& structure : structures) content.insert(content.end(), structure.begin(), structure.end());
  return content;
}

struct Fixture : testing::Test {
  FakeMemory memory;

  void SetUp() override { build({kOther, kMcfg, kDmar}); }
  void build(std::initializer_list<u64> entries) {
    Bytes root(36);
    memcpy(root.data(), "RSD PTR ", 8);
    root[15] = std::byte(2);
    put(root, 24, kDirectory);
    put(root, 20, u32{36});
    set_sum(root, 8, 20);
    memory.pieces[kRoot] = root;
    Bytes list;
    for (u64 entry : entries) add(list, entry);
    memory.pieces[kDirectory] = table("XSDT", list);
    memory.pieces[kOther] = table("FACP", Bytes(100));
    memory.pieces[kMcfg] = table("MCFG", spaces({{0xa000'0000, 1}, {kSpace, 0}}));
    memory.pieces[kDmar] = table("DMAR", remapping({unit(1, kRegisters, {})}));
  }
  Result<Machine> find() { return find_machine(memory, kRoot); }
};

TEST_F(Fixture, FindsSpaceAndUnit) {
  auto machine = find();
  ASSERT_TRUE(machine);
  EXPECT_EQ(machine->configuration, kSpace);
  EXPECT_EQ(machine->unit.registers, kRegisters);
  EXPECT_TRUE(machine->unit.functions.all());
}

TEST_F(Fixture, ReadsDirectoriesOfBothWidths) {
  Bytes& root = memory.pieces[kRoot];
  root[15] = std::byte(0);
  put(root, 16, u32(kDirectory));
  set_sum(root, 8, 20);
  Bytes list;
  for (u64 entry : {kOther, kMcfg}) add(list, u32(entry));
  memory.pieces[kDirectory] = table("RSDT", list);
  auto machine = find();
  ASSERT_TRUE(machine);
  EXPECT_EQ(machine->configuration, kSpace);
  EXPECT_EQ(machine->unit.registers, 0u);
}

TEST_F(Fixture, KnowsWhichFunctionsAreBehindAUnit) {
  memory.pieces[kDmar] = table("DMAR", remapping({unit(0, 0x1000, {{2, 0}, {31, 7}})}));
  auto machine = find();
  ASSERT_TRUE(machine);
  EXPECT_EQ(machine->unit.registers, 0x1000u);
  EXPECT_EQ(machine->unit.functions.count(), 2u);
  EXPECT_TRUE(machine->unit.functions[16] && machine->unit.functions[255]);
  // With one for all others those that have their own are not behind it.
  memory.pieces[kDmar] = table("DMAR", remapping({unit(0, 0x1000, {{2, 0}}), unit(1, 0x2000, {}), unit(0, 0x3000, {{3, 0}})}));
  machine = find();
  EXPECT_EQ(machine->unit.registers, 0x2000u);
  EXPECT_EQ(machine->unit.functions.count(), 254u);
  EXPECT_FALSE(machine->unit.functions[16] || machine->unit.functions[24]);
}

TEST_F(Fixture, TakesNoUnitOfOthers) {
  Bytes bridge = unit(0, 0x1000, {{2, 0}});
  bridge[16] = std::byte(2);  // a bridge, not an endpoint
  Bytes deep = unit(0, 0x1000, {{2, 0}});
  deep[21] = std::byte(1);  // bus 1
  for (const Bytes& structure : {unit(1, 0x1000, {}, 1), unit(0, 0x1000, {}), unit(0, 0x1000, {{32, 0}, {0, 8}}), bridge, deep}) {
    memory.pieces[kDmar] = table("DMAR", remapping({structure}));
    auto machine = find();
    ASSERT_TRUE(machine);
    EXPECT_EQ(machine->unit.registers, 0u);
  }
}

TEST_F(Fixture, RefusesStructuresThatDoNotFit) {
  for (u16 length : {u16(0), u16(3), u16(17), u16(0xffff)}) {
    Bytes structure = unit(1, 0x1000, {});
    put(structure, 2, length);
    memory.pieces[kDmar] = table("DMAR", remapping({structure}));
    auto machine = find();
    ASSERT_TRUE(machine);
    EXPECT_EQ(machine->unit.registers, 0u) << length;
  }
}

TEST_F(Fixture, SaysThatThereIsNone) {
  build({kOther, kDmar});
  EXPECT_EQ(find().error(), Error::NotFound);
  build({});
  EXPECT_EQ(find().error(), Error::NotFound);
  build({kMcfg});
  memory.pieces[kMcfg] = table("MCFG", spaces({{kSpace, 1}, {kSpace, 0x10000}}));
  EXPECT_EQ(find().error(), Error::NotFound);
  EXPECT_EQ(find_machine(memory, 0).error(), Error::Damaged);
  EXPECT_EQ(find_machine(memory, ~u64{0}).error(), Error::Damaged);
}

TEST_F(Fixture, NoticesEveryDamagedByteThatMatters) {
  for (u64 piece : {kRoot, kDirectory, kMcfg, kDmar}) {
    const Bytes right = memory.pieces[piece];
    for (usize at = 0; at < right.size(); at++) {
      // The root's second half has a sum of its own, which old ones do not have; a table whose name is another one is another table.
      if (piece == kRoot && at >= 20) continue;
      if ((piece == kMcfg || piece == kDmar) && at < 4) continue;
      Bytes& bytes = memory.pieces[piece];
      bytes = right;
      bytes[at] ^= std::byte(1 << at % 8);
      EXPECT_EQ(find().error(), Error::Damaged) << std::hex << piece << " at " << at;
    }
    memory.pieces[piece] = right;
  }
  EXPECT_TRUE(find());
}

TEST_F(Fixture, SurvivesTablesThatAreCutOff) {
  for (u64 piece : {kRoot, kDirectory, kMcfg, kDmar, kOther}) {
    const Bytes right = memory.pieces[piece];
    for (usize size = 0; size < right.size(); size++) {
      memory.pieces[piece] = Bytes(right.begin(), right.begin() + long(size));
      auto machine = find();
      EXPECT_TRUE(machine || machine.error() == Error::Damaged || machine.error() == Error::NotFound);
    }
    memory.pieces[piece] = right;
  }
}

/// Damaged with a right sum: nothing outside of the tables is read, and every answer is one.
TEST_F(Fixture, SurvivesDamageThatItsSumHides) {
  Random random(1);
  memory.pieces[kDmar] = table("DMAR", remapping({unit(0, 0x1000, {{2, 0}, {31, 7}}), unit(1, 0x2000, {{1, 1}})}));
  const auto right = memory.pieces;
  int found = 0;
  for (int round = 0; round < 100'000; round++) {
    memory.pieces = right;
    for (u64 i = 1 + random.below(4); i > 0; i--) {
      u64 pieces[] = {kRoot, kDirectory, kMcfg, kDmar};
      u64 which = pieces[random.below(4)];
      Bytes& bytes = memory.pieces[which];
      u64 at = random.below(bytes.size());
      bytes[at] = std::byte(random.below(256));
      if (random.below(8) == 0 && at + 4 <= bytes.size()) put(bytes, at, u32(random.below(5000)));
      set_sum(bytes, which == kRoot ? 8 : 9, which == kRoot ? 20 : bytes.size());
    }
    if (find()) found++;
  }
  EXPECT_GT(found, 1000);
}

TEST_F(Fixture, LooksAtSoManyTablesOnly) {
  Bytes list;
  for (int i = 0; i < 500; i++) add(list, kOther);
  add(list, kMcfg);
  memory.pieces[kDirectory] = table("XSDT", list);
  auto machine = find();
  EXPECT_TRUE(machine.error() == Error::Damaged || machine.error() == Error::NotFound);
}

}  // namespace
}  // namespace pith::bus
