// Message transfer. Buffers are user memory: each field is read once, nothing read is trusted.
#include "kernel/ipc/message.h"

#include "kernel/object/capability_space.h"

namespace pith {

namespace {

constexpr u64 kCapabilitiesWord = offsetof(MessageBuffer, capabilities) / 8;

/// Slot number that the sender's buffer names for its capability `index`.
CapabilitySlot sent_slot(const Thread& sender, u32 index) {
  u64 pair = view<DataPage>(sender.buffer).words[kCapabilitiesWord + index / 2];
  return CapabilitySlot(u32(index % 2 == 0 ? pair : pair >> 32));
}

/// Copies one capability into the receiver's window. False: it could not be had, or there was no room.
bool transfer_capability(Thread& sender, u32 index, Thread& receiver) {
  auto from = live_capability(sender, sent_slot(sender, index));
  if (!from || (from->rights() & kRightGrant) == 0) return false;
  if (receiver.window == kNoSlot) return false;
  auto to = empty_slot_of(receiver, CapabilitySlot(receiver.window.raw + index));
  if (!to) return false;
  *to = *from;
  return true;
}

}  // namespace

Result<void> check_message(const Thread& sender, Handle handle) {
  if (handle.words() > kMessageWords || handle.capabilities() > kMessageCapabilities) return Error::BadArgument;
  bool uses_buffer = handle.words() > kRegisterWords || handle.capabilities() > 0;
  if (uses_buffer && sender.buffer.raw == 0) return Error::NotConfigured;
  return {};
}

u64 transfer_buffer(Thread& sender, Handle handle, Thread& receiver) {
  u32 words = handle.words();
  u32 capabilities = handle.capabilities();
  if (words > kRegisterWords && receiver.buffer.raw == 0) words = kRegisterWords;
  if (words > kRegisterWords) copy_buffer(view<DataPage>(sender.buffer), view<DataPage>(receiver.buffer), words);
  u64 missing = 0;
  for (u32 i = 0; i < capabilities && i < kMessageCapabilities; i++) {
    if (!transfer_capability(sender, i, receiver)) missing |= u64{1} << i;
  }
  return u64{words} << 32 | u64{capabilities} << 40 | missing << 44;
}

}  // namespace pith
