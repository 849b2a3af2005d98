// A range is noted before it is asked for: whenever an instance dies, the next one knows what each window shows.
#include "servers/bus/windows.h"

#include "abi/error.h"

namespace pith::bus {

std::span<std::byte> Windows::show(u64 address, u64 size) {
  if (size > kPageSize || address + size < address) return {};
  for (u64 i = 0; i < given_.count && i < GivenWindows::kMost; i++) {
    u64 offset = address - given_.ranges[i].first;
    if (offset < given_.ranges[i].size && size <= given_.ranges[i].size - offset) return {place(i) + offset, size};
  }
  // Where main memory is near only the pages that are meant can be shown.
  u64 wide = kMostPages * kPageSize, page = address / kPageSize * kPageSize;
  u64 needed = (address + size - page + kPageSize - 1) / kPageSize * kPageSize;
  bool is_seen = (address % wide + size <= wide && add({address / wide * wide, wide})) || add({page, needed});
  if (!is_seen) return {};
  u64 window = given_.count - 1;
  return {place(window) + (address - given_.ranges[window].first), size};
}

bool Windows::add(GivenWindows::Range range) {
  // What an instance before was about to get comes first: it may be there.
  if (given_.count < GivenWindows::kMost && given_.ranges[given_.count].size != 0) (void)ask();
  if (given_.count >= GivenWindows::kMost) return false;
  GivenWindows::Range& next = given_.ranges[given_.count];
  next.first = range.first;
  __atomic_store_n(&next.size, range.size, __ATOMIC_RELEASE);
  return ask();
}

/// Occupied says that an instance before got it.
bool Windows::ask() {
  GivenWindows::Range& next = given_.ranges[given_.count];
  Result<void> given = give(given_.count, next.first, next.size);
  bool is_there = given || given.error() == Error::Occupied;
  if (is_there) {
    __atomic_store_n(&given_.count, given_.count + 1, __ATOMIC_RELEASE);
  } else {
    __atomic_store_n(&next.size, u64{0}, __ATOMIC_RELEASE);
  }
  return is_there;
}

}  // namespace pith::bus
