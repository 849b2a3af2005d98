// Writes down what a crashed component looked like.
#pragma once
#include "abi/boot_image.h"
#include "abi/registers.h"
#include "lib/vault/exchange.h"
#include "protocols/root.h"
#include "servers/supervisor/symbols.h"
#include "servers/supervisor/text.h"

namespace pith::supervisor {

using CrashText = Text<4096>;

/// What crashed, where, and what was found there.
struct Crash {
  static constexpr u32 kMostCallers = 24;
  enum class Kind { Fault, Hang };

  const image::Component& component;
  u64 index;  ///< of the component
  u64 time;   ///< nanoseconds since boot
  Kind kind;
  Words fault;                 ///< as in FaultMessage; after a hang its place and stack are found with the registers
  u64 instance = 0;            ///< which life of it
  bool has_registers = false;  ///< they are those of the thread that crashed
  u64 registers[kRegisters] = {};
  u64 event = 0;              ///< of the vault, in which it died; 0: in none
  vault::CallName call = {};  ///< that the event was for; number 0: for none
  u32 caller_count = 0;
  u64 callers[kMostCallers] = {};  ///< addresses on the stack that lie in the program's code
};

/// Fills the lower half of `crash` through root, while the thread, faulted or halted, still exists.
void collect(const protocols::RootClient& root, Crash& crash);

/// Fault, event, registers and stack as text. The call that an event was for has the number that its caller gave it, in hexadecimal: the
/// caller's instance, and which of its calls. Components keep no frame pointers, so the stack is what may have called, not what did.
void write(const Crash& crash, const Symbols& symbols, CrashText& text);

}  // namespace pith::supervisor
