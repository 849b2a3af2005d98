// All states that a tiny system can reach with a few operations: in each, kernel and specification agree about every one of them.
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <unordered_set>

#include "spec/test/abstraction.h"
#include "spec/test/lockstep.h"
#include "spec/test/snapshot.h"

namespace pith::spec::test {
namespace {

constexpr u32 kFrames = 44;

/// How many states are looked at: all of the small system of calls, some of the other's some thousand.
size_t most_states() {
  const char* text = std::getenv("PITH_STATES");
  return text != nullptr ? std::strtoull(text, nullptr, 0) : 1000;
}

/// A machine, a list of actions, and a breadth-first search. A state is kept as the actions that lead to it.
class World {
 public:
  World() : lockstep_(kFrames), machine_(lockstep_.machine) { lockstep_.steps_per_check = 1; }

 protected:
  using Action = std::function<std::string()>;

  /// `thread` makes this system call whenever it is Ready. Arguments are asked for then.
  void add(FrameNumber thread, Operation operation, CapabilitySlot slot, std::function<Words()> words) {
    actions_.push_back([=, this] {
      const pith::Thread& real = view<pith::Thread>(thread);
      if (real.state != ThreadState::Ready || (real.key & Key::kInGuest) != 0) return std::string();
      return lockstep_.system_call(thread, handle_of(operation, slot), words());
    });
  }
  void add(FrameNumber thread, Operation operation, CapabilitySlot slot, std::initializer_list<u64> given = {}) {
    Words words{};
    u32 i = 0;
    for (u64 word : given) words.w[i++] = word;
    add(thread, operation, slot, [words] { return words; });
  }
  void add_fault(FrameNumber thread) {
    actions_.push_back([=, this] {
      if (view<pith::Thread>(thread).state != ThreadState::Ready) return std::string();
      return lockstep_.fault(thread, FaultKind::Memory, 0x5000, 2);
    });
  }

  /// Looks at all states, or as many as wanted.
  void search() {
    Snapshot start, here;
    start.take();
    start.restore(machine_);
    std::unordered_set<u64> known = {fingerprint()};
    std::vector<std::string> paths = {""};
    size_t at = 0;
    u64 transitions = 0;
    for (; at < paths.size() && at < most_states(); at++) {
      std::string path = paths[at];
      start.restore(machine_);
      for (char action : path) ASSERT_EQ(actions_[u8(action)](), "");
      here.take();
      for (size_t i = 0; i < actions_.size(); i++, transitions++) {
        here.restore(machine_);
        ASSERT_EQ(actions_[i](), "") << "action " << i << " after " << describe(path);
        if (known.insert(fingerprint()).second) paths.push_back(path + char(i));
      }
    }
    std::printf("%zu states looked at of %zu known, %llu steps, up to %zu deep%s\n", at, paths.size(),
                static_cast<unsigned long long>(transitions), paths[at - 1].size(), at == paths.size() ? ": all" : "");
  }

  static std::string describe(const std::string& path) {
    std::string text;
    for (char action : path) text += std::to_string(u8(action)) + " ";
    return text;
  }

  Lockstep lockstep_;
  host::Machine& machine_;
  std::vector<Action> actions_;
};

/// Two threads, an endpoint, a notification: everything that IPC can come to.
class Calls : public World, public testing::Test {};

TEST_F(Calls, AllStates) {
  host::Made one = machine_.make_thread(20), two = machine_.make_thread(20);
  CapabilitySlot endpoint = machine_.make(ObjectType::Endpoint), notification = machine_.make(ObjectType::Notification);
  for (const host::Made* made : {&one, &two}) {
    FrameNumber thread = made->frame, other = made == &one ? two.frame : one.frame;
    add(thread, Operation::EndpointCall, endpoint, {1, 2, 3});
    add(thread, Operation::EndpointReplyReceive, endpoint, {4});
    add(thread, Operation::EndpointReceive, endpoint);
    add(thread, Operation::EndpointSetAside, endpoint);
    add(thread, Operation::EndpointReplyToken, endpoint, [other] {
      return Words{{other.raw | view<pith::Thread>(other).set_aside_number << 24, 5, 0, 0, 0, 0}};
    });
    add(thread, Operation::NotificationSignal, notification, {1});
    add(thread, Operation::NotificationWait, notification);
    add(thread, Operation::EndpointReplyMessage, endpoint, {6});
    add_fault(thread);
  }
  FrameNumber root = machine_.root_frame;
  add(root, Operation::EndpointBind, endpoint, {one.slot.raw});
  add(root, Operation::EndpointBind, endpoint, {two.slot.raw});
  add(root, Operation::EndpointBind, endpoint, {0});
  add(root, Operation::EndpointRequeue, endpoint);
  add(root, Operation::NotificationBind, notification, {one.slot.raw});
  add(root, Operation::ThreadInterrupt, one.slot);
  add(root, Operation::ThreadStop, two.slot);
  add(root, Operation::ThreadResume, two.slot);
  (void)machine_(Operation::ThreadConfigure, two.slot,
                 {RootSlot::AddressSpace.raw, RootSlot::CapabilitySpace.raw, two.buffer.raw, endpoint.raw, 7, 0});
  search();
}

/// A region of three frames: making, sharing, renewing and taking back.
class Memory : public World, public testing::Test {};

TEST_F(Memory, AllStates) {
  FrameNumber root = machine_.root_frame;
  CapabilitySlot child = machine_.make(ObjectType::Region, 10), slot = machine_.free_slot(), share_slot = machine_.free_slot();
  FrameNumber top = machine_.make_frame(ObjectType::PageTable, 3);
  CapabilitySlot space = machine_.make(ObjectType::AddressSpace, machine_.make_frame(ObjectType::PageTable, 0).raw, top);
  (void)machine_(Operation::AddressSpaceLinkTable, space, {0, machine_.make_frame(ObjectType::PageTable, 2).raw});
  (void)machine_(Operation::AddressSpaceLinkTable, space, {0, machine_.make_frame(ObjectType::PageTable, 1).raw});
  u64 first = machine_.spare_frames(2).raw;
  for (u64 frame : {first, first + 1}) {
    add(root, Operation::RegionGive, RootSlot::Region, {child.raw, frame, 1});
    add(root, Operation::RegionCreate, child, {frame, u64(ObjectType::Data), 0, 0, 0});
    add(root, Operation::RegionCreate, child, {frame, u64(ObjectType::Share), share_slot.raw, 0, 0});
    add(root, Operation::RegionCreate, child, {frame, u64(ObjectType::PageTable), 0, 0, 0});
    add(root, Operation::RegionDestroy, child, {frame});
    add(root, Operation::RegionRenew, child, {frame, slot.raw});
    add(root, Operation::ShareMap, share_slot, {0, frame, 3});
    add(root, Operation::AddressSpaceLinkTable, space, {0, frame});
    add(root, Operation::AddressSpaceMap, space, {child.raw, 0x1000, frame, 3});
  }
  add(root, Operation::ShareUnmap, share_slot, {0});
  add(root, Operation::ShareRevoke, share_slot);
  add(root, Operation::AddressSpaceLinkShare, space, {0, share_slot.raw});
  add(root, Operation::AddressSpaceUnlinkShare, space, {0});
  add(root, Operation::AddressSpaceUnmap, space, {child.raw, 0x1000});
  add(root, Operation::RegionClose, child);
  add(root, Operation::RegionReclaim, RootSlot::Region, {first, 2});
  add(root, Operation::CapabilitySpaceRemove, RootSlot::CapabilitySpace, {slot.raw});
  add(root, Operation::CapabilitySpaceRemove, RootSlot::CapabilitySpace, {share_slot.raw});
  search();
}

}  // namespace
}  // namespace pith::spec::test
