// Tests of the block device's requests.
#include "drivers/virtio/block/device.h"

#include <gtest/gtest.h>

#include <memory>

#include "abi/error.h"
#include "drivers/virtio/block/fake_disk.h"

namespace pith::virtio_block {
namespace {

struct alignas(kPageSize) Memory {
  std::byte bytes[kMemoryBytes];
};

struct Fixture : testing::Test {
  FakeDisk disk{64};
  std::unique_ptr<Memory> memory = std::make_unique<Memory>();
  Device device{disk};
  alignas(512) std::byte data[1024] = {};

  void SetUp() override { disk.allowed[u64(data)] = sizeof data; }
  Result<void> start() { return device.start(disk.function, FakeDisk::kIndex, FakeDisk::kBytes, memory->bytes, u64(memory.get())); }
  std::optional<Status> run(Kind kind, u64 sector = 0, u32 length = 0) {
    auto number = device.submit(kind, sector, u64(data), length);
    device.publish();
    auto done = device.take();
    if (!number || !done) return {};
    EXPECT_EQ(done->request, *number);
    return done->status;
  }
};

TEST_F(Fixture, SaysWhatItIs) {
  ASSERT_TRUE(start());
  EXPECT_EQ(device.sectors(), 64u);
  EXPECT_FALSE(device.is_read_only());
  EXPECT_TRUE(device.can_flush());
  EXPECT_TRUE(device.can_discard());
  disk.features = virtio::Feature::Version1 | 1 << 5;
  u64 huge = u64{5} << 40;
  memcpy(disk.own, &huge, 8);
  ASSERT_TRUE(device.restart());
  EXPECT_EQ(device.sectors(), huge);
  EXPECT_TRUE(device.is_read_only());
  EXPECT_FALSE(device.can_flush());
  EXPECT_FALSE(device.can_discard());
}

TEST_F(Fixture, NeedsItsMemory) {
  EXPECT_EQ(device.start(disk.function, FakeDisk::kIndex, FakeDisk::kBytes, std::span(memory->bytes).first(kMemoryBytes - 1), 0).error(),
            Error::NoMemory);
}

TEST_F(Fixture, ReadsAndWrites) {
  ASSERT_TRUE(start());
  memset(data, 0x5a, sizeof data);
  EXPECT_EQ(run(Kind::Write, 3, 1024), Status::Good);
  memset(data, 0, sizeof data);
  EXPECT_EQ(run(Kind::Read, 4, 512), Status::Good);
  EXPECT_EQ(data[511], std::byte(0x5a));
  EXPECT_EQ(data[512], std::byte(0));
  EXPECT_EQ(run(Kind::Flush), Status::Good);
  EXPECT_EQ(run(Kind::Discard, 3, 1024), Status::Good);
  EXPECT_EQ(disk.flushes, 1u);
  EXPECT_EQ(disk.discarded, 1u);
  EXPECT_EQ(disk.strays, 0u);
}

TEST_F(Fixture, TellsWhatTheDeviceSays) {
  ASSERT_TRUE(start());
  const std::pair<u8, Status> answers[] = {{0, Status::Good}, {1, Status::Failed}, {2, Status::NotSupported}, {77, Status::Failed}};
  for (auto [answer, status] : answers) {
    disk.answer = answer;
    EXPECT_EQ(run(Kind::Flush), status) << int(answer);
  }
}

TEST_F(Fixture, DoesNotTakeACompletionWithoutAStatusForGood) {
  ASSERT_TRUE(start());
  disk.holds = true;
  device.submit(Kind::Flush, 0, 0, 0);
  device.publish();
  auto chain = disk.next(0);
  disk.use(0, chain->id, 0);
  EXPECT_EQ(device.take()->status, Status::Failed);
}

TEST_F(Fixture, ForgetsWhatWasUnderWayAtARestart) {
  ASSERT_TRUE(start());
  disk.holds = true;
  for (u32 i = 0; i < virtio::Queue::kRequests; i++) EXPECT_TRUE(device.submit(Kind::Flush, 0, 0, 0));
  EXPECT_FALSE(device.submit(Kind::Flush, 0, 0, 0));
  device.publish();
  ASSERT_TRUE(device.restart());
  disk.work(~0u);
  EXPECT_FALSE(device.take());
  disk.holds = false;
  EXPECT_EQ(run(Kind::Flush), Status::Good);
  EXPECT_FALSE(device.is_broken());
  disk.status = 0x4f;
  EXPECT_TRUE(device.is_broken());
}

}  // namespace
}  // namespace pith::virtio_block
