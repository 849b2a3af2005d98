// lwIP's memory in tests under sanitizers: each object by itself, all of them together at most as much as a vault holds.
#include <cstdlib>
#include <cstring>
#include <unordered_map>

#include "lib/vault/bulk.h"
#include "servers/network/port/hooks.h"
#include "servers/network/test/machine.h"
#include "servers/network/unlogged.h"

namespace pith::network {

void use_memory(Memory&) {}
UnloggedCopies::UnloggedCopies() = default;
UnloggedCopies::~UnloggedCopies() = default;
void end_unlogged_copies() {}

}  // namespace pith::network

using namespace pith::network;

extern "C" void* network_allocate(size_t size) {
  Objects& objects = Machine::current().objects;
  if (objects.bytes + size > objects.most_bytes) return nullptr;
  void* place = malloc(size);
  objects.sizes[place] = size;
  objects.bytes += size;
  objects.peak = objects.bytes > objects.peak ? objects.bytes : objects.peak;
  return place;
}

extern "C" void* network_allocate_zeroed(size_t count, size_t size) {
  void* place = network_allocate(count * size);
  if (place != nullptr) memset(place, 0, count * size);
  return place;
}

extern "C" void network_free(void* place) {
  Objects& objects = Machine::current().objects;
  auto found = objects.sizes.find(place);
  if (found == objects.sizes.end()) abort();
  objects.bytes -= found->second;
  objects.sizes.erase(found);
  free(place);
}

extern "C" void network_copy(void* destination, const void* source, size_t length) { memcpy(destination, source, length); }
