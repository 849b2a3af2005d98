// A simulated machine whose every step is taken by the kernel's objects and by the specification, and compared.
#pragma once
#include "abi/grammar.h"
#include "kernel/arch/host/machine.h"

namespace pith::spec::test {

/// All steps answer: empty, or how kernel and specification came apart.
class Lockstep {
 public:
  explicit Lockstep(u32 frames) : machine(frames) {}

  /// `thread`, which is Ready, makes a system call. `answer`, if given, gets what it was answered, if it was.
  std::string system_call(FrameNumber thread, Handle handle, const Words& words, host::Answer* answer = nullptr);
  std::string fault(FrameNumber thread, FaultKind kind, u64 address, u64 code);
  /// The thread, or its guest, stores to a vector register, if it has some.
  std::string vector_use(FrameNumber thread, u64 index, u64 value);
  std::string guest_system_call(FrameNumber thread);
  std::string interrupt(u32 line);
  /// The clock goes on; the timer interrupts where it is due.
  std::string advance_to(u64 time);

  host::Machine machine;
  /// Invariants are checked after each so many steps: they take as long as all the rest.
  u32 steps_per_check = 8;

 private:
  std::string compare(const std::string& what);
  void switch_to(FrameNumber thread);

  u32 steps_ = 0;
};

/// The index of an operation in grammar::kOperations.
u32 index_of(Operation operation);
/// The handle that names an operation, of the short kind where there is one.
Handle handle_of(Operation operation, CapabilitySlot slot, u32 words = 0, u32 capabilities = 0);

}  // namespace pith::spec::test
