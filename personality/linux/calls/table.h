// The one table of Linux calls: number, name, argument types, handler, and whether it is supported or why not.
#pragma once
#include <span>

#include "base/types.h"
#include "personality/linux/process/task.h"

namespace pith::personality {

enum class Support : u8 { Done, Partly, Missing };

/// Runs a call: takes the arguments from the task's registers and puts the answer there.
using CallEntry = void (*)(Task&);

/// One row.
struct Call {
  u16 number;              ///< on x86-64
  int16_t generic_number;  ///< on AArch64 and RISC-V; -1: does not exist there
  const char* name;
  const char* arguments;  ///< their types, from the handler's signature
  Support support;
  const char* note;  ///< what is missing, or why the call is
  CallEntry entry;   ///< null: answers ENOSYS
};

inline constexpr u32 kCallNumbers = 462;

/// All rows, by number.
std::span<const Call> calls();
/// The handler for each number of this machine; null: ENOSYS.
extern const CallEntry* const kCallEntries;

}  // namespace pith::personality
