// Tests of the disk's driver between clients that may be wrong or hostile and a device that may break.
#include "servers/disk/service.h"

#include <gtest/gtest.h>

#include <memory>

#include "abi/error.h"
#include "drivers/virtio/block/fake_disk.h"
#include "lib/random.h"
#include "tests/host/lone_component.h"

namespace pith::disk {
namespace {

using block::Operation;
using block::Outcome;
using block::State;
using virtio_block::FakeDisk;

constexpr u32 kFirst = 5, kSecond = 6;  // components
constexpr u64 kBytes = 16 * kPageSize;

struct alignas(kPageSize) Memory {
  std::byte bytes[kBytes] = {};
};
struct alignas(kPageSize) QueueMemory {
  std::byte bytes[virtio_block::kMemoryBytes];
};

class TestService final : public Service {
 public:
  using Service::Service;
  u32 rings[32] = {};

 private:
  void ring(u32 component) override { rings[component]++; }
};

/// Two clients with a memory each, and memory of the second's that the driver does not share with the first.
struct Fixture : testing::Test {
  FakeDisk disk{256};
  std::unique_ptr<QueueMemory> queue = std::make_unique<QueueMemory>();
  std::unique_ptr<Memory> memories[2] = {std::make_unique<Memory>(), std::make_unique<Memory>()};
  virtio_block::Device device{disk};
  ClientMemory known[2];
  std::unique_ptr<TestService> service;
  bool has_device = true;

  void SetUp() override {
    logged.clear();
    for (u32 i = 0; i < 2; i++) {
      u32 owner = i == 0 ? kFirst : kSecond;
      known[i] = {10 + i, memories[i]->bytes, u64(memories[i].get()), u64{1} << owner | 2, owner};
      disk.allowed[u64(memories[i].get())] = kBytes;
    }
    start();
  }
  /// A new instance.
  void start() {
    ASSERT_TRUE(device.start(disk.function, FakeDisk::kIndex, FakeDisk::kBytes, queue->bytes, u64(queue.get())));
    service = std::make_unique<TestService>(CapabilitySlot(1), has_device ? &device : nullptr, known);
    service->pump();
  }
  block::Ring& ring(u32 client = 0) { return *reinterpret_cast<block::Ring*>(memories[client]->bytes); }
  std::byte* data(u32 client = 0) { return memories[client]->bytes + kPageSize; }
  void open(u32 client = 0) {
    ring(client).magic = block::Ring::kMagic;
    service->pump();
  }
  block::Request& submit(u32 slot, Operation operation, u64 sector = 0, u32 length = 512, u64 offset = kPageSize, u32 client = 0) {
    block::Request& request = ring(client).requests[slot];
    request = {State::Submitted, operation, Outcome::Good, length, sector, 10 + client, 0, offset, 0, {}};
    return request;
  }
  Outcome run(Operation operation, u64 sector = 0, u32 length = 512, u64 offset = kPageSize) {
    block::Request& request = submit(0, operation, sector, length, offset);
    service->pump();
    service->pump();  // what the device has done meanwhile
    EXPECT_EQ(request.state, State::Done);
    return request.outcome;
  }
};

TEST_F(Fixture, TellsWhoTakesPart) {
  EXPECT_EQ(ring().is_present, 0u);
  open();
  EXPECT_EQ(ring().is_present, 1u);
  EXPECT_EQ(ring().sectors, 256u);
  EXPECT_EQ(ring().can_flush, 1u);
  EXPECT_EQ(ring(1).is_present, 0u);
  EXPECT_EQ(service->rings[kFirst], 1u);
  EXPECT_EQ(service->rings[kSecond], 0u);
  ring().is_present = 0;  // a new client that begins anew
  service->pump();
  EXPECT_EQ(ring().is_present, 1u);
}

TEST_F(Fixture, DoesRequests) {
  open();
  memset(data(), 0x11, 1024);
  EXPECT_EQ(run(Operation::Write, 7, 1024), Outcome::Good);
  memset(data(), 0, 1024);
  EXPECT_EQ(run(Operation::Read, 8), Outcome::Good);
  EXPECT_EQ(data()[511], std::byte(0x11));
  EXPECT_EQ(data()[512], std::byte(0));
  EXPECT_EQ(run(Operation::Flush), Outcome::Good);
  EXPECT_EQ(run(Operation::Discard), Outcome::Good);
  EXPECT_EQ(service->state(Session(0))->done, 4u);
}

TEST_F(Fixture, FlushesAfterAForcedWrite) {
  open();
  submit(0, Operation::Write).force_unit_access = 1;
  for (int i = 0; i < 3; i++) service->pump();
  EXPECT_EQ(ring().requests[0].state, State::Done);
  EXPECT_EQ(disk.flushes, 1u);
}

TEST_F(Fixture, RefusesWhatIsMalformed) {
  open();
  EXPECT_EQ(run(Operation::Read, 0, 0), Outcome::Malformed);
  EXPECT_EQ(run(Operation::Read, 0, 511), Outcome::Malformed);
  EXPECT_EQ(run(Operation::Read, 0, block::kMostBytes + 512), Outcome::Malformed);
  EXPECT_EQ(run(Operation::Read, 0, 512, kPageSize + 1), Outcome::Malformed);
  EXPECT_EQ(run(Operation::Read, 0, 512, kBytes), Outcome::Malformed);
  EXPECT_EQ(run(Operation::Read, 0, 1024, kBytes - 512), Outcome::Malformed);
  EXPECT_EQ(run(Operation::Read, 0, 512, ~u64{511}), Outcome::Malformed);
  EXPECT_EQ(run(Operation::Read, 256), Outcome::OutOfRange);
  EXPECT_EQ(run(Operation::Read, 255, 1024), Outcome::OutOfRange);
  EXPECT_EQ(run(Operation::Write, ~u64{0}), Outcome::OutOfRange);
  EXPECT_EQ(run(Operation(0)), Outcome::NotSupported);
  EXPECT_EQ(run(Operation(99)), Outcome::NotSupported);
  EXPECT_EQ(disk.done, 0u);
  EXPECT_EQ(run(Operation::Read, 255), Outcome::Good);
  EXPECT_EQ(run(Operation::Read, 0, 512, kBytes - 512), Outcome::Good);
}

TEST_F(Fixture, LetsNobodyUseMemoryOfOthers) {
  open();
  block::Request& request = submit(0, Operation::Read);
  request.memory = 11;  // the second's
  service->pump();
  EXPECT_EQ(request.outcome, Outcome::Malformed);
  request = submit(0, Operation::Write);
  request.memory = 12;  // of nobody here
  service->pump();
  EXPECT_EQ(request.outcome, Outcome::Malformed);
  EXPECT_EQ(disk.done, 0u);
}

TEST_F(Fixture, RespectsWhatTheDiskCanDo) {
  disk.features = virtio::Feature::Version1 | 1 << 5;
  start();
  open();
  EXPECT_EQ(ring().is_read_only, 1u);
  EXPECT_EQ(run(Operation::Write), Outcome::ReadOnly);
  EXPECT_EQ(run(Operation::Flush), Outcome::NotSupported);
  EXPECT_EQ(run(Operation::Discard), Outcome::NotSupported);
  EXPECT_EQ(run(Operation::Read), Outcome::Good);
}

TEST_F(Fixture, AnswersWithoutADevice) {
  has_device = false;
  start();
  EXPECT_EQ(service->state(Session(0)).error(), Error::NotFound);
  open();
  EXPECT_EQ(ring().is_present, 2u);
  EXPECT_EQ(run(Operation::Read), Outcome::Gone);
}

TEST_F(Fixture, TakesMoreThanTheDeviceHolds) {
  disk.holds = true;
  open(0);
  open(1);
  for (u32 slot = 0; slot < block::kMostRequests; slot++) {
    submit(slot, Operation::Read);
    submit(slot, Operation::Read, 0, 512, kPageSize, 1);
  }
  for (int i = 0; i < 1000 && disk.done < 2 * block::kMostRequests; i++) {
    service->pump();
    disk.work(1);
  }
  service->pump();
  for (u32 client = 0; client < 2; client++) {
    for (const block::Request& request : ring(client).requests) EXPECT_EQ(request.state, State::Done);
  }
}

TEST_F(Fixture, DoesEverythingAgainAfterItsDeath) {
  disk.holds = true;
  open();
  for (u32 slot = 0; slot < 8; slot++) submit(slot, Operation::Write, slot);
  service->pump();
  disk.work(3);  // nobody has taken these
  disk.holds = false;
  start();
  service->pump();
  for (u32 slot = 0; slot < 8; slot++) EXPECT_EQ(ring().requests[slot].outcome, Outcome::Good);
  for (u32 slot = 0; slot < 8; slot++) EXPECT_EQ(ring().requests[slot].state, State::Done);
  EXPECT_EQ(disk.strays, 0u);
}

TEST_F(Fixture, ResetsADeviceThatBreaks) {
  disk.holds = true;
  open();
  submit(0, Operation::Read);
  submit(1, Operation::Write);
  service->pump();
  disk.status |= 64;
  disk.holds = false;
  service->pump();  // reset, and submitted again
  service->pump();
  EXPECT_EQ(ring().requests[0].state, State::Done);
  EXPECT_EQ(ring().requests[1].state, State::Done);
  EXPECT_EQ(ring().requests[1].outcome, Outcome::Good);
  EXPECT_EQ(logged.size(), 1u);
}

/// Nobody would ring again: an odd completion interrupts once.
TEST_F(Fixture, ResetsADeviceAtItsFirstOddCompletion) {
  disk.holds = true;
  open();
  submit(0, Operation::Read);
  service->pump();
  u32 resets = disk.resets;
  disk.use(0, 13, 0);
  disk.holds = false;
  service->pump();
  EXPECT_EQ(disk.resets, resets + 1);
  service->pump();
  EXPECT_EQ(ring().requests[0].state, State::Done);
}

TEST_F(Fixture, GivesUpADeviceThatOnlyBreaks) {
  disk.holds = true;
  open();
  submit(0, Operation::Read);
  for (int i = 0; i < 20 && ring().requests[0].state != State::Done; i++) {
    service->pump();
    disk.status |= 64;
  }
  EXPECT_EQ(ring().requests[0].state, State::Done);
  EXPECT_EQ(ring().requests[0].outcome, Outcome::Gone);
  EXPECT_EQ(ring().is_present, 2u);
  EXPECT_EQ(run(Operation::Write), Outcome::Gone);
}

TEST_F(Fixture, DoesNotMindAClientThatBeginsAnew) {
  disk.holds = true;
  open();
  submit(0, Operation::Read);
  submit(1, Operation::Read);
  service->pump();
  memset(static_cast<void*>(&ring()), 0, sizeof(block::Ring));
  service->pump();
  open();
  EXPECT_EQ(ring().is_present, 1u);
  disk.holds = false;
  submit(5, Operation::Read);
  service->pump();
  disk.work(~0u);
  service->pump();
  EXPECT_EQ(ring().requests[5].state, State::Done);
}

/// Whatever is in the rings, and changes in them while they are looked at, nothing but the client's own memory is told to the device.
TEST_F(Fixture, SurvivesHostileRings) {
  Random random(11);
  auto scribble = [&](u32 client) {
    block::Request& request = ring(client).requests[random.below(block::kMostRequests)];
    auto* words = reinterpret_cast<u32*>(&request);
    for (u32 i = 0; i < sizeof request / 4; i++) {
      u64 kind = random.below(4);
      if (kind == 0) words[i] = u32(random.below(u64{1} << 32));
      if (kind == 1) words[i] = u32(random.below(16));
    }
    if (random.below(2)) request.state = State::Submitted;
    if (random.below(2)) request.length = u32(random.below(8)) * 512;
    if (random.below(2)) request.memory = 9 + u32(random.below(4));
    if (random.below(2)) request.offset = random.below(40) * 512;
    if (random.below(2)) request.sector = random.below(300);
    if (random.below(2)) request.operation = Operation(random.below(6));
    if (random.below(64) == 0) ring(client).magic = random.below(2) ? block::Ring::kMagic : 1;
  };
  // The second's memory must stay as it is: only the first is hostile.
  open(0);
  open(1);
  memset(data(1), 0x77, kBytes - kPageSize);
  std::vector<std::byte> before(data(1), data(1) + kBytes - kPageSize);
  disk.on_notify = [&](u32) {
    scribble(0);  // changed behind the driver's back
    if (random.below(8) == 0) disk.answer = u8(random.below(4));
    disk.work(u32(random.below(70)));
  };
  for (int round = 0; round < 30'000; round++) {
    scribble(0);
    service->pump();
    ring(0).magic = block::Ring::kMagic;
    if (random.below(1000) == 0) disk.status |= 64;
    if (random.below(1000) == 0) start();
    disk.work(u32(random.below(4)));
  }
  EXPECT_GT(disk.done, 1'000u);
  EXPECT_EQ(disk.strays, 0u);
  EXPECT_EQ(memcmp(before.data(), data(1), before.size()), 0);
}

}  // namespace
}  // namespace pith::disk
