// The end: says what happened on the diagnostic port and stops the machine.
#pragma once
#include "base/types.h"

namespace pith::x86 {

[[noreturn]] void panic(const char* reason);
[[noreturn]] void panic_trap(u64 vector, u64 error, u64 instruction, u64 stack, u64 address);

/// Writes text to the diagnostic port.
void print(const char* text);
void print_number(u64 value);
void print_hexadecimal(u64 value);

}  // namespace pith::x86
