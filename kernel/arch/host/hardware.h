// What a test may set and see of the fake machine's hardware.
#pragma once
#include <string>

#include "abi/types.h"
#include "port/vector.h"

namespace pith::host {

/// Frames of memory that the fake machine can have; `frame_count` says how many it has.
inline constexpr u32 kFrames = 2048;
/// Lines of wires, and all with those of messages behind them.
inline constexpr u32 kLines = 24, kAllLines = kFirstMessageLine + kMessageLines;

/// Everything that is not in the kernel's own data.
struct Hardware {
  u64 now = 0;  ///< nanoseconds
  u64 counter = 0;
  u64 timer = 0;          ///< what set_timer was told, 0: never
  u64 root = 0;           ///< translation root in use
  u64 flushes = 0;        ///< flush_all
  u64 page_flushes = 0;   ///< flush_page
  u64 interruptions = 0;  ///< send_interruption
  u32 cpu = 0;            ///< the CPU that runs the kernel
  bool has_io_ports = true;
  bool masked[kAllLines] = {};
  u32 route[kLines] = {};  ///< CPU that a line's interrupts go to
  u8 ports[65536 + 4] = {};
  bool vector_enabled = false;
  arch::VectorImage vector = {};
  std::string diagnostics;
};
extern Hardware hardware;

/// Thrown when the kernel leaves to user code or idles.
struct Left {};
/// Thrown by stop_machine.
struct Stopped {
  u32 action;
};

/// All memory zero and reserved, as before boot.
void reset_memory();

}  // namespace pith::host
