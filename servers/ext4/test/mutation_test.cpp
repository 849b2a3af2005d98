// Images that somebody has damaged, or made to do harm: the service answers with errors, and nothing worse.
#include <cstdlib>

#include "servers/ext4/test/model.h"

namespace pith::ext4 {
namespace {

constexpr u64 kMegabyte = 1024 * 1024;

/// An image with a bit of everything, not closed when `is_open` is 1: its journal has something in it.
Image make_rich_image(const std::string& options, u32 is_open) {
  Harness harness(make_image(6 * kMegabyte, options));
  u64 large = harness.create(EXT2_ROOT_INO, LINUX_S_IFDIR | 0755, "large")->node;
  for (u32 i = 0; i < 60; i++) {
    u64 file = harness.create(large, LINUX_S_IFREG | 0644, "a name that is rather long " + std::to_string(i))->node;
    if (i % 8 == 0) EXPECT_TRUE(harness.write(file, 0, std::string(3000, 'x')));
  }
  u64 sparse = harness.create(EXT2_ROOT_INO, LINUX_S_IFREG | 0644, "sparse")->node;
  for (u32 i = 0; i < 12; i++) EXPECT_TRUE(harness.write(sparse, i * 40000, "in between"));
  EXPECT_TRUE(harness.symlink(EXT2_ROOT_INO, std::string(300, 's'), "slow"));
  EXPECT_TRUE(harness.symlink(EXT2_ROOT_INO, "target", "fast"));
  u64 held = harness.create(EXT2_ROOT_INO, LINUX_S_IFREG | 0644, "held")->node;
  EXPECT_TRUE(harness.write(held, 0, std::string(5000, 'h')));
  EXPECT_TRUE(harness.hold(held));
  EXPECT_TRUE(harness.remove(EXT2_ROOT_INO, false, "held"));
  if (is_open) {
    Image image;
    u32 commits = 0;
    harness.disk->before = [&](const block::Request& request) {
      // Just after the second flush of a round its transaction is in the journal, and nowhere else.
      if (request.operation == block::Operation::Flush && ++commits == 3) image = harness.disk->image;
      return true;
    };
    EXPECT_TRUE(harness.sync());
    harness.disk->before = [](const block::Request&) { return true; };
    EXPECT_FALSE(image.empty());
    return image;
  }
  harness.close();
  return harness.disk->image;
}

void walk(Harness& harness, u64 directory, u32 depth, u32& left) {
  auto names = harness.list(directory);
  if (!names) return;
  for (const auto& [name, node] : *names) {
    if (left == 0 || name == "." || name == "..") continue;
    left--;
    Result<files::Attributes> is = harness.lookup(directory, name);
    if (!is) continue;
    if (LINUX_S_ISDIR(is->mode) && depth < 4) walk(harness, is->node, depth + 1, left);
    if (LINUX_S_ISLNK(is->mode)) (void)harness.read_link(is->node);
    if (LINUX_S_ISREG(is->mode)) {
      (void)harness.read(is->node, 0, 20000);
      if (is->size > 100) (void)harness.read(is->node, is->size - 100, 200);
      if (left % 3 == 0) (void)harness.write(is->node, is->size % 100000, std::string(1500, 'w'));
      if (left % 5 == 0) {
        files::Attributes to = {};
        to.size = is->size / 2;
        (void)harness.set_attributes(is->node, files::Change::Size, to);
      }
      if (left % 4 == 0) (void)harness.remove(directory, false, name);
    }
  }
}

void use(Image image) {
  Harness harness(std::move(image));
  harness.is_damaged = true;
  u32 left = 90;
  walk(harness, EXT2_ROOT_INO, 0, left);
  Result<files::Attributes> large = harness.lookup(EXT2_ROOT_INO, "large");
  for (u64 directory : {u64{EXT2_ROOT_INO}, large ? large->node : 0}) {
    for (u32 i = 0; i < 12; i++) {
      std::string name = "new one of some length " + std::to_string(i);
      if (Result<files::Attributes> made = harness.create(directory, i % 3 ? LINUX_S_IFREG | 0644 : LINUX_S_IFDIR | 0755, name)) {
        if (i % 3) (void)harness.write(made->node, i * 3000, std::string(4000, 'n'));
        (void)harness.rename(directory, name, EXT2_ROOT_INO, "renamed " + std::to_string(i % 4), i % 3);
      }
    }
  }
  (void)harness.sync();
  harness.turns();
  EXPECT_FALSE(harness.has_failed_to_rest);
}

/// Changes what is not empty, most of it metadata: contents are letters.
void mutate(Image& image, std::mt19937_64& random) {
  u32 changes = 1 + random() % 6;
  for (u32 i = 0; i < changes;) {
    // Superblock and descriptors are chosen more often than their size would make them.
    u64 place = random() % 4 == 0 ? 1024 + random() % 4096 : random() % image.size();
    if (image[place] == std::byte{0} && random() % 200 != 0) continue;
    u64 word;
    place &= ~u64{7};
    memcpy(&word, image.data() + place, sizeof word);
    switch (random() % 5) {
      case 0:
        word ^= u64{1} << random() % 64;
        break;
      case 1:
        word = random();
        break;
      case 2:
        word = ~u64{0} << random() % 64;
        break;
      case 3:
        word = 0;
        break;
      default:
        word += (random() % 3 - 1) << 16 * (random() % 4);
    }
    memcpy(image.data() + place, &word, sizeof word);
    i++;
  }
}

class Mutations : public testing::TestWithParam<std::pair<std::string, u32>> {};

/// `PITH_MUTATIONS` says how many, from which seed on; a long run has 10,000.
TEST_P(Mutations, OnlyCauseErrors) {
  auto [options, is_open] = GetParam();
  Image image = make_rich_image(options, is_open);
  const char* wanted = std::getenv("PITH_MUTATIONS");
  u64 count = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 60;
  const char* from = std::getenv("PITH_MUTATIONS_FROM");
  u64 first = from != nullptr ? std::strtoull(from, nullptr, 10) : 0;
  for (u64 seed = first; seed < first + count; seed++) {
    std::mt19937_64 random(seed);
    Image mutated = image;
    mutate(mutated, random);
    if (std::getenv("PITH_MUTATIONS_TELL")) fprintf(stderr, "seed %lu\n", seed);
    use(std::move(mutated));
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Forms, Mutations,
                         testing::Values(std::pair("-O ^metadata_csum,^64bit", 0), std::pair("-O ^metadata_csum", 1), std::pair("", 1),
                                         std::pair("-O ^extents,^64bit,^flex_bg,^metadata_csum", 0)));

}  // namespace
}  // namespace pith::ext4
