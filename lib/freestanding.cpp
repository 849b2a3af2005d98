// The few functions that the compiler calls on its own, for programs without a C library.
#include "base/types.h"

extern "C" {

void* memcpy(void* destination, const void* source, usize size) {
  void* result = destination;
  asm volatile("rep movsb" : "+D"(destination), "+S"(source), "+c"(size) : : "memory");
  return result;
}

void* memmove(void* destination, const void* source, usize size) {
  auto* to = static_cast<u8*>(destination);
  const auto* from = static_cast<const u8*>(source);
  if (to <= from || to >= from + size) return memcpy(destination, source, size);
  while (size-- > 0) to[size] = from[size];
  return destination;
}

void* memset(void* destination, int value, usize size) {
  void* result = destination;
  asm volatile("rep stosb" : "+D"(destination), "+c"(size) : "a"(value) : "memory");
  return result;
}

int memcmp(const void* left, const void* right, usize size) {
  const auto* a = static_cast<const u8*>(left);
  const auto* b = static_cast<const u8*>(right);
  for (usize i = 0; i < size; i++) {
    if (a[i] != b[i]) return a[i] - b[i];
  }
  return 0;
}

usize strlen(const char* text) {
  usize length = 0;
  while (text[length]) length++;
  return length;
}

/// A pure function was called: cannot happen.
void __cxa_pure_virtual() { __builtin_trap(); }
}
