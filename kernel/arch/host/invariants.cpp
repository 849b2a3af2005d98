// What no predicate of spec/invariants says: counts, and that whoever claims to be in a list is reached from its head.
#include "kernel/arch/host/invariants.h"

#include <algorithm>
#include <string>
#include <vector>

#include "kernel/arch/host/hardware.h"
#include "kernel/arch/host/predicates.h"
#include "kernel/object/address_space.h"
#include "kernel/object/capability_space.h"
#include "kernel/object/endpoint.h"
#include "kernel/object/guest.h"
#include "kernel/object/region.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/object/thread.h"
#include "kernel/object/vector_state.h"

namespace pith::host {

namespace {

/// Thrown with the name of what is broken.
struct Broken {
  std::string what;
};

void require(bool holds, const char* what, FrameNumber frame) {
  if (!holds) throw Broken{std::string(what) + " (frame " + std::to_string(frame.raw) + ")"};
}

/// What a walk over all frames adds up, to be compared with what the kernel counts and what objects say of themselves. The predicates hold, so that every
/// link can be followed.
class Census {
 public:
  Census() : numbers_(frame_count) {}

  void take() {
    for (u32 i = 1; i < frame_count; i++) {
      if (frames[i].owner.raw != 0) numbers_[frames[i].owner.raw].owned++;
      visit(FrameNumber(i));
    }
    for (u32 i = 0; i < cpu_count; i++) visit_cpu(cpus[i]);
    for (u32 i = 1; i < frame_count; i++) compare(FrameNumber(i), numbers_[i]);
  }

 private:
  struct Numbers {
    u64 owned, uses;
    u32 in_space, in_capabilities, in_call_list, in_context_list, in_wheel;
  };

  /// Notes each member of a list, which may have no circle.
  template <class LinkOf>
  void walk(const List& list, LinkOf link, u32 Numbers::*noted) {
    u64 length = 0;
    for (FrameNumber at = list.first; at.raw != 0; at = link(at).next) {
      require(length++ < frame_count, "list with a circle", at);
      numbers_[at.raw].*noted += 1;
    }
  }

  void visit(FrameNumber frame) {
    switch (info(frame).type) {
      case ObjectType::PageTable:
        return visit_table(frame);
      case ObjectType::Share:
        for (const arch::PageTableEntry& entry : shares[frame.raw].entry) {
          if (entry.is_present() && !entry.is_device()) numbers_[entry.frame().raw].uses++;
        }
        return;
      case ObjectType::AddressSpace:
        walk(address_spaces[frame.raw].threads, [](FrameNumber at) { return threads[at.raw].space_link; }, &Numbers::in_space);
        return walk(address_spaces[frame.raw].guests, [](FrameNumber at) { return guests[at.raw].space_link; }, &Numbers::in_space);
      case ObjectType::CapabilitySpace:
        return walk(capability_spaces[frame.raw].threads, [](FrameNumber at) { return threads[at.raw].capability_link; },
                    &Numbers::in_capabilities);
      case ObjectType::Thread:
        numbers_[threads[frame.raw].buffer.raw].uses++;
        return walk(threads[frame.raw].parking.contexts, [](FrameNumber at) { return scheduling_contexts[at.raw].queue_link; },
                    &Numbers::in_context_list);
      case ObjectType::Guest:
        numbers_[guests[frame.raw].registers.raw].uses++;
        return;
      case ObjectType::Endpoint:
        return visit_endpoint(endpoints[frame.raw]);
      case ObjectType::VectorState:
        return require((vector_states[frame.raw].image.raw[3] & 0xffff'0000) == 0, "reserved bits in vector registers", frame);
      default:
        return;
    }
  }

  void visit_table(FrameNumber frame) {
    u32 level = info(frame).level;
    u32 end = level == arch::kPageTableLevels - 1 ? arch::kUserTopEntries : kPageTableEntries;
    for (u32 i = 0; i < end; i++) {
      arch::PageTableEntry entry = page_tables[frame.raw].entry[i];
      if (!entry.is_present()) continue;
      bool is_use = level == 0 || info(entry.frame()).parent.raw == 0;  // a page, or a spare table in the place of a revoked share
      if (is_use) numbers_[entry.frame().raw].uses++;
    }
  }

  void visit_endpoint(const Endpoint& endpoint) {
    walk(endpoint.parking.contexts, [](FrameNumber at) { return scheduling_contexts[at.raw].queue_link; }, &Numbers::in_context_list);
    auto link = [](FrameNumber at) { return threads[at.raw].queue_link; };
    for (u64 levels = endpoint.callers; levels != 0; levels &= levels - 1)
      walk(endpoint.queue[__builtin_ctzll(levels)], link, &Numbers::in_call_list);
    walk(endpoint.set_aside_calls, link, &Numbers::in_call_list);
  }

  void visit_cpu(const Cpu& cpu) {
    for (u64 priorities = cpu.ready; priorities != 0; priorities &= priorities - 1)
      walk(cpu.queue[__builtin_ctzll(priorities)], [](FrameNumber at) { return scheduling_contexts[at.raw].queue_link; },
           &Numbers::in_context_list);
    for (u32 level = 0; level < kTimerLevels; level++) {
      for (u64 slots = cpu.timers.occupied[level]; slots != 0; slots &= slots - 1)
        walk(cpu.timers.slot[level][__builtin_ctzll(slots)], [](FrameNumber at) { return timer_node(at).link; }, &Numbers::in_wheel);
    }
    bool comes_back = hardware.timer != 0 && hardware.timer <= hardware.now;
    require(cpu.current != nullptr || cpu.ready == 0 || comes_back || cpu.reschedule, "idle although something is ready", FrameNumber());
  }

  void compare(FrameNumber frame, const Numbers& found) {
    switch (info(frame).type) {
      case ObjectType::Region:
        return require(regions[frame.raw].frames == found.owned, "region that miscounts its frames", frame);
      case ObjectType::Data:
      case ObjectType::PageTable:
        return require(info(frame).uses == found.uses, "frame that miscounts its uses", frame);
      case ObjectType::Guest:
        return require(found.in_space == (guests[frame.raw].space.raw != 0), "guest that is not in its space's list", frame);
      case ObjectType::SchedulingContext: {
        const SchedulingContext& context = scheduling_contexts[frame.raw];
        require(found.in_wheel == context.timer.armed, "replenishment that is not in the wheel", frame);
        return require(found.in_context_list == (context.place != Whereabouts::Nowhere), "context that is not where it says", frame);
      }
      case ObjectType::Thread: {
        const Thread& thread = threads[frame.raw];
        require(found.in_wheel == thread.timer.armed, "deadline that is not in the wheel", frame);
        require(found.in_space == (thread.space.raw != 0), "thread that is not in its space's list", frame);
        require(found.in_capabilities == (thread.capabilities.raw != 0), "thread that is not in its capability space's list", frame);
        bool queued = thread.state == ThreadState::Calling || thread.state == ThreadState::SetAside;
        return require(found.in_call_list == queued, "call that is not in its endpoint's list", frame);
      }
      default:
        return;
    }
  }

  std::vector<Numbers> numbers_;
};

}  // namespace

std::string broken_invariant() {
  if (std::string broken = broken_predicate(); !broken.empty()) return broken;
  try {
    Census().take();
  } catch (const Broken& broken) {
    return broken.what;
  }
  return misplaced_context();
}

}  // namespace pith::host
