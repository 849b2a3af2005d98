// What one CPU asks of another: threads that it runs, translations that it remembers, registers that it has.
#include "kernel/sched/crossing.h"

#include <gtest/gtest.h>

#include "kernel/arch/host/invariants.h"
#include "kernel/arch/host/machine.h"
#include "kernel/memory/flush.h"
#include "kernel/object/guest.h"
#include "kernel/object/notification.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/object/vector_state.h"
#include "kernel/sched/scheduler.h"
#include "kernel/sync/lock.h"
#include "kernel/syscall/syscall.h"

namespace pith::host {
namespace {

/// A machine whose second CPU enters the kernel when the test says so.
struct TwoCpus : Machine {
  TwoCpus() {
    cpus[1].self = &cpus[1];
    cpu_count = 2;
    cpus[1].idle = true;
    cpus[1].last_accounted = hardware.now;
  }
  Cpu& other() { return cpus[1]; }

  /// The other CPU is interrupted, chooses who runs, and leaves.
  void interrupt_other() {
    hardware.cpu = 1;
    kernel_lock.acquire();
    if (other().idle) end_idleness(other());
    if (other().current != nullptr && (other().current->key & Key::kInGuest) == 0) other().current->key |= Key::kFullFrame;
    other().entered = arch::counter();
    interruption_received(other());
    bool comes_back = true;
    for (u32 i = 0; i < 10 && comes_back; i++) {
      if (i > 0) {
        kernel_lock.acquire();
        other().entered = arch::counter();
        timer_interrupted(other());
      }
      try {
        finish_entry(other(), 0);
      } catch (const Left&) {
      }
      comes_back = other().current == nullptr && hardware.timer != 0 && hardware.timer <= hardware.now;
    }
    hardware.cpu = 0;
    hardware.root = root().root;
  }

  /// A thread that runs on the other CPU.
  Made run_there() {
    Made made = make_thread(20);
    (*this)(Operation::SchedulingContextUnbind, made.context);
    (*this)(Operation::SchedulingContextConfigure, made.context, {20, kTurn, kTurn, 1});
    (*this)(Operation::SchedulingContextBind, made.context, {made.slot.raw});
    interrupt_other();
    EXPECT_EQ(other().current, &*made);
    EXPECT_TRUE(runs_elsewhere(*made));
    return made;
  }
};

TEST(Crossing, AThreadIsStoppedByTheCpuThatRunsIt) {
  TwoCpus machine;
  Made thread = machine.run_there();
  u64 before = hardware.interruptions;
  EXPECT_EQ(machine(Operation::ThreadStop, thread.slot).error(), Error::Again);
  EXPECT_GT(hardware.interruptions, before);
  EXPECT_EQ((*thread).state, ThreadState::Ready);
  EXPECT_EQ(machine(Operation::ThreadReadRegisters, thread.slot, {0}).error(), Error::BadState);
  EXPECT_EQ(machine(Operation::RegionDestroy, RootSlot::Region, {thread.frame.raw}).error(), Error::Again);
  machine.interrupt_other();
  EXPECT_EQ((*thread).state, ThreadState::Inactive);
  EXPECT_EQ(machine.other().current, nullptr);
  EXPECT_EQ(machine(Operation::ThreadStop, thread.slot).error(), kSuccess);
  EXPECT_EQ(machine(Operation::RegionDestroy, RootSlot::Region, {thread.frame.raw}).error(), Error::Again);
  EXPECT_EQ(machine(Operation::RegionDestroy, RootSlot::Region, {thread.frame.raw}).error(), kSuccess);
}

TEST(Crossing, AThreadThatBlocksInTheMeantimeIsStoppedAllTheSame) {
  TwoCpus machine;
  Made thread = machine.run_there();
  CapabilitySlot event = machine.make(ObjectType::Notification);
  EXPECT_EQ(machine(Operation::ThreadStop, thread.slot).error(), Error::Again);
  hardware.cpu = 1;
  ASSERT_TRUE(machine.object<Notification>(event).wait(*thread, 0));
  hardware.cpu = 0;
  machine.interrupt_other();
  EXPECT_EQ((*thread).state, ThreadState::Inactive);
  EXPECT_EQ((*thread).key & Key::kStopping, 0u);
  EXPECT_EQ(machine.object<Notification>(event).waiter.raw, 0u);
  EXPECT_EQ(broken_invariant(), "");
}

TEST(Crossing, FramesWaitForCpusThatRun) {
  TwoCpus machine;
  FrameNumber frame = machine.make_frame(ObjectType::Data);
  auto create = [&] { return machine(Operation::RegionCreate, RootSlot::Region, {frame.raw, u64(ObjectType::Data), 0, 0, 0}).error(); };
  machine(Operation::RegionDestroy, RootSlot::Region, {frame.raw});
  EXPECT_EQ(create(), Error::Again);  // each entry looks at one CPU
  EXPECT_EQ(create(), kSuccess);      // an idle one remembers nothing
  machine.run_there();
  machine(Operation::RegionDestroy, RootSlot::Region, {frame.raw});
  EXPECT_EQ(create(), Error::Again);
  EXPECT_EQ(create(), Error::Again);
  machine.interrupt_other();
  EXPECT_EQ(create(), kSuccess);
}

TEST(Crossing, SharesAreEmptiedWhenNobodyRemembersThem) {
  TwoCpus machine;
  machine.run_there();
  CapabilitySlot share = machine.make(ObjectType::Share);
  FrameNumber frame = machine.frame_in(share);
  info(frame).generation = current_generation();  // unlinked just now
  for (u32 cpu = 0; cpu < 2; cpu++) EXPECT_EQ(machine(Operation::RegionDestroy, RootSlot::Region, {frame.raw}).error(), Error::Again);
  EXPECT_EQ(info(frame).cursor, 0u);
  machine.interrupt_other();
  EXPECT_EQ(machine(Operation::RegionDestroy, RootSlot::Region, {frame.raw}).error(), Error::Again);
  EXPECT_NE(info(frame).cursor, 0u);
}

TEST(Crossing, VectorRegistersComeBackFromTheirCpu) {
  TwoCpus machine;
  Made thread = machine.run_there();
  CapabilitySlot slot = machine.make(ObjectType::VectorState);
  machine(Operation::ThreadSetVectorState, thread.slot, {slot.raw});
  hardware.cpu = 1;
  ASSERT_TRUE(load_vector_state(*thread));
  hardware.vector.raw[20] = 77;
  hardware.cpu = 0;
  FrameNumber page = machine.make_frame(ObjectType::Data);
  EXPECT_EQ(machine(Operation::VectorStateSave, slot, {page.raw}).error(), Error::Again);
  machine.interrupt_other();
  EXPECT_EQ(machine.other().vector_owner.raw, 0u);
  EXPECT_EQ(machine.object<VectorState>(slot).holder, 0u);
  EXPECT_EQ(machine(Operation::VectorStateSave, slot, {page.raw}).error(), kSuccess);
  EXPECT_EQ(view<DataPage>(page).words[20], 77u);
}

TEST(Crossing, AThreadRunsOnOneCpuAtATime) {
  TwoCpus machine;
  Made thread = machine.run_there();
  machine(Operation::SchedulingContextUnbind, thread.context);
  machine(Operation::SchedulingContextConfigure, thread.context, {Machine::kRootPriority + 1, Machine::kTurn, Machine::kTurn, 0});
  machine(Operation::SchedulingContextBind, thread.context, {thread.slot.raw});
  EXPECT_EQ(machine.running(), &machine.root());  // it still runs there
  EXPECT_EQ(machine.other().current, &*thread);
  machine.interrupt_other();
  EXPECT_EQ(machine.other().current, nullptr);
  machine.timer_interrupt();
  EXPECT_EQ(machine.running(), &*thread);
  EXPECT_EQ((*thread).key & Key::kCpuMask, 0u);
}

}  // namespace
}  // namespace pith::host
