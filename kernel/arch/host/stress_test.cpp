// Random system calls by several simulated threads, with every invariant checked after each step and every region taken back in between.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "abi/grammar.h"
#include "abi/guest.h"
#include "kernel/arch/host/invariants.h"
#include "kernel/arch/host/machine.h"
#include "kernel/arch/host/predicates.h"
#include "kernel/object/endpoint.h"
#include "kernel/object/region.h"
#include "kernel/object/scheduling_context.h"

/// The kernel is left by exceptions at every step, which the search for uses of dead stack frames is very slow with.
extern "C" const char* __asan_default_options() { return "detect_stack_use_after_return=0"; }

namespace pith::host {
namespace {

constexpr u32 kStressFrames = 400;
constexpr u32 kWorkers = 6;
constexpr u32 kStepsPerRound = 2000;
constexpr u32 kStepsPerComparison = 8;  // with the state before
constexpr u32 kWorkerSlots = 120;  // slots that workers' operations name
constexpr u64 kAddresses[] = {0, 0x1000, 0x200000, 0x201000, 0x400000, 0x40000000, 0x40200000, 0x8000000000};

/// One stretch of random steps in one region, from an empty machine to an empty machine.
class Round {
 public:
  Round(Machine& machine, std::mt19937_64& random) : machine_(machine), random_(random) {}

  void run(u32 steps) {
    begin();
    for (u32 step = 0; step < steps; step++) {
      last_ = "";
      try {
        one_step();
      } catch (const std::exception& problem) {
        FAIL() << problem.what() << " in step " << step << ": " << last_;
      }
      std::string broken = broken_invariant();
      ASSERT_EQ(broken, "") << "after step " << step << ": " << last_;
      ASSERT_EQ(undocumented_, "") << "at step " << step;
      ASSERT_EQ(broken_property_, "") << "in step " << step << ": " << last_;
    }
    end();
  }

  u64 done[kErrorLimit] = {};

 private:
  u64 pick(u64 below) { return random_() % below; }
  bool one_in(u64 chance) { return pick(chance) == 0; }

  /// A region with nearly all memory, a capability space for the workers outside it, and workers in it.
  void begin() {
    own_ = machine_.free_slot();
    first_ = machine_.spare_frames(kStressFrames - 140).raw;
    count_ = kStressFrames - 140;
    FrameNumber frame = machine_.spare_frame();
    must(machine_(Operation::RegionCreate, RootSlot::Region, {frame.raw, u64(ObjectType::Region), own_.raw, 40, 0}));
    region_ = machine_.frame_in(own_);
    for (u32 i = 0; i < count_; i += 10) must(machine_(Operation::RegionGive, RootSlot::Region, {own_.raw, first_ + i, 10}));
    worker_space_ = machine_.frame_in(machine_.make(ObjectType::CapabilitySpace));
    worker_table_ = machine_.frame_in(machine_.make(ObjectType::CapabilityTable));
    FrameNumber second_table = machine_.frame_in(machine_.make(ObjectType::CapabilityTable));
    FrameNumber tables[] = {worker_table_, second_table};
    for (u32 i = 0; i < 2; i++) {
      view<CapabilitySpace>(worker_space_).table[i] = tables[i];
      info(tables[i]).parent = worker_space_;
      info(tables[i]).index = u16(i);
    }
    give_basics();
    for (u32 i = 0; i < kWorkers; i++) make_worker();
    for (u32 i = 0; i < 60; i++) make_object();
  }

  /// Root makes an object of a random type for the workers.
  void make_object() {
    constexpr ObjectType types[] = {
        ObjectType::Endpoint,        ObjectType::Endpoint,  ObjectType::Endpoint,    ObjectType::Notification, ObjectType::Share,
        ObjectType::Share,           ObjectType::Guest,     ObjectType::VectorState, ObjectType::Data,         ObjectType::Data,
        ObjectType::PageTable,       ObjectType::PageTable, ObjectType::Region,      ObjectType::AddressSpace, ObjectType::CapabilitySpace,
        ObjectType::CapabilityTable, ObjectType::PageTable, ObjectType::Data,        ObjectType::Interrupt,    ObjectType::IoPorts};
    ObjectType type = types[pick(std::size(types))];
    FrameNumber frame = untyped_frame();
    u32 slot = u32(20 + pick(kWorkerSlots - 20));
    last_ = "making an object of type " + std::to_string(u32(type));
    machine_.capability(CapabilitySlot(304)) = {};
    if (type == ObjectType::Interrupt) {
      if (machine_(Operation::PlatformCreateInterrupt, RootSlot::Platform, {own_.raw, frame.raw, pick(kLines), 304}).is_error()) return;
    } else if (type == ObjectType::IoPorts) {
      if (machine_(Operation::PlatformCreateIoPorts, RootSlot::Platform, {own_.raw, frame.raw, pick(65536), 1 + pick(64), 304}).is_error())
        return;
    } else {
      FrameNumber second;
      u64 argument = type == ObjectType::PageTable ? pick(4) : type == ObjectType::Region ? 10 : 0;
      if (type == ObjectType::AddressSpace) {
        second = FrameNumber(first_ + u32(pick(count_)));
        for (u32 i = 0; i < count_; i++) {
          const FrameInfo& entry = frames[first_ + i];
          if (entry.type == ObjectType::PageTable && entry.level == 3 && entry.parent.raw == 0) second = FrameNumber(first_ + i);
        }
        for (u32 i = 0; i < count_ && one_in(2); i++) {
          if (frames[first_ + i].type == ObjectType::PageTable && frames[first_ + i].level == 0) argument = first_ + i;
        }
      }
      if (machine_(Operation::RegionCreate, own_, {frame.raw, u64(type), 304, argument, second.raw}).is_error()) return;
      if (type == ObjectType::Data || type == ObjectType::PageTable) return;
    }
    put(slot, frame);
  }

  void must(Answer answer) {
    ASSERT_TRUE(answer.returned);
    ASSERT_EQ(u32(answer.error()), 0u);
  }

  void put(u32 slot, FrameNumber frame) { view<CapabilityTable>(worker_table_).slot[slot] = Capability::full(frame, info(frame).type); }

  void give_basics() {
    put(1, region_);
    put(2, machine_.space);
    put(3, worker_space_);
    put(4, machine_.platform);
  }

  /// A fresh frame of the workers' region, 0 if there is none.
  FrameNumber untyped_frame() {
    u32 start = u32(pick(count_));
    for (u32 i = 0; i < count_; i++) {
      FrameNumber frame(first_ + (start + i) % count_);
      if (info(frame).type == ObjectType::Untyped && info(frame).owner == region_) return frame;
    }
    return FrameNumber();
  }

  /// Root makes a thread with time and a buffer in the workers' region, as far as memory goes.
  void make_worker() {
    FrameNumber thread = untyped_frame();
    CapabilitySlot slot(300), context_slot(301), space_slot(302), capabilities_slot(303);
    auto clear = [&](CapabilitySlot which) { machine_.capability(which) = {}; };
    clear(slot), clear(context_slot), clear(space_slot), clear(capabilities_slot);
    machine_.grant(space_slot, machine_.space);
    machine_.grant(capabilities_slot, worker_space_);
    if (machine_(Operation::RegionCreate, own_, {thread.raw, u64(ObjectType::Thread), slot.raw, 10, 0}).is_error()) return;
    FrameNumber context = untyped_frame();
    if (machine_(Operation::RegionCreate, own_, {context.raw, u64(ObjectType::SchedulingContext), context_slot.raw, 0, 0}).is_error())
      return;
    FrameNumber buffer = untyped_frame();
    if (machine_(Operation::RegionCreate, own_, {buffer.raw, u64(ObjectType::Data), 0, 0, 0}).is_error()) buffer = FrameNumber();
    u64 period = one_in(2) ? 1'000'000 : 3'000'000;
    must(machine_(Operation::SchedulingContextConfigure, context_slot, {10 + pick(4), 1'000'000, period, 0}));
    must(machine_(Operation::ThreadConfigure, slot, {space_slot.raw, capabilities_slot.raw, buffer.raw, 0, 0, 64 + pick(20)}));
    must(machine_(Operation::SchedulingContextBind, context_slot, {slot.raw}));
    must(machine_(Operation::ThreadStart, slot, {0x1000, 0x2000, 0, 0}));
    put(u32(20 + pick(kWorkerSlots - 20)), thread);
    put(u32(20 + pick(kWorkerSlots - 20)), context);
  }

  Thread* ready_worker() {
    u32 start = u32(pick(count_));
    for (u32 i = 0; i < count_; i++) {
      FrameNumber frame(first_ + (start + i) % count_);
      if (info(frame).type != ObjectType::Thread) continue;
      Thread& thread = view<Thread>(frame);
      if (thread.state == ThreadState::Ready && thread.capabilities.raw != 0 && thread.space.raw != 0) return &thread;
    }
    return nullptr;
  }

  /// A blocked or stopped worker is helped out, as root would.
  void rescue() {
    FrameNumber found;
    u32 start = u32(pick(count_));
    for (u32 i = 0; i < count_; i++) {
      FrameNumber frame(first_ + (start + i) % count_);
      if (info(frame).type == ObjectType::Thread) found = frame;
      if (found.raw != 0) break;
    }
    if (found.raw == 0 || one_in(8)) return make_worker();
    CapabilitySlot slot(300);
    machine_.grant(slot, found);
    Thread& thread = view<Thread>(found);
    last_ = "rescue of " + std::to_string(found.raw);
    if (thread.state != ThreadState::Inactive) {
      (void)machine_(one_in(3) ? Operation::ThreadStop : Operation::ThreadInterrupt, slot);
    } else if (thread.space.raw == 0) {
      machine_.grant(CapabilitySlot(302), machine_.space);
      machine_.grant(CapabilitySlot(303), worker_space_);
      (void)machine_(Operation::ThreadConfigure, slot, {302, 303, 0, 0, 0, 64});
    } else {
      (void)machine_(one_in(2) ? Operation::ThreadStart : Operation::ThreadResume, slot, {0x1000, 0x2000, 0, 0});
    }
  }

  void one_step() {
    u64 what = pick(100);
    if (what == 0) return give_basics();
    if (what == 9 || what == 10) return make_object();
    if (what < 4) {
      last_ = "time";
      return machine_.advance(pick(2) * 100'000 + pick(3) * 5'000'000);
    }
    if (what < 6) {
      last_ = "interrupt";
      return machine_.interrupt(u32(pick(kLines)));
    }
    Thread* thread = machine_.running();
    bool of_workers = thread != nullptr && thread != &machine_.root() && thread->state == ThreadState::Ready;
    if (!of_workers || one_in(3)) thread = ready_worker();
    if (thread == nullptr || what < 8) return rescue();
    if ((thread->key & Key::kInGuest) != 0) return guest_step(*thread);
    if (what == 8) {
      last_ = "fault of " + std::to_string(thread->self.raw);
      return machine_.fault(*thread, FaultKind(1 + pick(7)), pick(1 << 20), pick(32));
    }
    system_call(*thread);
  }

  void guest_step(Thread& thread) {
    last_ = "guest of " + std::to_string(thread.self.raw);
    if (one_in(3)) return machine_.fault(thread, FaultKind::Memory, 0x1000, 4);
    machine_.guest_system_call(thread);
  }

  u64 word(grammar::WordKind kind) {
    if (one_in(40)) return random_();
    switch (kind) {
      case grammar::WordKind::Frame:
        return one_in(20) ? pick(kStressFrames + 5) : first_ + pick(count_);
      case grammar::WordKind::Slot:
        return one_in(30) ? pick(1024) : pick(kWorkerSlots);
      case grammar::WordKind::Address:
        return kAddresses[pick(std::size(kAddresses))];
      case grammar::WordKind::Type:
        return pick(18);
      case grammar::WordKind::U64:
        return number();
    }
    return 0;
  }

  u64 number() {
    switch (pick(8)) {
      case 0:
        return hardware.now + pick(5'000'000);
      case 1:
        return ~u64{0} >> pick(64);
      case 2:
        return 1'000'000;
      case 3:
        return pick(kStressFrames);
      case 4:
        return 20 + pick(60);
      default:
        return pick(6);
    }
  }

  /// A slot with a capability of this type, mostly.
  CapabilitySlot slot_of(u32 type) {
    u32 start = u32(pick(kWorkerSlots));
    bool at_random = one_in(15);
    for (u32 i = 0; i < kWorkerSlots && !at_random; i++) {
      u32 slot = (start + i) % kWorkerSlots;
      const Capability& capability = view<CapabilityTable>(worker_table_).slot[slot];
      if (capability.is_live() && u32(capability.type()) == type) return CapabilitySlot(slot);
    }
    return CapabilitySlot(start);
  }

  /// The word is of a type that the operation says in its name only: capabilities mostly to what it wants.
  u64 argument(const grammar::Word& described) {
    std::string name = described.name;
    if (described.kind == grammar::WordKind::Slot && !one_in(6)) {
      if (name == "thread") return slot_of(u32(ObjectType::Thread)).raw;
      if (name == "region") return slot_of(u32(ObjectType::Region)).raw;
      if (name == "child") return slot_of(u32(ObjectType::Region)).raw;
      if (name == "share") return slot_of(u32(ObjectType::Share)).raw;
      if (name == "table") return slot_of(u32(ObjectType::CapabilityTable)).raw;
      if (name == "space") return slot_of(u32(ObjectType::AddressSpace)).raw;
      if (name == "capabilities") return slot_of(u32(ObjectType::CapabilitySpace)).raw;
      if (name == "fault") return slot_of(u32(ObjectType::Endpoint)).raw;
      if (name == "notification") return slot_of(u32(ObjectType::Notification)).raw;
      if (name == "state") return slot_of(u32(ObjectType::VectorState)).raw;
    }
    if (name == "token" && !tokens_.empty() && !one_in(4)) return tokens_[pick(tokens_.size())];
    constexpr u64 accesses[] = {1, 3, 5, 3, 7, 0};
    if (name == "access") return accesses[pick(6)];
    return word(described.kind);
  }

  void system_call(Thread& thread) {
    const grammar::OperationEntry& entry = grammar::kOperations[pick(grammar::kOperationCount)];
    if (entry.operation == Operation::PlatformPower) return;
    // Closing and destroying too often would leave nothing to test.
    if (entry.operation == Operation::RegionClose && !one_in(20)) return;
    if (entry.operation == Operation::RegionDestroy && one_in(2)) return;
    Words words{};
    for (u32 i = 0; i < 6; i++) words.w[i] = i < entry.argument_count ? argument(entry.arguments[i]) : word(grammar::WordKind::U64);
    CapabilitySlot slot = slot_of(entry.object);
    // The workers' own region must last for the round.
    if (entry.operation == Operation::RegionClose && view<CapabilityTable>(worker_table_).slot[slot.raw % 256].frame == region_) return;
    Handle handle = Handle::operation(u32(entry.operation), slot);
    if (entry.operation == Operation::EndpointCall) handle = Handle::call(slot);
    if (entry.operation == Operation::EndpointReplyReceive) handle = Handle::reply_receive(slot);
    if (entry.operation == Operation::GuestRun) handle = Handle::run_guest(slot);
    if (entry.kind == grammar::OperationKind::Long) {
      handle = Handle::message(u32(entry.operation), slot, u32(pick(80)), u32(pick(6)));
      fill_buffer(thread);
    }
    last_ = std::string(entry.name) + " by " + std::to_string(thread.self.raw) + " slot " + std::to_string(slot.raw);
    for (u64 value : words.w) last_ += " " + std::to_string(value);
    FrameNumber frame = thread.self;
    bool compares = one_in(kStepsPerComparison);
    if (compares) {
      machine_.switch_to(thread);
      take_snapshot();
    }
    Answer answer = machine_.invoke(thread, handle, words);
    if (compares) broken_property_ = broken_property();
    if (!answer.returned) return;
    done[u32(answer.error()) % kErrorLimit]++;
    if (entry.operation == Operation::EndpointSetAside && !answer.is_error()) tokens_.push_back(answer[0]);
    if (!answer.is_error()) return;
    u64 documented = entry.errors | grammar::kCapabilityErrors;
    bool blocked = info(frame).type != ObjectType::Thread;
    if (!blocked && (documented & grammar::error_bit(answer.error())) == 0)
      undocumented_ = last_ + " answers error " + std::to_string(u32(answer.error()));
  }

  void fill_buffer(Thread& thread) {
    if (thread.buffer.raw == 0) return;
    DataPage& page = view<DataPage>(thread.buffer);
    for (u32 i = 0; i < kMessageCapabilities / 2; i++)
      page.words[offsetof(MessageBuffer, capabilities) / 8 + i] = pick(kWorkerSlots) | pick(kWorkerSlots) << 32;
    page.words[offsetof(MessageBuffer, deadline) / 8] = one_in(2) ? hardware.now + pick(5'000'000) : 0;
  }

  /// Everything is closed and taken back; nothing may be left.
  void end() {
    (void)machine_(Operation::RegionClose, own_);
    // The workers' table and space go first, as they are not of the region.
    bool all = machine_.reclaim_all(RootSlot::Region, 40, [] { return broken_invariant().empty(); });
    ASSERT_EQ(broken_invariant(), "");
    ASSERT_TRUE(all) << "the region could not be taken back";
    ASSERT_EQ(broken_invariant(), "");
    for (u32 i = 1; i < frame_count; i++) {
      ASSERT_NE(info(FrameNumber(i)).owner, region_) << "frame " << i << " of type " << u32(frames[i].type) << " is left";
    }
    ASSERT_EQ(view<Region>(region_).frames, 0u);
    for (u32 i = 0; i < count_; i++) {
      FrameNumber frame(first_ + i);
      ASSERT_EQ(info(frame).type, ObjectType::Untyped) << "frame " << frame.raw;
      ASSERT_EQ(info(frame).owner, machine_.region) << "frame " << frame.raw;
    }
    ASSERT_EQ(machine_(Operation::RegionDestroy, RootSlot::Region, {region_.raw}).error(), kSuccess);
  }

  Machine& machine_;
  std::mt19937_64& random_;
  CapabilitySlot own_;
  FrameNumber region_, worker_space_, worker_table_;
  u32 first_ = 0, count_ = 0;
  std::vector<u64> tokens_;
  std::string last_, undocumented_, broken_property_;
};

u64 setting(const char* name, u64 otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 0) : otherwise;
}

// PITH_STRESS_STEPS and PITH_STRESS_SEED change what is done; the seed of a failure is printed.
TEST(Stress, KeepsEveryInvariant) {
  u64 seed = setting("PITH_STRESS_SEED", 1);
  u64 steps = setting("PITH_STRESS_STEPS", 200'000);
  u64 done[kErrorLimit] = {};
  for (u64 at = 0; at < steps; at += kStepsPerRound, seed++) {
    SCOPED_TRACE("PITH_STRESS_SEED=" + std::to_string(seed) + " PITH_STRESS_STEPS=" + std::to_string(kStepsPerRound));
    std::mt19937_64 random(seed);
    Machine machine(kStressFrames);
    Round round(machine, random);
    round.run(kStepsPerRound);
    for (u32 i = 0; i < kErrorLimit; i++) done[i] += round.done[i];
    if (testing::Test::HasFatalFailure()) return;
  }
  std::printf("answers by error number:");
  for (u32 i = 0; i < kErrorLimit; i++) {
    if (done[i] != 0) std::printf(" %u:%llu", i, static_cast<unsigned long long>(done[i]));
  }
  std::printf("\n");
}

}  // namespace
}  // namespace pith::host
