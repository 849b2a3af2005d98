// Faults that are made in instances on purpose, for tests: what `inject` of protocols/root.idl takes and answers.
#pragma once
#include "base/types.h"

namespace pith::root {

enum class Fault : u64 {
  None,     ///< only looks
  Kill,     ///< the instance is stopped; the supervisor is to start the next
  Hang,     ///< its program is overwritten with what goes on without end, wherever its threads are (servers/root/injection/endless_code.h)
  BitFlip,  ///< one bit of memory that it has written to, most often of memory in use (docs/guides/torture.md)
  Instruction,  ///< one byte of its program, most often of code that runs
  Garbage,      ///< a page of its program, or one that it has written to, is overwritten
};
inline constexpr u64 kFaults = 6;

/// What an instance is at.
enum class Moment : u64 {
  Idle,       ///< it handles no call; without an undo log: it waits for a message
  Called,     ///< it has a call, and its event has not begun
  Inside,     ///< an event; without an undo log: whatever it does between two messages
  Committed,  ///< the event is final, its answer and effects are not all out
};
inline constexpr u64 kAnyMoment = 15;  ///< as a set: bit 1 << Moment

}  // namespace pith::root
