// Copies blocks.
#include "tests/components/blocks/service.h"

#include <cstring>

namespace pith::blocks {

Result<u64> Service::copy(Session, u64 from, u64 to) {
  if (from >= kBlocks || to >= kBlocks || from == to) return Error::BadArgument;
  memcpy(data_[to], data_[from], kBlockSize);
  state_.copied_from[to] = from;
  return ++state_.version[to];
}

}  // namespace pith::blocks
