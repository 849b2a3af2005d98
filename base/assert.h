// ASSERT: a condition that only a bug can break; the program's own `assertion_failed` says so and stops.
#pragma once

namespace pith {
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);
}

#define ASSERT(condition) (__builtin_expect(!!(condition), 1) ? void() : ::pith::assertion_failed(#condition, __FILE__, __LINE__))
