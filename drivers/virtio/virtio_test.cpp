// Tests of finding and starting virtio devices, and of queues whose device does as it likes.
#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "abi/error.h"
#include "drivers/virtio/fake_device.h"
#include "drivers/virtio/queue.h"
#include "lib/random.h"

namespace pith::virtio {
namespace {

struct alignas(kPageSize) QueueMemory {
  std::byte bytes[Queue::kBytes];
};

/// A queue of a device that has been started.
struct Fixture : testing::Test {
  FakeDevice device;
  Transport transport{device};
  std::unique_ptr<QueueMemory> memory = std::make_unique<QueueMemory>();
  Queue queue;

  Result<void> start() {
    TRY(transport.find(device.function, FakeDevice::kIndex, FakeDevice::kBytes));
    TRY(transport.reset());
    TRY(transport.agree(0x3));
    queue.initialize(memory->bytes, u64(memory.get()));
    TRY(transport.set_queue(0, queue.places()));
    transport.run();
    return {};
  }
  u32 add() {
    Piece pieces[] = {{0x1000, 16, false}, {0x2000, 512, true}, {0x3000, 1, true}};
    return *queue.add(pieces);
  }
};

TEST_F(Fixture, Starts) {
  device.features |= 0x6 | Feature::AccessPlatform;
  ASSERT_TRUE(start());
  EXPECT_EQ(device.agreed, Feature::Version1 | Feature::AccessPlatform | 0x2);
  EXPECT_EQ(device.status, 0xf);
  EXPECT_EQ(device.queues[0].size, Queue::kSize);
  EXPECT_EQ(device.queues[0].message, 0);
  EXPECT_EQ(device.queues[0].is_on, 1);
  EXPECT_EQ(device.queues[0].descriptors, u64(memory.get()));
  EXPECT_FALSE(transport.is_broken());
  u32 notified = ~0u;
  device.on_notify = [&](u32 number) { notified = number; };
  transport.notify(0);
  EXPECT_EQ(notified, 0u);
}

TEST_F(Fixture, RefusesDevicesThatCannotBeUsed) {
  device.features = 3;  // before version 1
  EXPECT_EQ(start().error(), Error::NotSupported);
  device.features |= Feature::Version1;
  device.refuses = true;
  EXPECT_EQ(start().error(), Error::NotSupported);
  device.refuses = false;
  device.has_messages = false;
  EXPECT_EQ(start().error(), Error::NotSupported);
  device.has_messages = true;
  device.queues[0].size = 128;  // too short
  EXPECT_EQ(start().error(), Error::NotSupported);
  device.queues[0].size = 256;
  device.function.words[0x60 / 4 + 4] = 0x1000;
  EXPECT_TRUE(start());  // the step does not matter of queue 0
  EXPECT_EQ(transport.set_queue(1, queue.places()).error(), Error::NotSupported);
  EXPECT_EQ(transport.set_queue(4, queue.places()).error(), Error::NotSupported);
  device.never_resets = true;
  EXPECT_EQ(start().error(), Error::TimedOut);
}

TEST_F(Fixture, FindsNoRegistersOutsideOfTheMemory) {
  u32* common = device.function.words + 0x40 / 4;
  for (u32 place : {0x3fd0u, 0x4000u, 0xffff'fff0u, 2u}) {
    common[2] = place;
    EXPECT_EQ(Transport(device).find(device.function, FakeDevice::kIndex, FakeDevice::kBytes).error(), Error::NotSupported) << place;
  }
  common[2] = 0;
  for (u32 length : {0u, 55u, 0x4001u, 0xffff'ffffu}) {
    common[3] = length;
    EXPECT_EQ(Transport(device).find(device.function, FakeDevice::kIndex, FakeDevice::kBytes).error(), Error::NotSupported) << length;
  }
  common[3] = 56;
  EXPECT_TRUE(Transport(device).find(device.function, FakeDevice::kIndex, FakeDevice::kBytes));
  EXPECT_FALSE(Transport(device).find(device.function, FakeDevice::kIndex + 1, FakeDevice::kBytes));
  EXPECT_EQ(Transport(device).device_register(0), 0u);  // not found: nothing is read
}

TEST_F(Fixture, FindsNothingWrongWhateverTheCapabilitiesSay) {
  /// Counts accesses outside of the memory.
  struct Bounded final : Access {
    void check(u32 offset, u32 width) { EXPECT_LE(u64{offset} + width, FakeDevice::kBytes); }
    u8 read8(u32 offset) override { return check(offset, 1), 0; }
    u16 read16(u32 offset) override { return check(offset, 2), u16(random.below(0x10000)); }
    u32 read32(u32 offset) override { return check(offset, 4), u32(random.below(u64{1} << 32)); }
    void write8(u32 offset, u8) override { check(offset, 1); }
    void write16(u32 offset, u16) override { check(offset, 2); }
    void write32(u32 offset, u32) override { check(offset, 4); }
    Random random{7};
  } access;
  Random random(3);
  int found = 0;
  for (int round = 0; round < 50'000; round++) {
    FakeDevice other;
    for (int i = 0; i < 4; i++) {
      u32 value = u32(random.below(2) ? random.below(u64{1} << 32) : random.below(0x5000));
      other.function.words[0x40 / 4 + random.below(0x60 / 4)] = value;
    }
    Transport any(access);
    if (!any.find(other.function, FakeDevice::kIndex, FakeDevice::kBytes)) continue;
    found++;
    (void)any.agree(~u64{0});
    for (u32 i = 0; i < 6; i++) {
      if (any.set_queue(i, {0, 0, 0, 1})) any.notify(i);
    }
    for (u32 offset : {0u, 4u, 60u, 0x1000u, 0xffff'fffeu}) any.device_register(offset);
    any.device_byte(63);
  }
  EXPECT_GT(found, 1000);
}

TEST_F(Fixture, DoesRequests) {
  ASSERT_TRUE(start());
  u32 request = add();
  EXPECT_FALSE(device.next(0));  // not published yet
  EXPECT_TRUE(queue.publish());
  auto chain = device.next(0);
  ASSERT_TRUE(chain);
  ASSERT_EQ(chain->pieces.size(), 3u);
  EXPECT_EQ(chain->pieces[1].address, 0x2000u);
  EXPECT_TRUE(chain->pieces[1].device_writes);
  EXPECT_FALSE(chain->pieces[0].device_writes);
  EXPECT_FALSE(queue.take());
  device.use(0, chain->id, 513);
  auto done = queue.take();
  ASSERT_TRUE(done);
  EXPECT_EQ(done->request, request);
  EXPECT_EQ(done->written, 513u);
  EXPECT_FALSE(queue.take());
}

TEST_F(Fixture, HoldsSoManyRequestsAndGoesRoundForEver) {
  ASSERT_TRUE(start());
  Random random(5);
  std::vector<FakeDevice::Chain> held;
  std::set<u32> under_way;
  for (int round = 0; round < 200'000; round++) {
    if (random.below(2) == 0) {
      bool is_full = under_way.size() == Queue::kRequests;
      EXPECT_EQ(!queue.next(), is_full);
      if (is_full) {
        Piece piece{};
        EXPECT_FALSE(queue.add({&piece, 1}));
        continue;
      }
      EXPECT_TRUE(under_way.insert(add()).second);
      queue.publish();
      held.push_back(*device.next(0));
    } else if (!held.empty()) {
      usize which = random.below(held.size());
      device.use(0, held[which].id, 0);
      auto done = queue.take();
      ASSERT_TRUE(done);
      EXPECT_EQ(under_way.erase(done->request), 1u);
      held.erase(held.begin() + long(which));
    }
  }
  EXPECT_FALSE(queue.is_broken());
}

TEST_F(Fixture, RefusesPiecesThatDoNotFit) {
  ASSERT_TRUE(start());
  Piece pieces[Queue::kMostPieces + 1] = {};
  EXPECT_FALSE(queue.add({}));
  EXPECT_FALSE(queue.add(pieces));
  EXPECT_TRUE(queue.add(std::span(pieces).first(Queue::kMostPieces)));
}

TEST_F(Fixture, NoticesCompletionsThatCannotBe) {
  for (u32 id : {4u, 1u, 255u, 256u, 0xffff'ffffu, 0x8000'0000u, 8u}) {
    ASSERT_TRUE(start());
    add();
    queue.publish();
    device.use(0, id, 0);
    EXPECT_FALSE(queue.take()) << id;
    EXPECT_TRUE(queue.is_broken()) << id;
    device.use(0, 0, 0);
    EXPECT_FALSE(queue.take()) << "a broken queue says nothing";
  }
}

TEST_F(Fixture, NoticesTheSameCompletionTwice) {
  ASSERT_TRUE(start());
  add();
  queue.publish();
  device.use(0, 0, 0);
  device.use(0, 0, 0);
  EXPECT_TRUE(queue.take());
  EXPECT_FALSE(queue.take());
  EXPECT_TRUE(queue.is_broken());
}

TEST_F(Fixture, EndsWhateverIndexTheDeviceSays) {
  for (u16 index : {u16(2), u16(300), u16(0x8000), u16(0xffff)}) {
    ASSERT_TRUE(start());
    add();
    queue.publish();
    device.set_used_index(0, index);
    // The entries are zeroes: request 0 once, and then a second time.
    EXPECT_TRUE(queue.take());
    EXPECT_FALSE(queue.take());
    EXPECT_TRUE(queue.is_broken());
  }
}

TEST_F(Fixture, SurvivesADeviceThatScribblesOnTheQueue) {
  Random random(9);
  for (int round = 0; round < 2'000; round++) {
    ASSERT_TRUE(start());
    std::set<u32> under_way;
    for (int i = 0; i < 40 && !queue.is_broken(); i++) {
      if (queue.next()) under_way.insert(add());
      queue.publish();
      for (int j = 0; j < 30; j++) memory->bytes[random.below(sizeof memory->bytes)] = std::byte(random.below(256));
      if (random.below(2)) device.use(0, u32(random.below(64)) * 4, 0);
      while (auto done = queue.take()) EXPECT_EQ(under_way.erase(done->request), 1u);
    }
  }
}

TEST_F(Fixture, KnowsABrokenDevice) {
  ASSERT_TRUE(start());
  for (u8 status : {u8(0xff), u8(0x4f), u8(0), u8(0xb)}) {
    device.status = status;
    EXPECT_TRUE(transport.is_broken()) << int(status);
  }
}

}  // namespace
}  // namespace pith::virtio
