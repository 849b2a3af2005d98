// The pieces that lwIP's allocations are, and its copies.
#include "servers/network/memory.h"

#include <cstring>

#include "lib/vault/bulk.h"
#include "servers/network/port/hooks.h"
#include "servers/network/unlogged.h"

namespace pith::network {

namespace {

Memory* memory;
bool is_unlogged = false;

}  // namespace

void use_memory(Memory& which) { memory = &which; }

UnloggedCopies::UnloggedCopies() { is_unlogged = true; }
UnloggedCopies::~UnloggedCopies() { is_unlogged = false; }
void end_unlogged_copies() { is_unlogged = false; }

void* Memory::allocate(usize size) {
  for (u32 i = 0; i < kPieceSizes; i++) {
    if (size > kPieceSize[i]) continue;
    if (Piece* piece = free[i]) {
      free[i] = piece->next;
      used[i]++;
      return piece;
    }
    if (fresh[i] < kPieceCount[i]) {
      used[i]++;
      return pieces + piece_offset(i) + u64{kPieceSize[i]} * fresh[i]++;
    }
  }
  refused++;
  return nullptr;
}

void Memory::give_back(void* place) {
  u64 offset = u64(static_cast<u8*>(place) - pieces);
  u32 i = 0;
  while (i + 1 < kPieceSizes && offset >= piece_offset(i + 1)) i++;
  if (offset >= sizeof pieces || (offset - piece_offset(i)) % kPieceSize[i] != 0) __builtin_trap();
  auto* piece = static_cast<Piece*>(place);
  piece->next = free[i];
  free[i] = piece;
  used[i]--;
}

}  // namespace pith::network

using namespace pith;

extern "C" void* network_allocate(size_t size) { return network::memory->allocate(size); }

extern "C" void* network_allocate_zeroed(size_t count, size_t size) {
  if (size != 0 && count > SIZE_MAX / size) return nullptr;
  void* place = network_allocate(count * size);
  if (place != nullptr) memset(place, 0, count * size);
  return place;
}

extern "C" void network_free(void* place) { network::memory->give_back(place); }

extern "C" void network_copy(void* destination, const void* source, size_t length) {
  if (network::is_unlogged) return vault::store_unlogged(destination, {static_cast<const std::byte*>(source), length});
  memcpy(destination, source, length);
}
