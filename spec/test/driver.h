// A system of several threads whose every step is taken by the kernel's objects and by the specification, and compared.
#pragma once
#include "kernel/arch/host/machine.h"
#include "spec/test/arguments.h"

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
  std::string compare(const std::string& what);
  void begin();
  void make_space();
  void make_worker(u32 index);
  void make_object();
  void put(u32 slot, FrameNumber frame);
  bool create(FrameNumber frame, ObjectType type, CapabilitySlot slot, u64 argument = 0, FrameNumber second = FrameNumber());
  pith::Thread* ready_worker();
  std::string help_out();
  std::string system_call(pith::Thread& thread);
  std::string system_call(pith::Thread& thread, Handle handle, const Words& words, u32 entry);
  std::string fault(pith::Thread& thread);
  std::string vector_use(pith::Thread& thread);
  std::string interrupt();
  std::string time();
  std::string guest_step(pith::Thread& thread);
  void fill_buffer(pith::Thread& thread);
  void switch_to(pith::Thread& thread);

  Source& source_;
  host::Machine machine_;
  Surroundings around_;
  Arguments arguments_;
  CapabilitySlot own_;
  FrameNumber space_, capabilities_;
  u32 steps_ = 0;
};

}  // namespace pith::spec::test
