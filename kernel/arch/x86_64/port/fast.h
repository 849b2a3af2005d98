// The fast path's calling convention on x86-64: preserve_none has twelve argument registers; the words sit where the entry ABI has them.
#pragma once
#include "base/types.h"

#define PITH_FAST_CALL [[clang::preserve_none]]
#define PITH_FAST_PARAMETERS                                                                                                        \
  ::u64 handle, ::u64 unused1, ::u64 unused2, ::u64 unused3, ::u64 w0, ::u64 w1, ::u64 w2, ::u64 unused4, ::u64 w3, ::u64 w4,         \
      Thread *current, ::u64 w5
#define PITH_FAST_ARGUMENTS(handle, current)                                                                                        \
  handle, PITH_ANY("r13"), PITH_ANY("r14"), PITH_ANY("r15"), w0, w1, w2, PITH_ANY("rcx"), w3, w4, current, w5
#define PITH_FAST_ARGUMENTS_AS_NOTED(current)                                                                                       \
  0, PITH_ANY("r13"), PITH_ANY("r14"), PITH_ANY("r15"), PITH_ANY("rdi"), PITH_ANY("rsi"), PITH_ANY("rdx"), PITH_ANY("rcx"),           \
      PITH_ANY("r8"), PITH_ANY("r9"), current, PITH_ANY("rax")

/// Any value, for a parameter position that carries nothing: what the register of that position happens to hold. The empty assembly keeps the
/// value defined for the compiler at no cost.
#define PITH_ANY(name)             \
  ({                               \
    register ::u64 any asm(name);  \
    asm("" : "=r"(any));           \
    any;                           \
  })
