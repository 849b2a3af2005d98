// Repeats what answers Again, and calls that an interruption has cancelled.
#pragma once
#include "abi/error.h"
#include "abi/kernel.h"
#include "base/result.h"

namespace pith {

/// How often an operation may answer Again before its caller gives up. An address space's table takes 8 steps; waiting for the hardware
/// takes one per CPU.
inline constexpr u32 kRetries = 100'000;

/// The first answer of `operation` that is not Again; lets others run in between.
template <class Operation>
auto retry(Operation operation) -> decltype(operation()) {
  for (u32 round = 0; round < kRetries; round++) {
    auto result = operation();
    if (result || result.error() != Error::Again) return result;
    if (round > 16) (void)kernel::System::yield();
  }
  return Error::Again;
}

/// The first answer of `call` that is not Cancelled: what interrupts this thread does so before the call is delivered, and once.
template <class Call>
auto uninterrupted(Call call) -> decltype(call()) {
  for (;;) {
    auto result = call();
    if (result || result.error() != Error::Cancelled) return result;
  }
}

}  // namespace pith
