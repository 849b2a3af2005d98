// First fit over a bitmap of the component's heap pages.
#include "lib/libc/page_heap.h"

#include <string.h>

namespace pith {

void PageHeap::initialize(u64 base, u64 size) {
  base_ = base;
  pages_ = size / kPageSize;
  used_ = reinterpret_cast<u64*>(base);
  u64 own = pages_for((pages_ + 63) / 64 * sizeof(u64));
  if (own >= pages_) {
    pages_ = free_ = 0;
    return;
  }
  mark(0, own, 1);
  free_ = pages_ - own;
  lowest_free_ = touched_ = own;
}

u64 PageHeap::allocate(u64 pages) {
  if (pages == 0 || pages > free_) return 0;
  u64 first = find(pages);
  if (first == pages_) return 0;
  mark(first, pages, 1);
  free_ -= pages;
  u64 end = first + pages;
  if (first == lowest_free_) lowest_free_ = end;
  u64 address = base_ + first * kPageSize;
  if (first < touched_) memset(reinterpret_cast<void*>(address), 0, ((end < touched_ ? end : touched_) - first) * kPageSize);
  if (end > touched_) touched_ = end;
  return address;
}

bool PageHeap::release(u64 address, u64 pages) {
  if (address < base_ || address % kPageSize != 0) return false;
  u64 first = (address - base_) / kPageSize;
  if (first >= pages_ || pages > pages_ - first) return false;
  for (u64 page = first; page < first + pages; ++page) {
    if (is_used(page)) ++free_;
  }
  mark(first, pages, 0);
  if (first < lowest_free_) lowest_free_ = first;
  return true;
}

void PageHeap::mark(u64 page, u64 count, u64 value) {
  while (count > 0) {
    u64 bit = page % 64;
    u64 here = count < 64 - bit ? count : 64 - bit;
    u64 mask = (here == 64 ? ~u64{0} : (u64{1} << here) - 1) << bit;
    if (value) {
      used_[page / 64] |= mask;
    } else {
      used_[page / 64] &= ~mask;
    }
    page += here;
    count -= here;
  }
}

/// The first page of the lowest free run of `pages`, or `pages_`.
u64 PageHeap::find(u64 pages) const {
  u64 run = 0;
  for (u64 page = lowest_free_; page < pages_;) {
    u64 word = used_[page / 64];
    if (page % 64 == 0 && word == ~u64{0}) {
      run = 0;
      page += 64;
      continue;
    }
    run = is_used(page) ? 0 : run + 1;
    ++page;
    if (run == pages) return page - pages;
  }
  return pages_;
}

}  // namespace pith
