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
  u64 place;  // of the scratch memory at which it begins; unused: it is kept
};
constexpr u64 kKept = ~u64{0};

State* keeping = nullptr;
u64 scratch_used = 0;

#if __has_feature(address_sanitizer)
constexpr u32 kMostBlocks = 1 << 16;
void* blocks[kMostBlocks];  // on the host each is an allocation by itself, so that what goes beyond it is seen
u32 block_count = 0;

void* take_scratch(u64 size) {
  if (block_count == kMostBlocks || scratch_used + size > kScratchBytes) return nullptr;
  scratch_used += size;
  void* place = std::malloc(size + sizeof(Head));
  blocks[block_count++] = place;
  return place;
}
#else
alignas(kAlignment) std::byte scratch[kScratchBytes];

void* take_scratch(u64 size) {
  u64 whole = (size + sizeof(Head) + kAlignment - 1) / kAlignment * kAlignment;
  if (whole > kScratchBytes - scratch_used) return nullptr;
  void* place = scratch + scratch_used;
  scratch_used += whole;
  return place;
}
#endif

void* allocate(u64 size) {
  if (size > kScratchBytes && keeping == nullptr) return nullptr;
  if (keeping != nullptr) {
    u64 whole = (size + sizeof(Head) + kAlignment - 1) / kAlignment * kAlignment;
    if (size > kHeapBytes || whole > kHeapBytes - keeping->heap_used) return nullptr;
    auto* head = reinterpret_cast<Head*>(keeping->heap + keeping->heap_used);
    keeping->heap_used += whole;
    head->size = size;
    head->place = kKept;
    return head + 1;
  }
  u64 before = scratch_used;
  auto* head = static_cast<Head*>(take_scratch(size));
  if (head == nullptr) return nullptr;
  head->size = size;
  head->place = before;
  return head + 1;
}

void release(void* place) {
  if (place == nullptr) return;
#if !__has_feature(address_sanitizer)
  auto* head = static_cast<Head*>(place) - 1;
  u64 whole = (head->size + sizeof(Head) + kAlignment - 1) / kAlignment * kAlignment;
  if (head->place != kKept && head->place + whole == scratch_used) scratch_used = head->place;  // the last one: as most are
#endif
}

}  // namespace

KeptMemory::KeptMemory(State& state) { keeping = &state; }
KeptMemory::~KeptMemory() { keeping = nullptr; }

void forget_scratch() {
  keeping = nullptr;
  scratch_used = 0;
#if __has_feature(address_sanitizer)
  for (u32 i = 0; i < block_count; i++) std::free(blocks[i]);
  block_count = 0;
#endif
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
