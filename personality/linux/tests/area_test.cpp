// Areas: against a model that knows the protection of every page.
#include <random>

#include "personality/linux/memory/area.h"
#include "personality/linux/tests/fixture.h"

namespace pith::personality {
namespace {

constexpr u64 kBase = 0x100000;
constexpr u32 kPages = 64;

/// Protection of each page; -1: nothing.
struct Model {
  int pages[kPages];
  Model() { std::fill(std::begin(pages), std::end(pages), -1); }
};

u64 address(u32 page) { return kBase + page * kPageSize; }

void compare(AreaMap& map, const Model& model) {
  for (u32 page = 0; page < kPages; page++) {
    Area* area = map.find(address(page) + 5);
    ASSERT_EQ(area ? int(area->protection) : -1, model.pages[page]) << page;
  }
  const Area* before = nullptr;
  for (const auto& [start, area] : map.areas()) {
    ASSERT_EQ(start, area.start);
    ASSERT_LT(area.start, area.end);
    if (before) {
      ASSERT_LE(before->end, area.start);
      ASSERT_FALSE(before->end == area.start && before->protection == area.protection) << "neighbours that should be one";
    }
    before = &area;
  }
}

TEST(AreaTest, AgreesWithTheModel) {
  std::mt19937 random(3);
  for (u32 run = 0; run < 50; run++) {
    AreaMap map;
    Model model;
    for (u32 step = 0; step < 200; step++) {
      u32 first = random() % kPages, last = first + 1 + random() % (kPages - first);
      u32 protection = random() % 3 + 1;
      bool covered = true;
      for (u32 page = first; page < last; page++) covered &= model.pages[page] >= 0;
      switch (random() % 3) {
        case 0:
          map.remove(address(first), address(last));
          map.insert({.start = address(first), .end = address(last), .protection = protection});
          for (u32 page = first; page < last; page++) model.pages[page] = int(protection);
          break;
        case 1:
          map.remove(address(first), address(last));
          for (u32 page = first; page < last; page++) model.pages[page] = -1;
          break;
        case 2:
          EXPECT_EQ(bool(map.protect(address(first), address(last), protection)), covered);
          for (u32 page = first; covered && page < last; page++) model.pages[page] = int(protection);
          break;
      }
      compare(map, model);
      EXPECT_EQ(map.is_covered(address(first), address(last)), [&] {
        for (u32 page = first; page < last; page++)
          if (model.pages[page] < 0) return false;
        return true;
      }());
    }
  }
}

TEST(AreaTest, FindsTheHighestHole) {
  AreaMap map;
  EXPECT_EQ(*map.find_hole(kPageSize, 0x200000), 0x200000 - kPageSize);
  map.insert({.start = 0x1f0000, .end = 0x200000, .protection = 1});
  EXPECT_EQ(*map.find_hole(kPageSize, 0x200000), 0x1f0000 - kPageSize);
  map.insert({.start = AreaMap::kLowest, .end = 0x1ef000, .protection = 2});
  EXPECT_EQ(*map.find_hole(kPageSize, 0x200000), 0x1ef000u);
  EXPECT_FALSE(bool(map.find_hole(2 * kPageSize, 0x200000)));
}

class AddressSpaceTest : public EnvironmentTest {};

TEST_F(AddressSpaceTest, CopiesOnWriteAfterFork) {
  u64 before = free_pages();
  {
    Reference<AddressSpace> parent = *AddressSpace::create();
    ASSERT_TRUE(bool(parent->map({.start = kBase, .end = kBase + 4 * kPageSize, .protection = Protection::Read | Protection::Write})));
    ASSERT_TRUE(bool(write_guest<u64>(*parent, GuestAddress(kBase + 8), 42)));
    Reference<AddressSpace> child = *parent->fork();
    EXPECT_EQ(*read_guest<u64>(*child, GuestAddress(kBase + 8)), 42u);
    ASSERT_TRUE(bool(write_guest<u64>(*child, GuestAddress(kBase + 8), 43)));
    EXPECT_EQ(*read_guest<u64>(*parent, GuestAddress(kBase + 8)), 42u);
    EXPECT_EQ(*read_guest<u64>(*child, GuestAddress(kBase + 8)), 43u);
  }
  EXPECT_EQ(free_pages(), before);
}

TEST_F(AddressSpaceTest, BadPointersAreErrors) {
  Reference<AddressSpace> space = *AddressSpace::create();
  ASSERT_TRUE(bool(space->map({.start = kBase, .end = kBase + kPageSize, .protection = Protection::Read})));
  char buffer[64] = {};
  for (u64 bad : {u64{0}, u64{1}, kBase - 1, kBase + kPageSize - 10, u64{0x7fff'ffff'ffff}, u64{0x8000'0000'0000}, ~u64{0}, ~u64{0} - 30}) {
    EXPECT_EQ(copy_to_guest(*space, GuestAddress(bad), buffer, sizeof buffer).error(), LinuxError::BadPointer) << bad;
    EXPECT_EQ(copy_from_guest(*space, buffer, GuestAddress(bad), sizeof buffer).error(), LinuxError::BadPointer) << bad;
  }
  EXPECT_FALSE(bool(copy_to_guest(*space, GuestAddress(kBase), buffer, 8)));
  EXPECT_TRUE(bool(copy_from_guest(*space, buffer, GuestAddress(kBase), 8)));
}

TEST_F(AddressSpaceTest, SharedMemoryStaysShared) {
  Reference<TmpfsFile> memory(new TmpfsFile(0600));
  ASSERT_TRUE(bool(memory->resize(2 * kPageSize)));
  Reference<AddressSpace> parent = *AddressSpace::create();
  ASSERT_TRUE(bool(parent->map(
      {.start = kBase, .end = kBase + 2 * kPageSize, .protection = 3, .sharing = Sharing::Shared, .backing = Reference<Inode>(memory)})));
  Reference<AddressSpace> child = *parent->fork();
  ASSERT_TRUE(bool(write_guest<u64>(*child, GuestAddress(kBase + kPageSize), 7)));
  EXPECT_EQ(*read_guest<u64>(*parent, GuestAddress(kBase + kPageSize)), 7u);
}

TEST_F(AddressSpaceTest, OutOfMemoryIsAnErrorAndEverythingComesBack) {
  u64 before = free_pages();
  {
    Reference<AddressSpace> space = *AddressSpace::create();
    u64 size = (env_->pages.total() + 100) * kPageSize;
    ASSERT_TRUE(bool(space->map({.start = 1 << 30, .end = (1 << 30) + size, .protection = 3})));
    EXPECT_EQ(clear_guest(*space, GuestAddress(1 << 30), size).error(), LinuxError::OutOfMemory);
  }
  EXPECT_EQ(free_pages(), before);
}

TEST_F(AddressSpaceTest, MovesAndTrims) {
  Reference<AddressSpace> space = *AddressSpace::create();
  space->stack_top = 0x7000'0000;
  ASSERT_TRUE(bool(space->map({.start = kBase, .end = kBase + 4 * kPageSize, .protection = 3})));
  ASSERT_TRUE(bool(space->map({.start = kBase + 4 * kPageSize, .end = kBase + 5 * kPageSize, .protection = 1})));
  ASSERT_TRUE(bool(write_guest<u64>(*space, GuestAddress(kBase + kPageSize), 9)));
  Result<u64> moved = space->remap(kBase, 4 * kPageSize, 8 * kPageSize, 1, 0);
  ASSERT_TRUE(bool(moved));
  EXPECT_NE(*moved, kBase);
  EXPECT_EQ(*read_guest<u64>(*space, GuestAddress(*moved + kPageSize)), 9u);
  EXPECT_FALSE(bool(read_guest<u64>(*space, GuestAddress(kBase))));
  ASSERT_TRUE(bool(space->remap(*moved, 8 * kPageSize, kPageSize, 0, 0)));
  EXPECT_FALSE(bool(read_guest<u64>(*space, GuestAddress(*moved + kPageSize))));
}

TEST(AreaTest, LockedPartsAreCountedAndMergedAgain) {
  AreaMap map;
  map.insert({.start = address(0), .end = address(10), .protection = Protection::Read});
  map.set_locked(address(2), address(5), true);
  EXPECT_EQ(map.locked_pages(), 3u);
  EXPECT_EQ(map.areas().size(), 3u);
  map.set_locked(address(0), address(10), true);
  EXPECT_EQ(map.locked_pages(), 10u);
  EXPECT_EQ(map.areas().size(), 1u);
  map.set_locked(address(0), address(10), false);
  EXPECT_EQ(map.locked_pages(), 0u);
}

TEST(AreaTest, HolesAreFoundAgainAfterRemoval) {
  AreaMap map;
  constexpr u64 kTop = 0x7000'0000'0000;
  u64 places[3];
  for (u64& place : places) {
    place = *map.find_hole(kPageSize, kTop);
    map.insert({.start = place, .end = place + kPageSize, .offset = place});
  }
  EXPECT_EQ(places[0], kTop - kPageSize);
  EXPECT_EQ(places[2], kTop - 3 * kPageSize);
  map.remove(places[1], places[1] + kPageSize);
  EXPECT_EQ(*map.find_hole(kPageSize, kTop), places[1]);
  EXPECT_EQ(*map.find_hole(2 * kPageSize, kTop), kTop - 5 * kPageSize);
}

}  // namespace
}  // namespace pith::personality
