// What travels with a call or an answer: six words, up to 58 more through the message buffers, and up to four capabilities.
#include "spec/parts.h"

namespace pith::spec {

namespace {

constexpr u32 kCapabilitiesWord = kMessageWords;  // where MessageBuffer.capabilities begins

/// The sender's capability `index` goes to the receiver's window, if it may be handed on and its place there is empty. False: it does not
/// arrive.
bool transfer_capability(FrameNumber sender, u32 index, FrameNumber receiver) {
  u64 pair = spec_user_word(threads[sender].buffer.raw, kCapabilitiesWord + index / 2);
  auto from = live_capability(sender, CapabilitySlot(u32(index % 2 == 0 ? pair : pair >> 32)));
  if (!from || (from->rights & kRightGrant) == 0) return false;
  if (threads[receiver].window == kNoSlot) return false;
  auto to = empty_slot_of(threads[receiver].capabilities, CapabilitySlot(threads[receiver].window.raw + index));
  if (!to) return false;
  at(*to) = *from;
  return true;
}

}  // namespace

Error check_message(FrameNumber sender, Handle handle) {
  if (handle.words() > kMessageWords || handle.capabilities() > kMessageCapabilities) return Error::BadArgument;
  bool uses_buffer = handle.words() > kRegisterWords || handle.capabilities() > 0;
  return uses_buffer && threads[sender].buffer.raw == 0 ? Error::NotConfigured : kSuccess;
}

u64 transfer(FrameNumber sender, u32 words, u32 capabilities, FrameNumber receiver) {
  for (u32 i = 0; i < kRegisterWords; i++) threads[receiver].words[i] = threads[sender].words[i];
  u32 from = threads[sender].buffer.raw, to = threads[receiver].buffer.raw;
  if (words > kRegisterWords && to == 0) words = kRegisterWords;
  for (u32 i = kRegisterWords; i < words && i < kMessageWords; i++) spec_set_user_word(to, i, spec_user_word(from, i));
  u64 missing = 0;
  for (u32 i = 0; i < capabilities && i < kMessageCapabilities; i++) {
    if (!transfer_capability(sender, i, receiver)) missing |= u64{1} << i;
  }
  return u64{words} << 32 | u64{capabilities} << 40 | missing << 44;
}

}  // namespace pith::spec
