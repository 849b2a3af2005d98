// Partition tables as fdisk and sgdisk write them, and such as nobody should.
#include "lib/partitions.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "abi/error.h"

namespace pith::partitions {
namespace {

struct Disk final : Sectors {
  explicit Disk(u64 sectors) : bytes(sectors * kSectorBytes) {}
  u64 count() override { return bytes.size() / kSectorBytes; }
  Result<void> read(u64 sector, std::span<std::byte, kSectorBytes> to) override {
    EXPECT_LT(sector, count());
    if (++reads > 10000) ADD_FAILURE() << "reads without end";
    memcpy(to.data(), bytes.data() + sector * kSectorBytes, kSectorBytes);
    return {};
  }
  template <class T>
  void put(u64 place, T value) {
    memcpy(bytes.data() + place, &value, sizeof value);
  }
  void put_entry(u64 sector, u32 index, u8 type, u32 first, u32 length) {
    u64 place = sector * kSectorBytes + 446 + index * 16;
    put(place + 4, type);
    put(place + 8, first);
    put(place + 12, length);
    put(sector * kSectorBytes + 510, u16{0xaa55});
  }
  std::vector<std::byte> bytes;
  u64 reads = 0;
};

u32 crc32(const std::byte* bytes, u64 length) {
  u32 rest = ~0u;
  for (u64 i = 0; i < length; i++) {
    rest ^= u32(bytes[i]);
    for (u32 bit = 0; bit < 8; bit++) rest = rest >> 1 ^ (rest & 1 ? 0xedb88320 : 0);
  }
  return ~rest;
}

void seal(Disk& disk, u64 header, u64 table) {
  u64 place = header * kSectorBytes;
  disk.put(place, u64{0x5452415020494645});  // "EFI PART"
  disk.put(place + 8, u32{0x10000});
  disk.put(place + 12, u32{92});
  disk.put(place + 24, header);
  disk.put(place + 72, table);
  disk.put(place + 80, u32{128});
  disk.put(place + 84, u32{128});
  disk.put(place + 88, crc32(disk.bytes.data() + table * kSectorBytes, 128 * 128));
  disk.put(place + 16, u32{0});
  disk.put(place + 16, crc32(disk.bytes.data() + place, 92));
}

Disk make_gpt() {
  Disk disk(2048);
  disk.put_entry(0, 0, 0xee, 1, 2047);
  for (u64 table : {u64{2}, u64{2015}}) {
    for (u32 i : {0u, 4u}) {
      u64 entry = table * kSectorBytes + i * 128;
      disk.put(entry, u64{0x477269050fc63daf});
      disk.put(entry + 32, u64{64 + i * 100});
      disk.put(entry + 40, u64{163 + i * 100});
    }
  }
  seal(disk, 1, 2);
  seal(disk, 2047, 2015);
  return disk;
}

void expect(Disk& disk, u32 number, u64 first, u64 count) {
  Result<Range> found = find(disk, number);
  ASSERT_TRUE(found) << number << ": " << error_name(found.error());
  EXPECT_EQ(found->first, first);
  EXPECT_EQ(found->count, count);
}

TEST(Partitions, OfAGpt) {
  Disk disk = make_gpt();
  expect(disk, 1, 64, 100);
  expect(disk, 5, 464, 100);
  EXPECT_EQ(find(disk, 2).error(), Error::NotFound);
  EXPECT_EQ(find(disk, 0).error(), Error::NotFound);
  EXPECT_EQ(find(disk, 129).error(), Error::NotFound);
}

TEST(Partitions, TheCopyOfAGptIsUsedWhenTheFirstIsDamaged) {
  Disk disk = make_gpt();
  disk.put(kSectorBytes + 40, u64{77});
  expect(disk, 5, 464, 100);
  disk.put(2047 * kSectorBytes + 40, u64{77});
  EXPECT_EQ(find(disk, 5).error(), Error::Damaged);
}

TEST(Partitions, AGptMayNotLeadOutOfTheDisk) {
  Disk disk = make_gpt();
  for (u64 table : {u64{2}, u64{2015}}) disk.put(table * kSectorBytes + 40, u64{4000});
  seal(disk, 1, 2);
  seal(disk, 2047, 2015);
  EXPECT_EQ(find(disk, 1).error(), Error::Damaged);
}

TEST(Partitions, OfAnMbr) {
  Disk disk(4096);
  disk.put_entry(0, 0, 0x83, 8, 100);
  disk.put_entry(0, 2, 0x05, 1000, 2000);
  disk.put_entry(1000, 0, 0x83, 2, 50);
  disk.put_entry(1000, 1, 0x05, 100, 200);
  disk.put_entry(1100, 0, 0x83, 3, 60);
  expect(disk, 1, 8, 100);
  expect(disk, 5, 1002, 50);
  expect(disk, 6, 1103, 60);
  for (u32 number : {2u, 3u, 4u, 7u}) EXPECT_EQ(find(disk, number).error(), Error::NotFound);
}

TEST(Partitions, AChainMayNotBeARing) {
  Disk disk(4096);
  disk.put_entry(0, 0, 0x0f, 1000, 2000);
  disk.put_entry(1000, 0, 0x83, 2, 50);
  disk.put_entry(1000, 1, 0x05, 0, 200);
  EXPECT_EQ(find(disk, 1000).error(), Error::Damaged);
  disk.put_entry(1000, 1, 0x05, 0xffffffff, 200);
  EXPECT_EQ(find(disk, 6).error(), Error::Damaged);
}

TEST(Partitions, NoTableAndNoSenseAreErrors) {
  Disk empty(64), tiny(1);
  EXPECT_EQ(find(empty, 1).error(), Error::NotFound);
  EXPECT_EQ(find(tiny, 1).error(), Error::NotFound);
  Disk disk(64);
  disk.put_entry(0, 0, 0x83, 60, 5);
  EXPECT_EQ(find(disk, 1).error(), Error::Damaged);
  disk.put_entry(0, 0, 0x83, 0, 5);
  EXPECT_EQ(find(disk, 1).error(), Error::Damaged);
}

TEST(Partitions, AnythingElseIsAnErrorToo) {
  std::mt19937_64 random(1);
  for (u32 i = 0; i < 500; i++) {
    Disk disk = make_gpt();
    for (u32 k = 0; k < 20; k++) disk.bytes[random() % (40 * kSectorBytes)] = std::byte(random());
    disk.put(510, u16{0xaa55});
    if (i % 2) seal(disk, 1, 2);
    if (Result<Range> found = find(disk, 1 + u32(random() % 8))) EXPECT_LE(found->first + found->count, disk.count());
  }
}

}  // namespace
}  // namespace pith::partitions
