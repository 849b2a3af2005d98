// Thread-control blocks of the C library for a component's further threads; the first thread's is made at start.
#pragma once
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Bytes that a block needs: musl's own structure and a copy of the component's thread-local variables. Any alignment will do.
size_t pith_libc_thread_block_size(void);

/// Makes a block in `memory`, which must stay until the thread is gone, and returns the thread pointer to start the thread with.
/// errno and every `thread_local` variable are the new thread's own; what lies at the pointer is the pointer itself.
/// Without: pthread keys, cancellation, destructors of thread_local objects at the thread's end.
void* pith_libc_thread_block_init(void* memory);

/// Makes the C library's own locks (malloc, stdio, atexit) lock.
///
/// The rule without it, and the one to prefer: threads of one component use malloc, stdio and everything built on them (new, std::string,
/// shared_ptr) only while they hold one common lock of the component. Then no lock of the library is ever contended and none is taken.
/// Call this only where `pith_libc_futex` is supplied (hooks.h): the default does not wait but stops the component, because a thread
/// that spins against a holder of lower priority would spin for ever.
void pith_libc_enable_threads(void);

#ifdef __cplusplus
}
#endif
