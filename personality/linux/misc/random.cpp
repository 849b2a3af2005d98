// ChaCha20 as a fast-key-erasure generator [rfc8439 2.3].
#include "personality/linux/misc/random.h"

#include <bit>
#include <cstring>

#include "lib/clock.h"
#include "personality/linux/calls/handlers.h"
#include "personality/linux/environment.h"
#include "personality/linux/memory/user_copy.h"
#include "personality/linux/services.h"

namespace pith::personality {

namespace {

u32 key[8];
u8 block[64];
u32 used = sizeof block;

void quarter(u32& a, u32& b, u32& c, u32& d) {
  a += b, d = std::rotl(d ^ a, 16);
  c += d, b = std::rotl(b ^ c, 12);
  a += b, d = std::rotl(d ^ a, 8);
  c += d, b = std::rotl(b ^ c, 7);
}

/// Makes a new block; its first half becomes the next key, so that what was given out cannot be computed back.
void refill() {
  u32 state[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
  memcpy(state + 4, key, sizeof key);
  u32 work[16];
  memcpy(work, state, sizeof work);
  for (u32 round = 0; round < 10; round++) {
    for (u32 column = 0; column < 4; column++) quarter(work[column], work[4 + column], work[8 + column], work[12 + column]);
    for (u32 diagonal = 0; diagonal < 4; diagonal++)
      quarter(work[diagonal], work[4 + (diagonal + 1) % 4], work[8 + (diagonal + 2) % 4], work[12 + (diagonal + 3) % 4]);
  }
  for (u32 index = 0; index < 16; index++) work[index] += state[index];
  memcpy(block, work, sizeof block);
  memcpy(key, block, sizeof key);
  used = sizeof key;
}

}  // namespace

void seed_random() {
  u32 fresh[8] = {};
  std::span<u32> words(fresh);
  (void)environment().services.random(std::as_writable_bytes(words));
  u64 time = now();
  fresh[0] ^= u32(time);
  Lock lock(environment().lock);
  for (u32 index = 0; index < 8; index++) key[index] ^= fresh[index];
  refill();
}

void fill_random(std::span<u8> bytes) {
  for (u8& byte : bytes) {
    if (used == sizeof block) refill();
    byte = block[used];
    block[used++] = 0;
  }
}

u64 random_word() {
  u8 bytes[8];
  fill_random(bytes);
  u64 word;
  memcpy(&word, bytes, sizeof word);
  return word;
}

Result<u64> call_getrandom(Task& task, GuestAddress buffer, u64 size, u32 flags) {
  if (flags & ~u32{7} || (flags & 6) == 6) return LinuxError::Invalid;
  if (size > 0x1ffffff) size = 0x1ffffff;
  Transfer to(task.memory(), buffer, size);
  while (to.left()) {
    u8 bytes[256];
    u64 length = to.left() < sizeof bytes ? to.left() : sizeof bytes;
    fill_random({bytes, length});
    u64 before = to.left();
    Result<u64> put = to.put(bytes, length);
    if (!put || *put < length) {
      if (put || before < size) return size - to.left();
      return put.error();
    }
  }
  return size;
}

}  // namespace pith::personality
