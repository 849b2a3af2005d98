// IoPorts: a range of I/O ports.
#pragma once
#include "kernel/memory/view.h"

namespace pith {

struct alignas(kPageSize) IoPorts {
  static constexpr ObjectType kType = ObjectType::IoPorts;
  u32 first, count;

  Result<u64> read(Thread& caller, u64 offset, u64 width);
  Result<void> write(Thread& caller, u64 offset, u64 width, u64 value);
};

}  // namespace pith
