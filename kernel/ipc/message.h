// Carrying a message from one thread to another: words, buffers, capabilities.
#pragma once
#include "abi/handle.h"
#include "kernel/object/thread.h"

namespace pith {

/// Checks what a long message says of itself: at most 64 words and four capabilities, and a buffer where they are used. Errors: BadArgument, NotConfigured.
Result<void> check_message(const Thread& sender, Handle handle);

/// Copies the words of a message behind those that travel in registers from one buffer to the other, each read once and no word more. `length` is
/// at most 64: the loop turns at most seven times.
[[gnu::always_inline]] inline void copy_buffer(const DataPage& from, DataPage& to, u64 length) {
  if (length <= kRegisterWords) return;
  u64 left = length - kRegisterWords, i = kRegisterWords;
  for (u32 round = 0; round < (kMessageWords - kRegisterWords) / 8 && left >= 8; round++, left -= 8, i += 8) {
    to.words[i] = from.words[i];
    to.words[i + 1] = from.words[i + 1];
    to.words[i + 2] = from.words[i + 2];
    to.words[i + 3] = from.words[i + 3];
    to.words[i + 4] = from.words[i + 4];
    to.words[i + 5] = from.words[i + 5];
    to.words[i + 6] = from.words[i + 6];
    to.words[i + 7] = from.words[i + 7];
  }
  if ((left & 4) != 0) {
    to.words[i] = from.words[i];
    to.words[i + 1] = from.words[i + 1];
    to.words[i + 2] = from.words[i + 2];
    to.words[i + 3] = from.words[i + 3];
    i += 4;
  }
  if ((left & 2) != 0) {
    to.words[i] = from.words[i];
    to.words[i + 1] = from.words[i + 1];
    i += 2;
  }
  if ((left & 1) != 0) to.words[i] = from.words[i];
}

/// Copies the capability in the sender's slot `from`, if it may be granted, into the receiver's slot `to`. False: it could not be had, or there was no room.
bool transfer_capability(Thread& sender, CapabilitySlot from, Thread& receiver, CapabilitySlot to);

/// The part of a message that lies in buffers: words and capabilities as `handle` says. Answers the status word's length and capability fields.
u64 transfer_buffer(Thread& sender, Handle handle, Thread& receiver);

/// Copies the sender's words, and buffer words and capabilities as `handle` says, to the receiver. Answers the status word's length and capability fields.
[[gnu::always_inline]] inline u64 transfer(Thread& sender, Handle handle, Thread& receiver) {
  receiver.words = sender.words;
  if (handle.raw >> 32 <= kRegisterWords) return handle.raw >> 32 << 32;  // a length alone, of words that travel in registers
  return transfer_buffer(sender, handle, receiver);
}

}  // namespace pith
