// The six words that every kernel entry takes and gives in registers.
#pragma once
#include "base/types.h"

namespace pith {

struct Words {
  u64 w[6];
};

}  // namespace pith
