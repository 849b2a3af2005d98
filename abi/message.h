// The per-thread message buffer through which long messages and capabilities travel.
#pragma once
#include "abi/types.h"

namespace pith {

inline constexpr u32 kRegisterWords = 6;
inline constexpr u32 kMessageWords = 64;
inline constexpr u32 kMessageCapabilities = 4;

/// One page that thread and kernel share; the kernel reads each field once. Words 0-5 of a message always travel in registers,
/// so words 6…63 lie at their own index here.
struct MessageBuffer {
  u64 words[kMessageWords];
  u32 capabilities[kMessageCapabilities];  ///< slots to send (need the Grant right)
  u64 deadline;                            ///< nanoseconds since boot, for call_message; 0: none
};

/// Signal to the notification that is bound to a server: the client of the call in progress was interrupted, or its deadline has passed.
inline constexpr u64 kCallCancelled = u64{1} << 63;

/// A fault call's words 0-5, and what its reply means: word 0 of the reply is the instruction pointer to go on at.
struct FaultMessage {
  enum Word : u32 { Kind, Address, Code, Instruction, Stack, Thread };
};

/// Kinds of fault that every architecture has.
enum class FaultKind : u64 { Memory = 1, Instruction = 2, Arithmetic = 3, Breakpoint = 4, Alignment = 5, Vector = 6, Protection = 7 };

}  // namespace pith
