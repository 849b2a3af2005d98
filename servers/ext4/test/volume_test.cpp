// The ext4 service on images of mkfs.ext4: what it reads, what it writes, and what e2fsck says of that.
#include "servers/ext4/test/harness.h"

namespace pith::ext4 {
namespace {

constexpr u64 kMegabyte = 1024 * 1024;

TEST(Ext4, AnImageOfDebiansDefaultsIsMountedAndListed) {
  Image image = make_image(16 * kMegabyte);
  Ran ran = run_on(image, "debugfs -w -f /dev/stdin % <<'EOF'\nmkdir sub\nwrite /etc/passwd sub/passwd\nsymlink sub/link passwd\nEOF\n#");
  ASSERT_EQ(ran.status, 0) << ran.output;
  Harness harness(image);
  ASSERT_TRUE(harness.service->volume().is_mounted()) << u32(harness.service->volume().mount_error());
  auto names = harness.list(EXT2_ROOT_INO);
  ASSERT_TRUE(names);
  EXPECT_EQ(names->size(), 4u);
  EXPECT_EQ((*names)["lost+found"], 11u);
}

}  // namespace
}  // namespace pith::ext4
