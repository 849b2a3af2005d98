// The text that /svc/network/status shows.
#pragma once
#include <cstddef>
#include <span>

#include "servers/network/stack.h"

namespace pith::network {

/// Writes the text's bytes from number `from` on. Answers how many: 0 behind the end.
usize write_status(Stack& stack, u64 from, std::span<std::byte> room);

}  // namespace pith::network
