// Walks all objects and checks that links have two ends, counts are right, and nothing reaches what it may not.
#include "kernel/arch/host/invariants.h"

#include <cstring>
#include <string>
#include <vector>

#include "kernel/arch/host/hardware.h"
#include "kernel/arch/host/predicates.h"
#include "kernel/object/address_space.h"
#include "kernel/object/capability_space.h"
#include "kernel/object/endpoint.h"
#include "kernel/object/guest.h"
#include "kernel/object/interrupt.h"
#include "kernel/object/notification.h"
#include "kernel/object/region.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/object/thread.h"
#include "kernel/object/vector_state.h"
#include "kernel/sched/scheduler.h"

namespace pith::host {

namespace {

/// Thrown with the name of what is broken.
struct Broken {
  std::string what;
};

void require(bool holds, const char* what, FrameNumber frame) {
  if (!holds) throw Broken{std::string(what) + " (frame " + std::to_string(frame.raw) + ")"};
}

bool is(FrameNumber frame, ObjectType type) { return frame.raw != 0 && frame.raw < frame_count && info(frame).type == type; }

/// Members of a list, which must be well linked both ways.
template <class LinkOf>
std::vector<FrameNumber> members(const List& list, ObjectType type, LinkOf link, FrameNumber holder) {
  std::vector<FrameNumber> found;
  FrameNumber previous;
  for (FrameNumber at = list.first; at.raw != 0; at = link(at).next) {
    require(is(at, type), "list member of another type", holder);
    require(link(at).previous == previous, "list with a wrong back link", holder);
    require(found.size() < frame_count, "list with a circle", holder);
    found.push_back(at);
    previous = at;
  }
  require(list.last == previous, "list with a wrong last member", holder);
  return found;
}

/// What a walk over all frames adds up, to be compared with what the kernel counts.
struct Census {
  std::vector<u64> owned, uses, armed;
  std::vector<u32> in_space, in_capabilities, in_guests, in_call_list, in_context_list, in_wheel;

  explicit Census(u32 count)
      : owned(count),
        uses(count),
        armed(count),
        in_space(count),
        in_capabilities(count),
        in_guests(count),
        in_call_list(count),
        in_context_list(count),
        in_wheel(count) {}
};

/// Most tables are nearly empty; comparing whole pages with this is what makes a check after each step affordable.
alignas(kPageSize) const u8 kEmptyPage[kPageSize] = {};

template <class T>
bool is_all_zero(const T& object) {
  static_assert(sizeof(T) <= kPageSize);
  return std::memcmp(&object, kEmptyPage, sizeof(T)) == 0;
}

class Checker {
 public:
  Checker() : census_(frame_count) {}

  void run() {
    for (u32 i = 1; i < frame_count; i++) {
      if (frames[i].type != ObjectType::Reserved) visit(FrameNumber(i));
    }
    for (u32 i = 0; i < kMaximumCpus; i++) {
      if (cpus[i].online) visit_cpu(cpus[i]);
    }
    for (u32 line = 0; line < kInterruptLines; line++) {
      if (interrupt_lines[line].raw != 0)
        require(is(interrupt_lines[line], ObjectType::Interrupt), "line of no interrupt", interrupt_lines[line]);
    }
    for (u32 i = 1; i < frame_count; i++) {
      if (frames[i].type != ObjectType::Reserved) compare(FrameNumber(i));
    }
  }

 private:
  void visit(FrameNumber frame) {
    const FrameInfo& entry = info(frame);
    require((epochs[frame.raw] & 0xffff) == 0, "epoch word with low bits", frame);
    if (entry.owner.raw != 0) {
      require(is(entry.owner, ObjectType::Region), "owner that is no region", frame);
      census_.owned[entry.owner.raw]++;
    }
    switch (entry.type) {
      case ObjectType::Region:
        return visit_region(frame, view<Region>(frame));
      case ObjectType::PageTable:
        return visit_table(frame, view<PageTable>(frame).entry);
      case ObjectType::Share:
        return visit_share(frame, view<Share>(frame));
      case ObjectType::AddressSpace:
        return visit_space(frame, view<AddressSpace>(frame));
      case ObjectType::CapabilitySpace:
        return visit_capabilities(frame, view<CapabilitySpace>(frame));
      case ObjectType::CapabilityTable:
        return visit_capability_table(frame, view<CapabilityTable>(frame));
      case ObjectType::Thread:
        return visit_thread(frame, view<Thread>(frame));
      case ObjectType::Endpoint:
        return visit_endpoint(frame, view<Endpoint>(frame));
      case ObjectType::Notification:
        return visit_notification(frame, view<Notification>(frame));
      case ObjectType::SchedulingContext:
        return visit_context(frame, view<SchedulingContext>(frame));
      case ObjectType::Interrupt:
        return require(interrupt_lines[view<Interrupt>(frame).line % kInterruptLines] == frame, "interrupt that is not its line's", frame);
      case ObjectType::Guest:
        return visit_guest(frame, view<Guest>(frame));
      case ObjectType::VectorState:
        return visit_vector_state(frame, view<VectorState>(frame));
      default:
        return;
    }
  }

  void visit_region(FrameNumber frame, const Region& region) {
    FrameNumber owner = info(frame).owner;
    require(region.parent == owner, "region whose parent is not its owner", frame);
    if (owner.raw == 0) return;
    require(region.depth == view<Region>(owner).depth + 1 && region.depth <= kRegionDepth, "region of wrong depth", frame);
    require(region.priority_ceiling <= view<Region>(owner).priority_ceiling, "region with a higher ceiling than its parent", frame);
  }

  void use_data(FrameNumber user, FrameNumber data) {
    require(is(data, ObjectType::Data), "use of a frame that is no data", user);
    require(info(data).owner == info(user).owner, "use of another region's data", user);
    census_.uses[data.raw]++;
  }

  void visit_leaf(FrameNumber frame, const arch::PageTableEntry& entry) {
    if (!entry.is_present()) return;
    require(!entry.is_device(), "device page outside a device share", frame);
    Access access = entry.access();
    require(access == Access::Read || access == Access::ReadWrite || access == Access::ReadExecute, "page writable and executable", frame);
    use_data(frame, entry.frame());
  }

  void visit_table(FrameNumber frame, const arch::PageTableEntry (&entries)[kPageTableEntries]) {
    const FrameInfo& self = info(frame);
    require(self.level < arch::kPageTableLevels, "page table of no level", frame);
    bool is_top = self.level == arch::kPageTableLevels - 1;
    if (self.parent.raw != 0 && is_top)
      require(is(self.parent, ObjectType::AddressSpace) && view<AddressSpace>(self.parent).top == frame, "top table of no space", frame);
    if (self.parent.raw != 0 && !is_top) check_linked(frame, self);
    if (is_all_zero(entries)) return;
    for (u32 i = 0; i < self.cursor; i++) require(!entries[i].is_present(), "entry in what was taken apart already", frame);
    for (u32 i = 0; i < (is_top ? arch::kUserTopEntries : kPageTableEntries); i++) {
      if (self.level == 0)
        visit_leaf(frame, entries[i]);
      else if (entries[i].is_present())
        visit_inner(frame, i, entries[i].frame());
    }
  }

  /// A table or share that says it is linked is.
  void check_linked(FrameNumber frame, const FrameInfo& self) {
    u32 level = self.type == ObjectType::Share ? 0 : self.level;
    require(is(self.parent, ObjectType::PageTable) && info(self.parent).level == level + 1, "table linked by no table of the next level",
            frame);
    arch::PageTableEntry entry = view<PageTable>(self.parent).entry[self.index];
    require(entry.is_present() && entry.frame() == frame, "table whose parent does not link it", frame);
  }

  void visit_inner(FrameNumber frame, u32 index, FrameNumber below) {
    u32 level = info(frame).level;
    bool is_share = level == 1 && is(below, ObjectType::Share);
    require(is_share || is(below, ObjectType::PageTable), "inner entry to something else than a table", frame);
    const FrameInfo& child = info(below);
    if (child.parent == frame && child.index == index) {
      require(is_share || child.level + 1 == level, "table linked at the wrong level", frame);
      return;
    }
    require(!is_share && level == 1 && child.level == 0, "entry to a table that is linked elsewhere", frame);
    census_.uses[below.raw]++;  // a spare table in place of a revoked share
  }

  void visit_share(FrameNumber frame, const Share& share) {
    const FrameInfo& self = info(frame);
    if (self.parent.raw != 0) check_linked(frame, self);
    if (is_all_zero(share.entry)) return;
    for (u32 i = 0; i < kPageTableEntries; i++) {
      const arch::PageTableEntry& entry = share.entry[i];
      if (!entry.is_present()) continue;
      require(entry.access() != Access::ReadExecute, "executable page in a share", frame);
      require(i >= self.cursor, "entry in what was taken apart already", frame);
      if (self.level == 0)
        visit_leaf(frame, entry);
      else
        require(entry.is_device(), "memory in a device share", frame);
    }
  }

  void visit_space(FrameNumber frame, const AddressSpace& space) {
    require(is(space.top, ObjectType::PageTable) && info(space.top).parent == frame && info(space.top).level == arch::kPageTableLevels - 1,
            "space without its top table", frame);
    for (FrameNumber thread :
         members(space.threads, ObjectType::Thread, [](FrameNumber at) { return view<Thread>(at).space_link; }, frame)) {
      require(view<Thread>(thread).space == frame, "thread in another space's list", thread);
      census_.in_space[thread.raw]++;
    }
    for (FrameNumber guest : members(space.guests, ObjectType::Guest, [](FrameNumber at) { return view<Guest>(at).space_link; }, frame)) {
      require(view<Guest>(guest).space == frame, "guest in another space's list", guest);
      census_.in_guests[guest.raw]++;
    }
  }

  void visit_capabilities(FrameNumber frame, const CapabilitySpace& space) {
    for (u32 i = 0; i < kTablesPerSpace; i++) {
      if (i % 64 == 0 && std::memcmp(&space.table[i], kEmptyPage, 64 * sizeof(FrameNumber)) == 0) {
        i += 63;
        continue;
      }
      FrameNumber table = space.table[i];
      if (table.raw == 0) continue;
      require(is(table, ObjectType::CapabilityTable) && info(table).parent == frame && info(table).index == i,
              "capability table linked one way", frame);
    }
    for (FrameNumber thread :
         members(space.threads, ObjectType::Thread, [](FrameNumber at) { return view<Thread>(at).capability_link; }, frame)) {
      require(view<Thread>(thread).capabilities == frame, "thread in another capability space's list", thread);
      census_.in_capabilities[thread.raw]++;
    }
  }

  void visit_capability_table(FrameNumber frame, const CapabilityTable& table) {
    const FrameInfo& self = info(frame);
    if (self.parent.raw != 0)
      require(is(self.parent, ObjectType::CapabilitySpace) && view<CapabilitySpace>(self.parent).table[self.index] == frame,
              "capability table whose parent does not link it", frame);
    if (is_all_zero(table.slot)) return;
    for (const Capability& capability : table.slot) {
      if (capability.is_empty()) continue;
      require(capability.frame.raw != 0 && capability.frame.raw < frame_count, "capability to no frame", frame);
      if (capability.is_live())
        require(info(capability.frame).type == capability.type(), "live capability of another type than its object", frame);
    }
  }

  void visit_thread(FrameNumber frame, const Thread& thread) {
    require(thread.self == frame, "thread that does not know itself", frame);
    require((thread.space.raw != 0) == (thread.root != 0), "thread with a root but no space", frame);
    if (thread.buffer.raw != 0) use_data(frame, thread.buffer);
    require((thread.callee.raw != 0) == (thread.state == ThreadState::WaitingForReply), "callee without waiting for it", frame);
    if (thread.client.raw != 0)
      require(is(thread.client, ObjectType::Thread) && view<Thread>(thread.client).callee == frame, "client that does not call", frame);
    if (thread.endpoint.raw != 0)
      require(is(thread.endpoint, ObjectType::Endpoint) && view<Endpoint>(thread.endpoint).server == frame,
              "endpoint that it does not serve", frame);
    if (thread.notification.raw != 0)
      require(is(thread.notification, ObjectType::Notification) && view<Notification>(thread.notification).bound == frame,
              "notification not bound", frame);
    if (thread.scheduling_context.raw != 0)
      require(is(thread.scheduling_context, ObjectType::SchedulingContext) &&
                  view<SchedulingContext>(thread.scheduling_context).thread == frame,
              "time that is another's", frame);
    if (thread.vector_state.raw != 0)
      require(is(thread.vector_state, ObjectType::VectorState) && view<VectorState>(thread.vector_state).user == frame,
              "vector state of another", frame);
    if (thread.guest.raw != 0)
      require(is(thread.guest, ObjectType::Guest) && view<Guest>(thread.guest).thread == frame, "guest of another", frame);
    check_key(frame, thread);
    check_waiting(frame, thread);
    for (FrameNumber context : members(
             thread.parked, ObjectType::SchedulingContext, [](FrameNumber at) { return view<SchedulingContext>(at).queue_link; }, frame)) {
      const SchedulingContext& parked = view<SchedulingContext>(context);
      require(parked.place == Whereabouts::Parked && parked.parked_on == frame, "context in a parked list that says otherwise", context);
      census_.in_context_list[context.raw]++;
    }
  }

  void check_key(FrameNumber frame, const Thread& thread) {
    require(((thread.key & Key::kDeadline) != 0) == thread.timer.armed, "deadline bit without armed timer", frame);
    if (thread.timer.armed)
      require(thread.state == ThreadState::Calling || thread.state == ThreadState::Receiving || thread.state == ThreadState::Waiting,
              "timer of a thread that does not wait", frame);
    if ((thread.key & Key::kFaulted) != 0)
      require(thread.state == ThreadState::Calling || thread.state == ThreadState::WaitingForReply, "fault of a thread that is in no call",
              frame);
    if ((thread.key & Key::kInGuest) != 0) require(thread.guest.raw != 0, "in no guest", frame);
    if ((thread.key & Key::kSignalPending) != 0)
      require(thread.notification.raw != 0 && view<Notification>(thread.notification).bits != 0, "signals pending without bits", frame);
    if ((thread.key & Key::kVectorLive) != 0)
      require(thread.vector_state.raw != 0 && cpus[thread.key & Key::kCpuMask].vector_owner == thread.vector_state,
              "live vector registers of another", frame);
    if (thread.state == ThreadState::Receiving)
      require((thread.key & ~(Key::kCpuMask | Key::kVectorLive | Key::kDeadline)) == 0,
              "receiver with a key that the fast path would misread", frame);
  }

  void check_waiting(FrameNumber frame, const Thread& thread) {
    FrameNumber at = thread.waiting_at;
    switch (thread.state) {
      case ThreadState::Calling:
      case ThreadState::SetAside:
        return require(is(at, ObjectType::Endpoint), "call at no endpoint", frame);
      case ThreadState::WaitingForReply:
        require(is(at, ObjectType::Endpoint) && view<Endpoint>(at).server == thread.callee, "call handled by another than the server",
                frame);
        return require(is(thread.callee, ObjectType::Thread) && view<Thread>(thread.callee).client == frame, "callee that does not know",
                       frame);
      case ThreadState::Receiving:
        return require(is(at, ObjectType::Endpoint) && view<Endpoint>(at).receiver == frame, "receiver that its endpoint does not know",
                       frame);
      case ThreadState::Waiting:
        return require(is(at, ObjectType::Notification) && view<Notification>(at).waiter == frame,
                       "waiter that its notification does not know", frame);
      default:
        return;
    }
  }

  void visit_endpoint(FrameNumber frame, const Endpoint& endpoint) {
    auto link = [](FrameNumber at) { return view<Thread>(at).queue_link; };
    for (u32 level = 0; (endpoint.callers != 0 || !is_all_zero(endpoint.queue)) && level < kPriorities; level++) {
      require(endpoint.queue[level].is_empty() == ((endpoint.callers >> level & 1) == 0), "bitmap of callers", frame);
      for (FrameNumber caller : members(endpoint.queue[level], ObjectType::Thread, link, frame)) {
        const Thread& thread = view<Thread>(caller);
        require(thread.state == ThreadState::Calling && thread.waiting_at == frame && thread.level == level, "caller in the wrong queue",
                caller);
        census_.in_call_list[caller.raw]++;
      }
    }
    for (FrameNumber caller : members(endpoint.set_aside_calls, ObjectType::Thread, link, frame)) {
      const Thread& thread = view<Thread>(caller);
      require(thread.state == ThreadState::SetAside && thread.waiting_at == frame, "call in the wrong set-aside list", caller);
      census_.in_call_list[caller.raw]++;
    }
    if (endpoint.server.raw != 0)
      require(is(endpoint.server, ObjectType::Thread) && view<Thread>(endpoint.server).endpoint == frame, "server that does not serve",
              frame);
    if (endpoint.receiver.raw == 0) return;
    require(endpoint.receiver == endpoint.server && view<Thread>(endpoint.receiver).state == ThreadState::Receiving,
            "receiver that does not wait", frame);
    require(view<Thread>(endpoint.receiver).waiting_at == frame, "receiver that waits elsewhere", frame);
    require(endpoint.callers == 0, "callers wait although the server does too", frame);
  }

  void visit_notification(FrameNumber frame, const Notification& notification) {
    if (notification.waiter.raw != 0) {
      require(is(notification.waiter, ObjectType::Thread), "waiter that is no thread", frame);
      const Thread& waiter = view<Thread>(notification.waiter);
      require(waiter.state == ThreadState::Waiting && waiter.waiting_at == frame && notification.bits == 0, "waiter that does not wait",
              frame);
    }
    if (notification.bound.raw == 0) return;
    require(is(notification.bound, ObjectType::Thread) && view<Thread>(notification.bound).notification == frame, "bound one way", frame);
    const Thread& server = view<Thread>(notification.bound);
    require((notification.bits != 0) == ((server.key & Key::kSignalPending) != 0), "bits of a bound notification that are not pending",
            frame);
  }

  void visit_context(FrameNumber frame, const SchedulingContext& context) {
    if (context.thread.raw != 0) {
      require(is(context.thread, ObjectType::Thread) && view<Thread>(context.thread).scheduling_context == frame, "time bound one way",
              frame);
      if (context.left == 0) require(context.timer.armed, "exhausted time that nobody replenishes", frame);
      if (context.left != 0) require(context.place != Whereabouts::Nowhere, "time left that nobody can use", frame);
    } else {
      require(context.place == Whereabouts::Nowhere && !context.timer.armed, "unbound time in a queue", frame);
    }
    if (context.place == Whereabouts::Queued) require(context.left > 0, "exhausted time in the ready queue", frame);
  }

  void visit_guest(FrameNumber frame, const Guest& guest) {
    require((guest.space.raw != 0) == (guest.root != 0), "guest with a root but no space", frame);
    require((guest.space.raw != 0) == (guest.registers.raw != 0), "guest with a space but no registers", frame);
    if (guest.registers.raw != 0) use_data(frame, guest.registers);
    if (guest.thread.raw != 0) {
      require(is(guest.thread, ObjectType::Thread) && view<Thread>(guest.thread).guest == frame, "guest with another's thread", frame);
      if ((view<Thread>(guest.thread).key & Key::kInGuest) != 0)
        require(guest.space.raw != 0, "thread in a guest that is not configured", frame);
    }
    if (guest.vector_state.raw != 0)
      require(is(guest.vector_state, ObjectType::VectorState) && view<VectorState>(guest.vector_state).user == frame,
              "vector state of another", frame);
  }

  void visit_vector_state(FrameNumber frame, const VectorState& state) {
    require((state.image.raw[3] & 0xffff'0000) == 0, "reserved bits in vector registers", frame);
    if (state.user.raw == 0) return;
    bool of_thread = is(state.user, ObjectType::Thread) && view<Thread>(state.user).vector_state == frame;
    bool of_guest = is(state.user, ObjectType::Guest) && view<Guest>(state.user).vector_state == frame;
    require(of_thread || of_guest, "vector state that nobody uses", frame);
  }

  void visit_cpu(const Cpu& cpu) {
    FrameNumber none;
    for (u32 priority = 0; priority < kPriorities; priority++) {
      require(cpu.queue[priority].is_empty() == ((cpu.ready >> priority & 1) == 0), "bitmap of the ready queue", none);
      auto link = [](FrameNumber at) { return view<SchedulingContext>(at).queue_link; };
      for (FrameNumber frame : members(cpu.queue[priority], ObjectType::SchedulingContext, link, none)) {
        const SchedulingContext& context = view<SchedulingContext>(frame);
        require(context.place == Whereabouts::Queued && context.priority == priority, "context in the wrong queue", frame);
        require(context.thread.raw != 0, "time without a thread in the ready queue", frame);
        census_.in_context_list[frame.raw]++;
      }
    }
    if (cpu.current != nullptr) {
      FrameNumber frame = frame_of(*cpu.current);
      require(is(frame, ObjectType::Thread) && cpu.current->state == ThreadState::Ready, "running thread that is not ready", frame);
    } else {
      require(cpu.ready == 0 || (hardware.timer != 0 && hardware.timer <= hardware.now), "idle although something is ready", none);
    }
    if (cpu.context.raw != 0)
      require(is(cpu.context, ObjectType::SchedulingContext) && view<SchedulingContext>(cpu.context).place == Whereabouts::Queued,
              "time in use that is not in the ready queue", cpu.context);
    if (cpu.vector_owner.raw != 0) require(is(cpu.vector_owner, ObjectType::VectorState), "vector registers of nobody", cpu.vector_owner);
    visit_wheel(cpu.timers);
  }

  void visit_wheel(const TimerWheel& wheel) {
    FrameNumber none;
    for (u32 level = 0; level < kTimerLevels; level++) {
      if (wheel.occupied[level] == 0 && is_all_zero(wheel.slot[level])) continue;
      for (u32 slot = 0; slot < kTimerSlots; slot++) {
        const List& list = wheel.slot[level][slot];
        require(list.is_empty() == ((wheel.occupied[level] >> slot & 1) == 0), "bitmap of the timer wheel", none);
        FrameNumber previous;
        for (FrameNumber at = list.first; at.raw != 0;) {
          require(is(at, ObjectType::Thread) || is(at, ObjectType::SchedulingContext), "timer of something else", at);
          const TimerNode& node = timer_node(at);
          require(node.armed && node.level == level && node.slot == slot && node.tick >= wheel.position, "timer in the wrong place", at);
          require(node.link.previous == previous && census_.in_wheel[at.raw]++ == 0, "timer list", at);
          previous = at;
          at = node.link.next;
        }
        require(list.last == previous, "timer list with a wrong last member", none);
      }
    }
  }

  void compare(FrameNumber frame) {
    const FrameInfo& entry = info(frame);
    u32 i = frame.raw;
    switch (entry.type) {
      case ObjectType::Region:
        return require(view<Region>(frame).frames == census_.owned[i], "region that miscounts its frames", frame);
      case ObjectType::Data:
      case ObjectType::PageTable:
        return require(entry.uses == census_.uses[i], "frame that miscounts its uses", frame);
      case ObjectType::Guest:
        return require(census_.in_guests[i] == (view<Guest>(frame).space.raw != 0), "guest that is not in its space's list", frame);
      case ObjectType::SchedulingContext: {
        const SchedulingContext& context = view<SchedulingContext>(frame);
        require(census_.in_wheel[i] == context.timer.armed, "replenishment that is not in the wheel", frame);
        return require(census_.in_context_list[i] == (context.place != Whereabouts::Nowhere), "context that is not where it says", frame);
      }
      case ObjectType::Thread: {
        const Thread& thread = view<Thread>(frame);
        require(census_.in_wheel[i] == thread.timer.armed, "deadline that is not in the wheel", frame);
        require(census_.in_space[i] == (thread.space.raw != 0), "thread that is not in its space's list", frame);
        require(census_.in_capabilities[i] == (thread.capabilities.raw != 0), "thread that is not in its capability space's list", frame);
        bool queued = thread.state == ThreadState::Calling || thread.state == ThreadState::SetAside;
        return require(census_.in_call_list[i] == queued, "call that is not in its endpoint's list", frame);
      }
      default:
        return;
    }
  }

  Census census_;
};

}  // namespace

std::string broken_invariant() {
  if (std::string broken = broken_predicate(); !broken.empty()) return broken;
  try {
    Checker().run();
  } catch (const Broken& broken) {
    return broken.what;
  }
  return "";
}

}  // namespace pith::host
