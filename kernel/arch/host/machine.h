// The simulation: a first region, a thread in root's place, and one kernel entry at a time.
#pragma once
#include <initializer_list>

#include "abi/boot_information.h"
#include "abi/handle.h"
#include "abi/operation.h"
#include "kernel/arch/host/hardware.h"
#include "kernel/object/capability.h"
#include "kernel/object/capability_space.h"
#include "kernel/object/thread.h"

namespace pith::host {

/// What a thread finds in its registers when it goes on after a system call.
struct Answer {
  bool returned = false;  ///< it does run again
  u64 status = 0;
  Words words = {};

  bool is_error() const { return (status >> 63) != 0; }
  /// kSuccess, or why not.
  Error error() const { return is_error() ? Error(u32(status & 255)) : kSuccess; }
  u64 operator[](u32 index) const { return words.w[index]; }
};

/// A thread with time of its own, which the root thread made.
struct Made {
  FrameNumber frame, context_frame, buffer;
  CapabilitySlot slot, context;
  Thread& operator*() const { return view<Thread>(frame); }
};

/// The machine after boot. There is one at a time, for the kernel's data are global. The root thread has the capabilities of RootSlot; all
/// threads that `make_thread` makes share its capability space, and so its slots, unless told otherwise.
class Machine {
 public:
  static constexpr u32 kRootTables = 4;  ///< capability tables of the root thread: slots up to 1023
  static constexpr u64 kTurn = 10'000'000;
  static constexpr u32 kRootPriority = 50;

  /// `count` frames of memory, frame 0 reserved.
  explicit Machine(u32 count = kFrames);

  FrameNumber region, space, top, capabilities, root_frame, root_context, buffer, platform;
  Thread& root() { return view<Thread>(root_frame); }

  /// One system call of `thread`, which is made the running one first, on its own time, if it is not. Must be Ready.
  Answer invoke(Thread& thread, Handle handle, const Words& words = {});
  Answer invoke(Thread& thread, Operation operation, CapabilitySlot slot, std::initializer_list<u64> words = {});
  /// The root thread's.
  Answer operator()(Operation operation, CapabilitySlot slot, std::initializer_list<u64> words = {}) {
    return invoke(root(), operation, slot, words);
  }
  Answer call(Thread& thread, CapabilitySlot endpoint, std::initializer_list<u64> words = {});
  Answer reply_receive(Thread& thread, CapabilitySlot endpoint, std::initializer_list<u64> words = {});
  Answer call_message(Thread& thread, CapabilitySlot endpoint, u32 words, u32 capabilities = 0, u64 deadline = 0);

  /// What `thread` got, or will get when it runs, from its last system call.
  Answer answer_of(const Thread& thread) const;

  /// Forgets what threads found in their registers: for tests that go back to an earlier state.
  void forget_answers();

  /// Traps of whoever runs, or of the idle CPU.
  void interrupt(u32 line);
  void timer_interrupt();
  void fault(Thread& thread, FaultKind kind, u64 address, u64 code);
  /// The guest that `thread` is in makes a system call, as port code would take it.
  void guest_system_call(Thread& thread);
  /// Sets the clock, and lets the timer interrupt happen where it is due.
  void advance_to(u64 time);
  void advance(u64 time) { advance_to(hardware.now + time); }

  /// Who runs; null: nobody.
  Thread* running() const { return cpus[0].current; }
  /// Makes `thread` the running one, as an earlier choice of the scheduler could have left it.
  void switch_to(Thread& thread);

  /// An untyped frame of the first region, a different one each time.
  FrameNumber spare_frame();
  /// `count` of them in a row.
  FrameNumber spare_frames(u32 count);
  /// An empty slot of the root thread.
  CapabilitySlot free_slot() { return CapabilitySlot(next_slot_++); }
  /// Creates an object in a spare frame and answers its slot. Throws if the kernel refuses.
  CapabilitySlot make(ObjectType type, u64 argument = 0, FrameNumber second = FrameNumber());
  /// Creates a Data frame or PageTable.
  FrameNumber make_frame(ObjectType type, u64 argument = 0);
  /// A thread in the root thread's spaces with a message buffer and time of `priority`, started.
  Made make_thread(u32 priority, FaultKind = FaultKind::Memory);
  /// Makes a thread the server of an endpoint and lets it wait there.
  void serve(const Made& server, CapabilitySlot endpoint);

  Capability& capability(CapabilitySlot slot) { return *view<CapabilitySpace>(capabilities).slot(slot); }
  FrameNumber frame_in(CapabilitySlot slot) { return capability(slot).frame; }
  template <class T>
  T& object(CapabilitySlot slot) {
    return view<T>(frame_in(slot));
  }
  /// Puts a capability to `frame` into a slot without asking the kernel.
  void grant(CapabilitySlot slot, FrameNumber frame, u32 rights = kAllRights, Badge badge = Badge());
  /// Takes everything below the closed `region_frame` back, at most `passes` times over all of memory. True if it ends with all free.
  /// `check` is called after each step and says whether to go on.
  bool reclaim_all(CapabilitySlot above, u32 passes = 40, bool (*check)() = nullptr);

 private:
  template <class Entry>
  void enter(Entry entry);
  /// Region.create with `words`.
  void create(std::initializer_list<u64> words);
  FrameNumber take(ObjectType type);
  void begin_trap();

  u32 next_frame_ = 1;
  u32 next_slot_ = 16;
};

}  // namespace pith::host
