// Tests of boot images: what is packed is found again, damage is seen, modules can be exchanged.
#include <gtest/gtest.h>

#include "tools/manifest/image_file.h"
#include "tools/manifest/image_writer.h"
#include "tools/manifest/symbol_table.h"
#include "tools/manifest/test_elf.h"
#include "tools/manifest/test_manifest.h"

namespace pith::manifest {

namespace {

template <class Layout>
Layout load(const std::vector<u8>& image, u64 offset) {
  Layout layout;
  memcpy(&layout, image.data() + offset, sizeof layout);
  return layout;
}

/// A packed system of root, `log` and `shell`, which uses log and has a module.
class Image : public testing::Test {
 protected:
  Image() {
    Problems problems("m.toml");
    manifest_ = read_manifest(
        kSystem + component("log", "provides = true\ndevices = {interrupt = 3, ports = [[0x2f8, 8], [0x80, 1]]}") +
            component("shell", "uses = [\"log\"]\nmodule = \"rootfs\"\nown_memory = true\ngroup = \"inner\"\narguments = \"-l\"") +
            "[[group]]\nname = \"inner\"\nstrategy = \"all\"\nrestarts = 7\nperiod_ms = 1\n",
        problems);
    EXPECT_TRUE(problems.is_empty());
    std::string reason;
    EXPECT_TRUE(read_program(elf_, parts_.root, reason));
    parts_.programs = {parts_.root, parts_.root};
    parts_.modules["rootfs"] = {1, 2, 3};
    parts_.modules["symbols"] = std::vector<u8>(5000, 7);
    image_ = write_image(manifest_, parts_);
  }

  image::Header header() const { return load<image::Header>(image_, 0); }
  image::Component component_at(u64 index) const {
    return load<image::Component>(image_, header().components_offset + index * sizeof(image::Component));
  }

  std::vector<u8> elf_ = TestElf().bytes();
  Manifest manifest_;
  ImageParts parts_;
  std::vector<u8> image_;
};

TEST_F(Image, HasBothVersionsOfWhatCanBeUpdated) {
  EXPECT_EQ(header().version_count, 0u);
  parts_.updates[1] = parts_.root;
  parts_.programs[1].keeps = {5, 1};
  parts_.updates[1].keeps = {6, 2};
  parts_.updates[1].migrates = {5, 1};
  image_ = write_image(manifest_, parts_);
  EXPECT_EQ(find_damage(image_), "");
  ASSERT_EQ(header().version_count, image::kVersions);
  u64 offset = header().modules_offset + header().module_count * sizeof(image::Module);
  offset += header().group_count * sizeof(image::Group);
  auto first = load<image::Version>(image_, offset), second = load<image::Version>(image_, offset + sizeof(image::Version));
  image::Component shell = component_at(2);
  EXPECT_EQ(first.component, 2u);
  EXPECT_EQ(first.entry, shell.entry);
  EXPECT_EQ(first.segment_count, shell.segment_count);
  EXPECT_EQ(first.segments[0].offset, shell.segments[0].offset);
  EXPECT_EQ(second.component, 2u);
  EXPECT_EQ(second.segment_count, shell.segment_count);
  EXPECT_NE(second.segments[0].offset, shell.segments[0].offset);
  EXPECT_EQ(second.migrates, first.keeps);
  EXPECT_EQ(second.keeps, (image::VaultType{6, 2}));
}

TEST_F(Image, HasWhatTheManifestSays) {
  EXPECT_EQ(find_damage(image_), "");
  EXPECT_STREQ(header().system, "test");
  ASSERT_EQ(header().component_count, 3u);
  EXPECT_STREQ(component_at(0).name, "root");
  image::Component log = component_at(1), shell = component_at(2);
  EXPECT_STREQ(log.name, "log");
  EXPECT_EQ(log.provides, 1u);
  ASSERT_EQ(log.grant_count, 3u);
  EXPECT_EQ(log.grants[0].kind, image::GrantKind::Interrupt);
  EXPECT_EQ(log.grants[0].first, 3u);
  EXPECT_STREQ(log.grants[1].name, "ports");
  EXPECT_STREQ(log.grants[2].name, "ports2");
  EXPECT_EQ(log.grants[1].first, 0x2f8u);
  EXPECT_EQ(log.grants[1].count, 8u);
  ASSERT_EQ(shell.grant_count, 2u);
  EXPECT_EQ(shell.grants[0].kind, image::GrantKind::Service);
  EXPECT_EQ(shell.grants[0].target, 1u);
  EXPECT_STREQ(shell.grants[0].name, "log");
  EXPECT_EQ(shell.grants[1].kind, image::GrantKind::Region);
  EXPECT_EQ(shell.module, 1u);
  EXPECT_STREQ(shell.arguments, "-l");
}

TEST_F(Image, HasGroupsBehindItsModules) {
  ASSERT_EQ(header().group_count, 2u);
  u64 offset = header().modules_offset + header().module_count * sizeof(image::Module);
  auto outermost = load<image::Group>(image_, offset), inner = load<image::Group>(image_, offset + sizeof(image::Group));
  EXPECT_STREQ(outermost.name, "system");
  EXPECT_EQ(outermost.parent, 0u);
  EXPECT_STREQ(inner.name, "inner");
  EXPECT_EQ(inner.strategy, image::Strategy::All);
  EXPECT_EQ(inner.restarts, 7u);
  EXPECT_EQ(inner.period, 1'000'000u);
  EXPECT_EQ(component_at(1).group, 0u);
  EXPECT_EQ(component_at(2).group, 1u);
}

TEST_F(Image, HasTheProgramsBytes) {
  image::Component root = component_at(0);
  EXPECT_EQ(root.entry, 0x401004u);
  ASSERT_EQ(root.segment_count, 2u);
  const image::Segment& data = root.segments[1];
  EXPECT_EQ(data.address, 0x402000u);
  EXPECT_EQ(data.offset % kPageSize, 0u);
  EXPECT_EQ(data.file_pages, 1u);
  EXPECT_EQ(data.memory_pages, 3u);
  EXPECT_EQ(image_[data.offset + 0xf], 0u);
  EXPECT_EQ(image_[data.offset + 0x10], 0x55u);
  EXPECT_EQ(image_[data.offset + 0x2f], 0x55u);
  EXPECT_EQ(image_[data.offset + 0x30], 0u);
  EXPECT_EQ(program_pages(parts_), 12u);
}

TEST_F(Image, IsTheSameEachTime) { EXPECT_EQ(write_image(manifest_, parts_), image_); }

TEST_F(Image, ExchangesModules) {
  std::vector<u8> longer(10'000, 9);
  auto changed = replace_module(image_, "rootfs", longer);
  EXPECT_EQ(find_damage(changed), "");
  auto found = module_of(changed, "rootfs");
  EXPECT_EQ(std::vector<u8>(found.begin(), found.end()), longer);
  EXPECT_EQ(module_of(changed, "symbols").size(), 5000u);
  EXPECT_EQ(module_of(changed, "symbols")[4999], 7u);
  EXPECT_EQ(replace_module(changed, "rootfs", module_of(image_, "rootfs")), image_);
  EXPECT_TRUE(module_of(image_, "none").empty());
}

TEST_F(Image, ShowsEveryDamage) {
  for (usize offset = 0; offset < image_.size(); offset += 61) {
    auto damaged = image_;
    damaged[offset] ^= 0x10;
    EXPECT_NE(find_damage(damaged), "") << offset;
  }
  for (usize size = 0; size < image_.size(); size += 509) EXPECT_NE(find_damage(std::span(image_).first(size)), "") << size;
}

TEST_F(Image, NamesFunctions) {
  EXPECT_EQ(symbol_table(manifest_, parts_), "component root\n401004 c foo\ncomponent log\n401004 c foo\ncomponent shell\n401004 c foo\n");
}

}  // namespace

}  // namespace pith::manifest
