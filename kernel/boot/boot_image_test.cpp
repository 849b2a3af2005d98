// Damaged boot images are refused, and reading them touches nothing outside.
#include "kernel/boot/boot_image.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "abi/types.h"

namespace pith {
namespace {

u64 checksum(const std::vector<u64>& words) {
  u64 sum = 0;
  for (u64 i = offsetof(image::Header, components_offset) / 8; i < words.size(); i++)
    sum = ((sum << 5 | sum >> 59) ^ words[i]) * image::kMultiplier;
  return sum;
}

/// An image of `pages` pages with one component of one segment.
struct Sample {
  std::vector<u64> words = std::vector<u64>(3 * kPageSize / 8);

  image::Header& header() { return *reinterpret_cast<image::Header*>(words.data()); }
  image::Component& root() { return *reinterpret_cast<image::Component*>(reinterpret_cast<u8*>(words.data()) + sizeof(image::Header)); }
  void seal() { header().checksum = checksum(words); }
  const char* check() { return check_image(reinterpret_cast<const u8*>(words.data()), words.size() * 8); }

  Sample() {
    header().magic = image::kMagic;
    header().version = image::kVersion;
    header().component_count = 1;
    header().size = words.size() * 8;
    header().components_offset = sizeof(image::Header);
    root().entry = 0x400000;
    root().segment_count = 1;
    root().segments[0] = {0x400000, 2 * kPageSize, 1, 3, u32(Access::ReadExecute), 0};
    seal();
  }
};

TEST(BootImage, GoodOneIsTaken) { EXPECT_EQ(Sample().check(), nullptr); }

TEST(BootImage, EveryFlippedBitIsSeen) {
  Sample sample;
  for (u64 bit = 0; bit < sample.words.size() * 64; bit += 1 + bit % 13) {
    if (bit / 64 == offsetof(image::Header, size) / 8 && bit % 64 >= 12) continue;  // a smaller size is another image: below
    sample.words[bit / 64] ^= u64{1} << bit % 64;
    EXPECT_NE(sample.check(), nullptr) << "bit " << bit;
    sample.words[bit / 64] ^= u64{1} << bit % 64;
  }
}

TEST(BootImage, TruncatedOnesAreRefused) {
  Sample sample;
  for (u64 size = 0; size < sample.words.size() * 8; size += size < 256 ? 1 : 64) {
    // In memory of exactly this size: reading beyond it is caught.
    std::unique_ptr<u8[]> copy(new (std::align_val_t(8)) u8[size]);
    std::memcpy(copy.get(), sample.words.data(), size);
    EXPECT_NE(check_image(copy.get(), size), nullptr) << size;
    ::operator delete[](copy.release(), std::align_val_t(8));
  }
}

TEST(BootImage, SealedNonsenseIsRefused) {
  auto refused = [](auto change) {
    Sample sample;
    change(sample);
    sample.seal();
    return sample.check() != nullptr;
  };
  EXPECT_TRUE(refused([](Sample& s) { s.header().component_count = 0; }));
  EXPECT_TRUE(refused([](Sample& s) { s.header().component_count = ~0u; }));
  EXPECT_TRUE(refused([](Sample& s) { s.header().components_offset = ~u64{0}; }));
  EXPECT_TRUE(refused([](Sample& s) { s.header().components_offset += 4; }));
  EXPECT_TRUE(refused([](Sample& s) { s.header().components_offset = s.header().size - 8; }));
  EXPECT_TRUE(refused([](Sample& s) { s.root().segment_count = 9; }));
  EXPECT_TRUE(refused([](Sample& s) { s.root().entry = ~u64{0}; }));
  EXPECT_TRUE(refused([](Sample& s) { s.root().segments[0].address = 0x400001; }));
  EXPECT_TRUE(refused([](Sample& s) { s.root().segments[0].address = ~u64{0xfff}; }));
  EXPECT_TRUE(refused([](Sample& s) { s.root().segments[0].offset = 1; }));
  EXPECT_TRUE(refused([](Sample& s) { s.root().segments[0].offset = ~u64{0xfff}; }));
  EXPECT_TRUE(refused([](Sample& s) { s.root().segments[0].file_pages = 2; }));
  EXPECT_TRUE(refused([](Sample& s) { s.root().segments[0].memory_pages = 0; }));
  EXPECT_TRUE(refused([](Sample& s) { s.root().segments[0].access = 7; }));
  EXPECT_TRUE(refused([](Sample& s) {
    s.root().segments[0].memory_pages = ~0u;
    s.root().segments[0].address = 0x7fff'0000'0000;
  }));
}

TEST(BootImage, RandomSealedImagesAreReadWithinBounds) {
  std::mt19937_64 random(1);
  for (u32 round = 0; round < 2000; round++) {
    Sample sample;
    for (u32 i = 0; i < 4; i++) sample.words[2 + random() % 80] = random() >> random() % 64;
    sample.header().size = sample.words.size() * 8;
    sample.header().version = image::kVersion;
    sample.seal();
    (void)sample.check();
  }
}

}  // namespace
}  // namespace pith
