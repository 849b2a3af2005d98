// Tests of the network card's driver between a client that may be wrong or hostile and a device that may break.
#include "servers/netcard/service.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "abi/error.h"
#include "drivers/virtio/net/fake_card.h"
#include "lib/random.h"
#include "tests/host/lone_component.h"

namespace pith::netcard {
namespace {

using packet::kSlots;
using virtio_net::FakeCard;

constexpr u32 kClient = 4;  // component

struct alignas(kPageSize) Memory {
  std::byte bytes[packet::kRingBytes] = {};
};
struct alignas(kPageSize) QueueMemory {
  std::byte bytes[virtio_net::kMemoryBytes];
};

class TestService final : public Service {
 public:
  using Service::Service;
  using Service::signals;
  u32 rings = 0;

 private:
  void ring(u32 component) override {
    EXPECT_EQ(component, kClient);
    rings++;
  }
};

std::string frame_of(u64 number, usize length = 60) {
  std::string frame(length, char('a' + number % 26));
  frame.replace(0, 14, "0123456789abcd");
  return frame;
}

struct Fixture : testing::Test {
  FakeCard card;
  std::unique_ptr<QueueMemory> queues = std::make_unique<QueueMemory>();
  std::unique_ptr<Memory> memory = std::make_unique<Memory>();
  virtio_net::Device device{card};
  ClientMemory known[1];
  std::unique_ptr<TestService> service;
  bool has_device = true;
  packet::Ring& ring = *reinterpret_cast<packet::Ring*>(memory->bytes);

  void SetUp() override {
    logged.clear();
    known[0] = {3, memory->bytes, u64(memory.get()), u64{1} << kClient | 2, kClient};
    card.allowed[u64(memory.get()) + packet::kSlotsOffset] = packet::kRingBytes - packet::kSlotsOffset;
    start();
  }
  /// A new instance.
  void start() {
    ASSERT_TRUE(device.start(card.function, FakeCard::kIndex, FakeCard::kBytes, queues->bytes, u64(queues.get())));
    service = std::make_unique<TestService>(CapabilitySlot(1), has_device ? &device : nullptr, known);
    service->pump();
  }
  void open() {
    ring.magic = packet::Ring::kMagic;
    service->pump();
  }
  std::byte* at(u64 offset) { return memory->bytes + offset + packet::kHeaderBytes; }
  void send(const std::string& frame) {
    memcpy(at(packet::sent_slot(ring.sent.filled)), frame.data(), frame.size());
    ring.sent.length[ring.sent.filled % kSlots] = u32(frame.size());
    ring.sent.filled++;
  }
  /// The next frame that has come, or nothing.
  std::string take() {
    if (ring.received.filled == ring.received.taken) return {};
    u64 number = ring.received.taken++;
    return {reinterpret_cast<char*>(at(packet::received_slot(number))), ring.received.length[number % kSlots]};
  }
};

TEST_F(Fixture, TellsWhoTakesPart) {
  EXPECT_EQ(ring.is_present, 0u);
  open();
  EXPECT_EQ(ring.is_present, 1u);
  EXPECT_EQ(ring.address[0], 0x52);
  EXPECT_EQ(ring.address[5], 0x56);
  EXPECT_EQ(ring.has_link, 1u);
  EXPECT_EQ(service->rings, 1u);
  EXPECT_EQ(service->state(Session(0))->address, 0x5634'1200'5452u);
  ring.is_present = 0;
  service->pump();
  EXPECT_EQ(ring.is_present, 1u);
}

TEST_F(Fixture, TellsWhenTheLinkChanges) {
  open();
  card.set_link(false);
  service->signals(Service::kInterruptBit);
  EXPECT_EQ(ring.has_link, 0u);
  EXPECT_EQ(service->state(Session(0))->link, 0u);
  EXPECT_EQ(service->rings, 2u);
  card.set_link(true);
  service->signals(Service::kInterruptBit);
  EXPECT_EQ(ring.has_link, 1u);
}

/// A device that does not run yet interrupts nobody.
TEST_F(Fixture, TellsTheLinkOfTheMomentThatItsClientComes) {
  card.set_link(false);
  open();
  EXPECT_EQ(ring.has_link, 0u);
}

TEST_F(Fixture, AnswersWithoutADevice) {
  has_device = false;
  start();
  open();
  EXPECT_EQ(ring.is_present, 2u);
  EXPECT_EQ(service->state(Session(0)).error(), Error::NotFound);
  send(frame_of(1));
  service->pump();
  service->signals(~u64{0});
}

TEST_F(Fixture, DoesNothingWithoutAClient) {
  Service* lone = service.get();
  TestService none(CapabilitySlot(1), &device, {});
  none.pump();
  none.signals(1);
  lone->pump();
  EXPECT_FALSE(card.next(0));
}

TEST_F(Fixture, SendsAndReceives) {
  open();
  send(frame_of(1));
  send(frame_of(2, 1514));
  service->pump();
  ASSERT_EQ(card.sent.size(), 2u);
  EXPECT_EQ(card.sent[0], frame_of(1));
  EXPECT_EQ(card.sent[1], frame_of(2, 1514));
  EXPECT_EQ(ring.sent.taken, 2u);
  card.receive(frame_of(3, 1514));
  card.receive(frame_of(4, 14));
  u32 before = service->rings;
  service->pump();
  EXPECT_EQ(service->rings, before + 1);
  EXPECT_EQ(take(), frame_of(3, 1514));
  EXPECT_EQ(take(), frame_of(4, 14));
  EXPECT_EQ(take(), "");
  EXPECT_EQ(card.strays, 0u);
}

TEST_F(Fixture, GoesRoundForEver) {
  open();
  u64 next = 0, expected = 0, sent = 0;
  Random random(1);
  for (int round = 0; round < 5'000; round++) {
    for (u64 i = random.below(40); i > 0; i--) {
      if (ring.received.filled - ring.received.taken < kSlots / 2) card.receive(frame_of(next++));
    }
    for (u64 i = random.below(40); i > 0 && ring.sent.filled - ring.sent.taken < kSlots; i--) send(frame_of(sent++));
    service->pump();
    for (std::string frame = take(); !frame.empty(); frame = take()) EXPECT_EQ(frame, frame_of(expected++));
  }
  service->pump();
  EXPECT_EQ(card.sent.size(), sent);
  for (u64 i = 0; i < sent; i++) ASSERT_EQ(card.sent[i], frame_of(i));
  EXPECT_EQ(next - card.lost, expected + (ring.received.filled - ring.received.taken));
  EXPECT_EQ(card.strays, 0u);
}

TEST_F(Fixture, LosesWhatTheClientHasNoRoomFor) {
  open();
  for (u64 i = 0; i < kSlots + 5; i++) card.receive(frame_of(i));
  EXPECT_EQ(card.lost, 5u);
  service->pump();
  EXPECT_EQ(ring.received.filled, kSlots);
  card.receive(frame_of(7));
  EXPECT_EQ(card.lost, 6u);
  take();
  service->pump();
  card.receive(frame_of(9));
  EXPECT_EQ(card.lost, 6u);
}

/// A client with nothing to wait for is left alone, one without slots is not forgotten.
TEST_F(Fixture, RingsForSentSlotsOnlyWhereTheClientMayWait) {
  open();
  u32 before = service->rings;
  card.holds = true;
  send(frame_of(1));
  service->pump();
  EXPECT_FALSE(card.wants_interrupts(1));
  card.work(1);
  service->pump();
  EXPECT_EQ(service->rings, before);
  EXPECT_EQ(ring.sent.taken, 1u);
  while (ring.sent.filled - ring.sent.taken < kSlots) send(frame_of(2));
  service->pump();
  EXPECT_TRUE(card.wants_interrupts(1));
  card.work(1);
  service->pump();
  EXPECT_EQ(service->rings, before + 1);
}

TEST_F(Fixture, SkipsWhatIsNoFrame) {
  open();
  for (u32 length : {0u, 13u, 1515u, ~0u}) {
    send(frame_of(0));
    ring.sent.length[(ring.sent.filled - 1) % kSlots] = length;
  }
  send(frame_of(5));
  service->pump();
  ASSERT_EQ(card.sent.size(), 1u);
  EXPECT_EQ(card.sent[0], frame_of(5));
  service->pump();
  EXPECT_EQ(ring.sent.taken, 5u);
}

TEST_F(Fixture, SendsNoHeaderOfTheClients) {
  open();
  send(frame_of(1));
  memset(at(packet::sent_slot(0)) - 12, 0xff, 12);
  service->pump();
  EXPECT_EQ(card.strays, 0u);
}

TEST_F(Fixture, GoesOnAfterItsDeath) {
  open();
  card.receive(frame_of(1));
  service->pump();
  card.holds = true;
  send(frame_of(3));
  send(frame_of(4));
  service->pump();
  card.work(1);
  card.holds = false;
  card.receive(frame_of(2, 1514));  // nobody has told the client of these
  card.receive(frame_of(6));
  u32 resets = card.resets;
  start();
  // Once: a device may keep what comes meanwhile, and loses it with the next reset.
  EXPECT_EQ(card.resets, resets + 1);
  EXPECT_EQ(take(), frame_of(1));
  EXPECT_EQ(take(), frame_of(2, 1514));
  EXPECT_EQ(take(), frame_of(6));
  EXPECT_EQ(take(), "");
  ASSERT_EQ(card.sent.size(), 2u);  // neither of them twice
  EXPECT_EQ(card.sent[0], frame_of(3));
  EXPECT_EQ(card.sent[1], frame_of(4));
  card.receive(frame_of(5));
  service->pump();
  EXPECT_EQ(take(), frame_of(5));
  service->pump();
  EXPECT_EQ(ring.sent.taken, 2u);
  EXPECT_GE(service->rings, 1u);  // the client may have waited for the one before
}

/// However often it dies, before any access to its device, its own beginning included: each frame arrives once, in order.
TEST_F(Fixture, LosesAndDoublesNothingWhenItDies) {
  open();
  Random random(7);
  card.holds = true;
  u64 sent = 0, come = 0, taken = 0, deaths = 0;
  auto work = [&](std::function<void()> function) {
    for (card.accesses_left = random.below(3) ? 0 : u32(1 + random.below(60));;) {
      try {
        function();
        break;
      } catch (FakeCard::Death) {
        deaths++;
        card.accesses_left = random.below(2) ? 0 : u32(1 + random.below(60));
        function = [&] { start(); };
      }
    }
    card.accesses_left = 0;
  };
  for (int round = 0; round < 20'000; round++) {
    for (u64 i = random.below(4); i > 0 && sent - ring.sent.taken < kSlots; i--) send(frame_of(sent++));
    // Whether the driver has seen it or not; the device is done with some.
    if (random.below(2)) work([&] { service->pump(); });
    for (u64 i = random.below(4); i > 0 && come - taken < kSlots; i--) card.receive(frame_of(come++));
    card.work(u32(random.below(4)));
    if (random.below(2)) work([&] { service->pump(); });
    if (random.below(5) == 0) work([&] { start(); });
    for (u64 i = random.below(6); i > 0; i--) {
      std::string frame = take();
      if (frame.empty()) break;
      ASSERT_EQ(frame, frame_of(taken)) << round;
      taken++;
    }
  }
  service->pump();
  card.work(~0u);
  service->pump();
  while (!take().empty()) taken++;
  EXPECT_EQ(taken, come - card.lost);
  EXPECT_EQ(card.lost, 0u);
  ASSERT_EQ(card.sent.size(), sent);
  for (u64 i = 0; i < sent; i++) ASSERT_EQ(card.sent[i], frame_of(i));
  EXPECT_GT(taken, 10'000u);
  EXPECT_GT(deaths, 1'000u);
  EXPECT_EQ(card.strays, 0u);
}

/// What lies in the queues' memory is believed as little as the device.
TEST_F(Fixture, TakesOverNothingThatMakesNoSense) {
  open();
  Random random(11);
  for (int round = 0; round < 3'000; round++) {
    for (int i = 0; i < 3; i++) card.receive(frame_of(u64(i)));
    send(frame_of(1));
    service->pump();
    for (u64 i = random.below(200); i > 0; i--) {
      u64 place = random.below(2) ? random.below(sizeof queues->bytes) : 4096 - random.below(600);
      queues->bytes[place] = std::byte(random.below(256));
    }
    start();
    while (ring.received.filled != ring.received.taken) {
      ASSERT_LE(ring.received.filled - ring.received.taken, kSlots);
      ASSERT_LE(ring.received.length[ring.received.taken % kSlots], packet::kMostBytes);
      ring.received.taken++;
    }
    ASSERT_LE(ring.sent.filled - ring.sent.taken, kSlots);
  }
  service->pump();
  card.receive(frame_of(1));
  send(frame_of(2));
  service->pump();
  EXPECT_EQ(take(), frame_of(1));
  EXPECT_EQ(card.sent.back(), frame_of(2));
  EXPECT_EQ(card.strays, 0u);
}

TEST_F(Fixture, BeginsAnewWithItsClient) {
  open();
  for (int i = 0; i < 3; i++) card.receive(frame_of(1));
  send(frame_of(2));
  service->pump();
  memset(static_cast<void*>(&ring), 0, sizeof ring);
  u32 resets = card.resets;
  open();  // without the driver having seen anything in between
  EXPECT_GT(card.resets, resets);
  EXPECT_EQ(ring.is_present, 1u);
  card.receive(frame_of(7));
  send(frame_of(8));
  service->pump();
  EXPECT_EQ(take(), frame_of(7));
  EXPECT_EQ(card.sent.back(), frame_of(8));
}

TEST_F(Fixture, LeavesAClientAloneThatDoesNotTakePart) {
  open();
  ring.magic = 0;
  ring.received.filled = 77;
  service->pump();
  EXPECT_EQ(ring.received.filled, 77u);
  ring.received.filled = 0;
  open();
  card.receive(frame_of(1));
  service->pump();
  EXPECT_EQ(take(), frame_of(1));
}

TEST_F(Fixture, GoesOnWithIndicesThatFitToEachOther) {
  ring.received.filled = 5;
  ring.received.taken = 900;
  ring.sent.filled = 10'000;
  ring.sent.taken = 3;
  open();
  EXPECT_EQ(ring.received.filled, 900u);
  EXPECT_EQ(ring.sent.taken, 10'000u);
  card.receive(frame_of(1));
  send(frame_of(2));
  service->pump();
  EXPECT_EQ(take(), frame_of(1));
  EXPECT_EQ(card.sent.back(), frame_of(2));
}

TEST_F(Fixture, ResetsADeviceThatBreaks) {
  open();
  card.status |= 64;
  send(frame_of(1));
  service->pump();
  EXPECT_EQ(card.sent.size(), 1u);
  // Nobody would ring again: what is odd interrupts once.
  u32 resets = card.resets;
  card.use(0, 200, 100);
  service->pump();
  EXPECT_EQ(card.resets, resets + 1);
  card.receive(frame_of(2));
  service->pump();
  EXPECT_EQ(take(), frame_of(2));
}

TEST_F(Fixture, TakesNoFrameOfAnOddLength) {
  open();
  for (u32 length : {0u, 11u, 1527u, ~0u}) {
    u32 resets = card.resets;
    auto chain = card.next(0);
    ASSERT_TRUE(chain);
    card.use(0, chain->id, length);
    service->pump();
    EXPECT_EQ(take(), "") << length;
    EXPECT_EQ(card.resets, resets + 1) << length;
    card.receive(frame_of(2));
    service->pump();
    EXPECT_EQ(take(), frame_of(2)) << length;
  }
}

TEST_F(Fixture, GivesUpADeviceThatOnlyBreaks) {
  open();
  for (int i = 0; i < 20 && ring.is_present == 1; i++) {
    card.status |= 64;
    service->pump();
  }
  EXPECT_EQ(ring.is_present, 2u);
  EXPECT_EQ(service->state(Session(0)).error(), Error::NotFound);
  send(frame_of(1));
  service->pump();
}

TEST_F(Fixture, GivesUpADeviceThatCannotBeReset) {
  open();
  card.never_resets = true;
  card.status |= 64;
  service->pump();
  EXPECT_EQ(ring.is_present, 2u);
}

/// Whatever is in the ring, the device is told of nothing but slots, and an honest client is served again afterwards.
TEST_F(Fixture, SurvivesAHostileClient) {
  Random random(13);
  auto any = [&]() -> u64 {
    switch (random.below(4)) {
      case 0:
        return random.below(300);
      case 1:
        return ~random.below(300);
      case 2:
        return random.below(u64{1} << 40) << 20;
      default:
        return ring.received.filled + random.below(200) - 100;
    }
  };
  auto scribble = [&] {
    u64* indices[] = {&ring.received.filled, &ring.received.taken, &ring.sent.filled, &ring.sent.taken};
    if (random.below(3)) *indices[random.below(4)] = any();
    ring.sent.length[random.below(kSlots)] = u32(random.below(2) ? random.below(2000) : any());
    ring.received.length[random.below(kSlots)] = u32(any());
    if (random.below(50) == 0) ring.magic = random.below(2) ? 0 : packet::Ring::kMagic;
    if (random.below(50) == 0) ring.is_present = any();
  };
  card.on_notify = [&](u32) {
    scribble();
    card.work(u32(random.below(200)));
  };
  for (int round = 0; round < 30'000; round++) {
    scribble();
    service->pump();
    for (u64 i = random.below(5); i > 0; i--) card.receive(frame_of(i));
    if (random.below(20) == 0) ring.magic = packet::Ring::kMagic;
    if (random.below(500) == 0) start();
  }
  EXPECT_EQ(card.strays, 0u);
  EXPECT_GT(card.sent.size(), 1'000u);
  card.on_notify = [&](u32 queue) {
    if (queue == 1) card.work(~0u);
  };
  memset(static_cast<void*>(&ring), 0, sizeof ring);
  service->pump();
  open();
  card.receive(frame_of(1));
  send(frame_of(2));
  service->pump();
  EXPECT_EQ(take(), frame_of(1));
  EXPECT_EQ(card.sent.back(), frame_of(2));
}

}  // namespace
}  // namespace pith::netcard
