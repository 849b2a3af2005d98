// Writes down what a crashed component looked like.
#pragma once
#include "abi/boot_image.h"
#include "lib/ipc/ipc.h"
#include "protocols/root.h"
#include "servers/supervisor/text.h"

namespace pith::supervisor {

using CrashText = Text<3072>;

/// What crashed, and where.
struct Crash {
  const image::Component& component;
  u64 index;      ///< of the component
  u64 instance;   ///< which life of it
  u64 time;       ///< nanoseconds since boot
  Words fault;    ///< as in FaultMessage
};

/// Fault, registers and the addresses on the stack that lie in the program's code ("may have been called from": components keep no frame
/// pointers). The thread must still exist.
void write_crash_record(const protocols::RootClient& root, const Crash& crash, CrashText& text);

}  // namespace pith::supervisor
