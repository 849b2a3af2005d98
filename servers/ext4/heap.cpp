// Gives libext2fs memory: of the vault's heap or of the event's.
#include "servers/ext4/heap.h"

#include <cstdlib>
#include <cstring>

namespace pith::ext4 {
namespace {

constexpr u64 kAlignment = 16;
/// In front of each allocation.
struct Head {
  u64 size;
  Head* before;  // that was allocated before it; only in scratch memory
  u64 is_kept, is_free;
};
static_assert(sizeof(Head) % kAlignment == 0);

State* keeping = nullptr;
u64 scratch_used = 0;
Head* newest = nullptr;

u64 whole_size(u64 size) { return (size + sizeof(Head) + kAlignment - 1) / kAlignment * kAlignment; }

#if __has_feature(address_sanitizer)
// On the host each is an allocation by itself, so that what goes beyond it is seen.
Head* take_scratch(u64 size) { return static_cast<Head*>(std::malloc(size + sizeof(Head))); }
void give_scratch(Head* head) { std::free(head); }
#else
alignas(kAlignment) std::byte scratch[kScratchBytes];

Head* take_scratch(u64) { return reinterpret_cast<Head*>(scratch + scratch_used); }
void give_scratch(Head*) {}
#endif

void* allocate(u64 size) {
  if (size > kScratchBytes + kHeapBytes) return nullptr;
  u64 whole = whole_size(size);
  Head* head;
  if (keeping != nullptr) {
    if (whole > kHeapBytes - keeping->heap_used) return nullptr;
    head = reinterpret_cast<Head*>(keeping->heap + keeping->heap_used);
    keeping->heap_used += whole;
    *head = {size, nullptr, 1, 0};
    return head + 1;
  }
  if (whole > kScratchBytes - scratch_used) return nullptr;
  head = take_scratch(size);
  scratch_used += whole;
  *head = {size, newest, 0, 0};
  newest = head;
  return head + 1;
}

void release(void* place) {
  if (place == nullptr) return;
  Head* head = static_cast<Head*>(place) - 1;
  if (head->is_kept) return;
  head->is_free = 1;
  while (newest != nullptr && newest->is_free) {  // most are given back in the reverse order
    Head* last = newest;
    newest = last->before;
    scratch_used -= whole_size(last->size);
    give_scratch(last);
  }
}

}  // namespace

KeptMemory::KeptMemory(State& state) { keeping = &state; }
KeptMemory::~KeptMemory() { keeping = nullptr; }

void forget_scratch() {
  keeping = nullptr;
#if __has_feature(address_sanitizer)
  while (newest != nullptr) {
    Head* last = newest;
    newest = last->before;
    give_scratch(last);
  }
#endif
  newest = nullptr;
  scratch_used = 0;
}

}  // namespace pith::ext4

extern "C" {

void* pith_ext4_malloc(size_t size) { return pith::ext4::allocate(size); }

void* pith_ext4_calloc(size_t count, size_t size) {
  if (size != 0 && count > pith::ext4::kScratchBytes / size) return nullptr;
  void* place = pith::ext4::allocate(count * size);
  if (place != nullptr) memset(place, 0, count * size);
  return place;
}

void* pith_ext4_realloc(void* place, size_t size) {
  void* other = pith::ext4::allocate(size);
  if (other != nullptr && place != nullptr) {
    size_t before = (static_cast<pith::ext4::Head*>(place) - 1)->size;
    memcpy(other, place, before < size ? before : size);
    pith::ext4::release(place);
  }
  return other;
}

void pith_ext4_free(void* place) { pith::ext4::release(place); }
}
