// The fake machine itself: it boots, answers a system call, and its views are apart.
#include "kernel/arch/host/machine.h"

#include <gtest/gtest.h>

#include "kernel/arch/host/invariants.h"
#include "kernel/object/endpoint.h"

namespace pith::host {
namespace {

TEST(Machine, AnswersSystemCalls) {
  Machine machine;
  EXPECT_EQ(machine(Operation::SystemNull, kNoSlot).error(), kSuccess);
  hardware.now = 5'000'000;
  EXPECT_EQ(machine(Operation::SystemNow, kNoSlot)[0], 5'000'000u);
  EXPECT_EQ(broken_invariant(), "");
}

TEST(Machine, ChecksWhatItIsAsked) {
  Machine machine;
  EXPECT_EQ(machine(Operation::RegionStatus, kNoSlot).error(), Error::EmptySlot);
  EXPECT_EQ(machine(Operation::RegionStatus, CapabilitySlot(256 * 200)).error(), Error::BadSlot);
  EXPECT_EQ(machine(Operation::RegionStatus, RootSlot::Thread).error(), Error::WrongType);
  machine.grant(CapabilitySlot(10), machine.region, kAllRights & ~right::Region::Use);
  EXPECT_EQ(machine(Operation::RegionStatus, CapabilitySlot(10)).error(), Error::MissingRight);
  EXPECT_EQ(machine.invoke(machine.root(), Handle::operation(2 * 32 + 31, RootSlot::Region)).error(), Error::NotSupported);
}

TEST(Machine, ViewsAreApart) {
  Machine machine;
  CapabilitySlot endpoint = machine.make(ObjectType::Endpoint);
  FrameNumber frame = machine.frame_in(endpoint);
  EXPECT_NE(static_cast<void*>(&threads[frame.raw]), static_cast<void*>(&endpoints[frame.raw]));
  machine.object<Endpoint>(endpoint).callers = 7;
  EXPECT_EQ(threads[frame.raw].instruction, 0u);
  EXPECT_THROW(view<Thread>(frame), std::logic_error);
}

}  // namespace
}  // namespace pith::host
