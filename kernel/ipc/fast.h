// The shape of the fast path: message words stay in registers as parameters, from entry to exit.
#pragma once
#include "kernel/object/thread.h"
#include "port/fast.h"

// port/fast.h defines the calling convention PITH_FAST_CALL, the parameter list PITH_FAST_PARAMETERS (words w0…w5, handle, current), and
// PITH_FAST_ARGUMENTS(handle, current) which passes them on; PITH_FAST_ARGUMENTS_AS_NOTED(current) passes on that they have been noted in a thread.

/// Leaves for the slow way with every parameter as it was and the kernel lock held.
#define PITH_GO_SLOW \
  { [[clang::musttail]] return slow_call(PITH_FAST_ARGUMENTS(handle, current)); }
/// The same where words and handle have been noted in the thread.
#define PITH_GO_SLOW_AS_NOTED \
  { [[clang::musttail]] return noted_call(PITH_FAST_ARGUMENTS_AS_NOTED(current)); }

namespace pith {

extern "C" {
/// Enters user code as `current` (the next thread) with the words in registers and `handle` as status; releases the kernel lock on the way.
PITH_FAST_CALL void fast_resume(PITH_FAST_PARAMETERS);
/// The same where `current` is the thread that entered.
PITH_FAST_CALL void fast_go_on(PITH_FAST_PARAMETERS);
/// Enters user code as `current`, which stopped in a system call, with the words and the status that its thread holds.
PITH_FAST_CALL void fast_return(PITH_FAST_PARAMETERS);
/// The slow way: notes what the caller asks for in its thread and does it. The kernel lock is held.
PITH_FAST_CALL void slow_call(PITH_FAST_PARAMETERS);
/// Does what is noted in the thread.
PITH_FAST_CALL void noted_call(PITH_FAST_PARAMETERS);
/// Where the port's assembly goes, by the handle's kind, with the kernel lock held.
PITH_FAST_CALL void fast_call(PITH_FAST_PARAMETERS);
PITH_FAST_CALL void fast_reply_receive(PITH_FAST_PARAMETERS);
PITH_FAST_CALL void fast_operation(PITH_FAST_PARAMETERS);
PITH_FAST_CALL void fast_run_guest(PITH_FAST_PARAMETERS);
}

}  // namespace pith
