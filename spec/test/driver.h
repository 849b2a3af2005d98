// Random steps of a system of several threads.
#pragma once
#include "spec/test/arguments.h"
#include "spec/test/lockstep.h"

namespace pith::spec::test {

/// The machine, its workers, and what the specification says of them.
class Driver {
 public:
  static constexpr u32 kWorkers = 5;

  Driver(Source& source, u32 frames);

  /// One system call, fault, interrupt or stretch of time. Empty, or how kernel and specification came apart.
  std::string step();

  /// How often each operation answered each error.
  u64 answers[grammar::kOperationCount][kErrorLimit] = {};

 private:
  void begin();
  void lower_root();
  void make_space();
  void make_worker(u32 index);
  void make_object();
  void put(u32 slot, FrameNumber frame);
  bool create(FrameNumber frame, ObjectType type, CapabilitySlot slot, u64 argument = 0, FrameNumber second = FrameNumber());
  pith::Thread* ready_worker();
  /// A wire's or, less often, one of a few messages.
  u32 any_line() { return u32(source_.one_in(3) ? kFirstMessageLine + source_.below(4) : source_.below(host::kLines)); }
  std::string help_out();
  std::string system_call(pith::Thread& thread);
  std::string system_call(FrameNumber thread, Handle handle, const Words& words, u32 entry);
  void fill_buffer(pith::Thread& thread);

  Source& source_;
  Lockstep lockstep_;
  host::Machine& machine_;
  Surroundings around_;
  Arguments arguments_;
  CapabilitySlot own_;
  FrameNumber space_, capabilities_;
};

}  // namespace pith::spec::test
