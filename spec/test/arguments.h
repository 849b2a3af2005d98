// Arguments for random operations: mostly such that the operation does something, sometimes such that it must refuse.
#pragma once
#include "abi/grammar.h"
#include "kernel/object/thread.h"
#include "spec/test/source.h"

namespace pith::spec::test {

/// What the workers of a system have to name: slots of their capability table, frames of their region.
struct Surroundings {
  FrameNumber region, table;
  u32 first = 0, count = 0;  ///< the region's frames
  static constexpr u32 kSlots = 100;
};

/// Chooses what an operation is asked.
class Arguments {
 public:
  Arguments(Source& source, const Surroundings& around) : source_(source), around_(around) {}

  /// Something for `thread` to ask, as an index of grammar::kOperations.
  u32 operation(const pith::Thread& thread);
  /// The slot of the object that `entry` is done with, by `thread`.
  CapabilitySlot object(const grammar::OperationEntry& entry, const pith::Thread& thread);
  /// Its words.
  Words words(const grammar::OperationEntry& entry, const pith::Thread& thread);
  /// A frame of the region of this type, 0 if there is none.
  FrameNumber frame(ObjectType type);
  /// A call was set aside under this token.
  void note_token(u64 token) { tokens_.push_back(token); }

 private:
  CapabilitySlot slot(ObjectType type);
  CapabilitySlot slot_naming(FrameNumber frame);
  u64 word(const grammar::OperationEntry& entry, const grammar::Word& described, const pith::Thread& thread);
  u64 named_slot(const std::string& name);
  u64 named_number(Operation operation, const std::string& name);
  u64 some_frame(Operation operation, const std::string& name);
  u64 number();

  Source& source_;
  const Surroundings& around_;
  std::vector<u64> tokens_;
};

}  // namespace pith::spec::test
