// Tests of a direction's slots with a device that is done with them in any order, or does as it likes.
#include "drivers/virtio/net/slots.h"

#include <gtest/gtest.h>

#include <memory>

#include "drivers/virtio/fake_device.h"
#include "lib/random.h"

namespace pith::virtio_net {
namespace {

struct alignas(kPageSize) Memory {
  std::byte bytes[Slots::kBytes];
};

struct Fixture : testing::Test {
  virtio::FakeDevice device;
  std::unique_ptr<Memory> memory = std::make_unique<Memory>();
  Slots slots;

  void start(u64 first = 0) {
    slots.initialize(memory->bytes, u64(memory.get()), first);
    auto places = slots.places();
    device.queues[0] = {u16(places.size), 0, 1, places.descriptors, places.available, places.used};
  }
  void add() {
    slots.add({slots.added(), 1526, true});
    slots.publish();
  }
};

TEST_F(Fixture, TellsInTheOrderOfSlots) {
  start(1'000'000);
  for (int i = 0; i < 3; i++) add();
  auto first = device.next(0), second = device.next(0), third = device.next(0);
  EXPECT_EQ(first->pieces[0].address, 1'000'000u);
  device.use(0, third->id, 3);
  device.use(0, second->id, 2);
  EXPECT_FALSE(slots.take());
  device.use(0, first->id, 1);
  EXPECT_EQ(slots.take(), 1u);
  EXPECT_EQ(slots.take(), 2u);
  EXPECT_EQ(slots.take(), 3u);
  EXPECT_FALSE(slots.take());
  EXPECT_EQ(slots.taken(), 1'000'003u);
}

TEST_F(Fixture, GoesRoundForEver) {
  start(~u64{0} - 1000);  // and over the end of the count
  Random random(3);
  std::vector<virtio::FakeDevice::Chain> held;
  u64 taken = slots.taken();
  for (int round = 0; round < 300'000; round++) {
    u64 kind = random.below(5);
    if (kind < 2 && !slots.is_full()) {
      add();
      held.push_back(*device.next(0));
    } else if (kind == 2 && !slots.is_full()) {
      slots.skip();
    } else if (!held.empty()) {
      usize which = random.below(held.size());
      device.use(0, held[which].id, u32(held[which].pieces[0].address));
      held.erase(held.begin() + long(which));
    }
    while (auto written = slots.take()) {
      EXPECT_TRUE(*written == 0 || *written == u32(taken));
      taken++;
    }
    EXPECT_EQ(slots.taken(), taken);
    ASSERT_FALSE(slots.is_broken());
  }
}

TEST_F(Fixture, TakesSkippedOnesInTheirTurn) {
  start();
  add();
  slots.skip();
  EXPECT_FALSE(slots.take());
  device.use(0, device.next(0)->id, 7);
  EXPECT_EQ(slots.take(), 7u);
  EXPECT_EQ(slots.take(), 0u);
  EXPECT_FALSE(slots.take());
}

TEST_F(Fixture, NoticesWhatCannotBe) {
  for (u32 id : {1u, 127u, 128u, 0x8000'0000u, ~0u}) {
    start();
    add();
    device.use(0, id, 0);
    EXPECT_FALSE(slots.take());
    EXPECT_TRUE(slots.is_broken()) << id;
  }
  start();
  add();
  device.use(0, 0, 0);
  device.use(0, 0, 0);
  EXPECT_TRUE(slots.take());
  EXPECT_FALSE(slots.take());
  EXPECT_TRUE(slots.is_broken());
}

TEST_F(Fixture, SurvivesADeviceThatScribbles) {
  Random random(5);
  for (int round = 0; round < 2'000; round++) {
    start(random.below(1000));
    for (int i = 0; i < 50; i++) {
      if (!slots.is_full()) add();
      for (int j = 0; j < 20; j++) memory->bytes[random.below(sizeof memory->bytes)] = std::byte(random.below(256));
      u64 before = slots.taken();
      while (slots.take()) {
      }
      EXPECT_LE(slots.taken() - before, Slots::kCount);
      EXPECT_LE(slots.added() - slots.taken(), Slots::kCount);
    }
  }
}

}  // namespace
}  // namespace pith::virtio_net
