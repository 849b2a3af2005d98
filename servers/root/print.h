// Root's words on the diagnostic port: through the kernel, eight bytes at a time.
#pragma once
#include <string_view>

#include "base/result.h"
#include "base/types.h"

namespace pith::root {

void print(std::string_view text);
void print(u64 number);

/// One line of several pieces.
template <class... Pieces>
void print_line(Pieces... pieces) {
  (print(pieces), ...);
  print(std::string_view("\n"));
}

}  // namespace pith::root
