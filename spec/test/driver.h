// A system of several threads whose every step is taken by the kernel's objects and by the specification, and compared.
#pragma once
#include <random>
#include <string>
#include <vector>

#include "abi/grammar.h"
#include "kernel/arch/host/machine.h"

namespace pith::spec::test {

/// Where decisions come from: a generator, or the input of a fuzzer.
class Source {
 public:
  virtual ~Source() = default;
  virtual u64 next() = 0;
  /// No more decisions: the run is over.
  virtual bool is_exhausted() const { return false; }

  u64 below(u64 limit) { return next() % limit; }
  bool one_in(u64 chance) { return below(chance) == 0; }
};

class RandomSource : public Source {
 public:
  explicit RandomSource(u64 seed) : random_(seed) {}
  u64 next() override { return random_(); }

 private:
  std::mt19937_64 random_;
};

/// The machine, its workers, and what the specification says of them.
class Driver {
 public:
  static constexpr u32 kWorkers = 5;
  static constexpr u32 kSlots = 100;  ///< that workers' operations name

  Driver(Source& source, u32 frames);

  /// One system call, fault, interrupt or stretch of time. Empty, or how kernel and specification came apart.
  std::string step();

  /// How often each operation answered each error.
  u64 answers[grammar::kOperationCount][kErrorLimit] = {};

 private:
  std::string compare(const std::string& what);
  void begin();
  void make_worker(u32 index);
  void make_object();
  void put(u32 slot, FrameNumber frame);
  FrameNumber untyped_frame();
  FrameNumber some_thread();
  pith::Thread* ready_worker();
  std::string help_out();
  std::string system_call(pith::Thread& thread);
  std::string system_call(pith::Thread& thread, Handle handle, const Words& words, u32 entry);
  std::string fault(pith::Thread& thread);
  std::string interrupt();
  std::string time();
  std::string guest_step(pith::Thread& thread);
  void fill_buffer(pith::Thread& thread);
  void switch_to(pith::Thread& thread);
  u64 word(grammar::WordKind kind);
  u64 number();
  u64 argument(const grammar::Word& described);
  CapabilitySlot slot_of(ObjectType type);

  Source& source_;
  host::Machine machine_;
  CapabilitySlot own_;
  FrameNumber region_, space_, table_;
  u32 first_ = 0, count_ = 0;
  std::vector<u64> tokens_;
};

}  // namespace pith::spec::test
