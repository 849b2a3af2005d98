// Short names for the integer types of fixed width.
#pragma once
#include <stddef.h>
#include <stdint.h>

using u8 = uint8_t;
using u16 = uint16_t;
using u32 = uint32_t;
using u64 = uint64_t;
using i32 = int32_t;
using i64 = int64_t;
using usize = size_t;

inline constexpr u64 kPageSize = 4096;
inline constexpr u64 kPageShift = 12;

/// Number of pages that `bytes` bytes need.
constexpr u64 pages_for(u64 bytes) { return (bytes + kPageSize - 1) >> kPageShift; }
