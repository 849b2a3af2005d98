// The registers that the instance before this one stopped with: root leaves them at the end of the start page.
#pragma once
#include "abi/registers.h"
#include "abi/start_information.h"

namespace pith {

struct LastRegisters {
  u64 value[kRegisters];  ///< by Register; all zero at the first start
};
inline constexpr u64 kLastRegisters = kStartInformation + kPageSize - sizeof(LastRegisters);
static_assert(sizeof(StartInformation) + sizeof(LastRegisters) <= kPageSize);

}  // namespace pith
