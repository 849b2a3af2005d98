// User memory, ports and choices, as the native oracle knows them.
#pragma once
#include <string>

#include "spec/state.h"

namespace pith::spec::test {

/// User memory as the specification thinks it is.
extern u64 user_memory[kSpecFrames][kPageSize / 8];
/// What the kernel answered to a question that the specification leaves open.
extern u64 open_answer[kRegisterWords];
/// What was last written to a port, and not yet found there.
struct PortWrite {
  u32 port, width;
  u64 value;
};
extern PortWrite last_port_write;

}  // namespace pith::spec::test
