// Tests of configuration registers, those of odd functions among them.
#include "drivers/pci/configuration.h"

#include <gtest/gtest.h>

#include "abi/error.h"
#include "drivers/pci/fake_configuration.h"
#include "lib/random.h"

namespace pith::pci {
namespace {

using Width = FakeConfiguration::Width;

Result<Memory> measure_at(Configuration& configuration, u32 index) {
  Registers registers = TRY(read_registers(configuration, index));
  return measure(configuration, registers);
}

TEST(Configuration, TellsFunctionsFromNothing) {
  FakeConfiguration card(0x1af4, 0x1041), nothing, empty(0xffff, 0xffff);
  EXPECT_EQ(identity(card), 0x1af41041u);
  EXPECT_EQ(identity(nothing), ~0u);
  EXPECT_EQ(identity(empty), ~0u);
  card.words[3] = 1u << 23;
  EXPECT_TRUE(has_functions(card));
  EXPECT_FALSE(has_functions(nothing));
}

TEST(Configuration, MeasuresMemoryAndLeavesItAsItWas) {
  FakeConfiguration card(1, 2);
  card.add_memory(0, 0xfe00'0000, 0x1000, Width::Narrow);
  card.add_memory(1, 0x38'0000'4000, 0x4000, Width::Wide);
  card.add_memory(4, 0x80'0000'0000, u64{1} << 33, Width::Wide);
  FakeConfiguration before = card;
  auto narrow = measure_at(card, 0), wide = measure_at(card, 1), large = measure_at(card, 4);
  ASSERT_TRUE(narrow && wide && large);
  EXPECT_EQ(narrow->address, 0xfe00'0000u);
  EXPECT_EQ(narrow->size, 0x1000u);
  EXPECT_EQ(wide->address, 0x38'0000'4000u);
  EXPECT_EQ(wide->size, 0x4000u);
  EXPECT_EQ(large->size, u64{1} << 33);
  for (u32 i = 0; i < 64; i++) EXPECT_EQ(card.words[i], before.words[i]) << i;
}

TEST(Configuration, DoesNotLetADeviceAnswerWhileItIsMeasured) {
  FakeConfiguration card(1, 2);
  card.add_memory(0, 0xfe00'0000, 0x1000, Width::Narrow);
  card.before_write = [](FakeConfiguration& self, u32 offset) {
    if (offset == 0x10) EXPECT_EQ(self.words[1] & 2, 0u);
  };
  EXPECT_TRUE(measure_at(card, 0));
  EXPECT_EQ(card.words[1] & 7, 7u);
}

TEST(Configuration, MeasuresNothingThatIsNotThere) {
  FakeConfiguration card(1, 2);
  card.add_ports(0, 0xc000, 64);
  card.add_memory(2, 0, 0x1000, Width::Narrow);  // not placed
  card.words[4 + 5] = 0xfe00'0004;               // wide, and there is no next one
  for (u32 index : {0u, 1u, 2u, 3u, 5u, 6u, 1000u}) EXPECT_EQ(measure_at(card, index).error(), Error::NotFound) << index;
}

/// At each write of the measurement the measuring one dies; restore() makes it as it was.
TEST(Configuration, RestoresWhatWasBeingMeasured) {
  struct Death {};
  static int left;
  for (int deaths = 0; deaths < 8; deaths++) {
    FakeConfiguration card(1, 2);
    card.add_memory(0, 0x38'0000'4000, 0x4000, Width::Wide);
    FakeConfiguration before = card;
    left = deaths;
    card.before_write = [](FakeConfiguration&, u32) {
      if (left-- == 0) throw Death();
    };
    Registers registers = *read_registers(card, 0);
    try {
      (void)measure(card, registers);
    } catch (Death) {
    }
    card.before_write = nullptr;
    restore(card, registers);
    for (u32 i = 0; i < 64; i++) EXPECT_EQ(card.words[i], before.words[i]) << i << " after " << deaths;
  }
}

TEST(Configuration, WalksCapabilities) {
  FakeConfiguration card(1, 2);
  card.add_capability(0x40, 9);
  card.add_message_table(0x50, 1, 0x800, 3);
  card.add_capability(0x60, 9);
  EXPECT_EQ(find_capability(card, 9), 0x60u);
  EXPECT_EQ(find_capability(card, 9, 0x60), 0x40u);
  EXPECT_EQ(find_capability(card, 9, 0x40), 0u);
  EXPECT_EQ(find_capability(card, 5), 0u);
  auto table = find_message_table(card);
  ASSERT_TRUE(table);
  EXPECT_EQ(table->index, 1u);
  EXPECT_EQ(table->offset, 0x800u);
  EXPECT_EQ(table->entries, 3u);
  card.words[1] = 7;  // says that it has none
  EXPECT_EQ(find_capability(card, 9), 0u);
}

TEST(Configuration, EndsOnListsThatGoRoundInACircle) {
  FakeConfiguration card(1, 2);
  card.add_capability(0x40, 9);
  card.add_capability(0x60, 9);
  card.words[0x40 / 4] = 0x60 << 8 | 9;
  EXPECT_EQ(find_capability(card, 5), 0u);
  card.words[0x40 / 4] = 0x40 << 8 | 9;
  EXPECT_EQ(find_capability(card, 5), 0u);
  card.words[0x40 / 4] = 0x04 << 8 | 9;  // into the header
  EXPECT_EQ(find_capability(card, 5), 0u);
  EXPECT_EQ(find_capability(card, 9, 0x40), 0u);
}

TEST(Configuration, SwitchesMessagesOnAndTheLineOff) {
  FakeConfiguration card(1, 2);
  card.add_message_table(0x50, 1, 0, 3);
  card.words[1] = 0xf900'0000 | u32{1} << 20;
  card.words[0x50 / 4] |= u32{1} << 30;
  switch_on(card, *find_message_table(card));
  EXPECT_EQ(card.words[1] & 0xffff, 0x406u);
  EXPECT_EQ(card.words[0x50 / 4] >> 30, 2u);  // on, and not all masked
}

TEST(Configuration, SurvivesAnyContents) {
  Random random(1);
  for (int round = 0; round < 20'000; round++) {
    FakeConfiguration card;
    for (u32& word : card.words) word = u32(random.below(u64{1} << 32));
    if (random.below(2)) {
      for (u32 i = 0; i < 64; i++) card.words[i] &= 0xff7f'7f7f;
    }
    for (u32 i = 0; i < kRegisters + 2; i++) {
      auto memory = measure_at(card, i);
      if (memory) EXPECT_EQ(memory->size & (memory->size - 1), 0u);
    }
    u32 at = find_capability(card, u32(random.below(256)));
    EXPECT_TRUE(at == 0 || (at >= 0x40 && at < 0x100));
    if (auto table = find_message_table(card)) EXPECT_LE(table->entries, 2048u);
  }
}

}  // namespace
}  // namespace pith::pci
