// Thread-control blocks for threads that musl did not start: see lib/libc/thread_block.h. Compiled as a part of musl, whose internals it uses.
#include <string.h>

#include "libc.h"
#include "pthread_impl.h"

size_t pith_libc_thread_block_size(void) { return libc.tls_size; }

void *pith_libc_thread_block_init(void *memory) {
  static volatile int last_thread = 1;

  memset(memory, 0, libc.tls_size);
  pthread_t block = __copy_tls(memory);
  block->self = block;
  block->tid = a_fetch_add(&last_thread, 1) + 1;
  block->detach_state = DT_DETACHED;
  block->locale = &libc.global_locale;
  block->robust_list.head = &block->robust_list.head;
  block->canary = __pthread_self()->canary;
  block->sysinfo = __sysinfo;
  block->next = block->prev = block;
  return TP_ADJ(block);
}

void pith_libc_enable_threads(void) { libc.need_locks = 1; }
