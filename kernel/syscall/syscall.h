// Ways into the kernel that the port's entry code calls, with the kernel lock held and interrupts off.
#pragma once
#include "abi/message.h"
#include "kernel/object/thread.h"
#include "port/fast.h"

namespace pith {

/// A system call off the fast path: `caller.handle` and `caller.words` hold what it asked for.
[[noreturn]] PITH_FAST_CALL void system_call(Thread& caller);

/// `thread` cannot go on: its guest returns with the fault, or its fault endpoint is called, or it stops. All its registers have been saved.
void fault_raised(Thread& thread, FaultKind kind, u64 address, u64 code);

/// Ends a kernel entry: chooses who runs, and leaves. `operation` is noted with the time it took.
[[noreturn, gnu::noinline]] void finish_entry(Cpu& cpu, u64 operation);

}  // namespace pith
