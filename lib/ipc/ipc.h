// Calling, answering and receiving: the kernel's entries that have stubs written by hand.
#pragma once
#include "abi/error.h"
#include "abi/kernel.h"
#include "abi/message.h"
#include "lib/ipc/invoke.h"

namespace pith::ipc {

/// What a call or a receive came back with.
struct Received {
  Status status;
  Words words;

  bool ok() const { return !status.is_error(); }
  Error error() const { return status.is_error() ? Error(status.error_number()) : kSuccess; }
};

/// The message buffer of the current thread (defined in lib/thread).
MessageBuffer& message_buffer();

inline Received enter(Handle handle, Words words) {
  Status status = invoke(handle.raw, words);
  return {status, words};
}

/// Sends six words to the endpoint's server and waits for its answer. Right: Call.
inline Received call(CapabilitySlot endpoint, Words words) { return enter(Handle::call(endpoint), words); }

/// As call, but `length` words (6…64), of which those from index 6 on lie in the message buffer, as does the answer's rest afterwards.
/// The deadline is the message buffer's; whoever sets it clears it again. Right: Call.
inline Received call_message(CapabilitySlot endpoint, Words words, u32 length) {
  return enter(Handle::message(u32(Operation::EndpointCallMessage), endpoint, length, 0), words);
}

/// Answers the call in progress with six words and waits for the next message. Right: Receive.
inline Received reply_receive(CapabilitySlot endpoint, Words words) { return enter(Handle::reply_receive(endpoint), words); }

/// Answers the call in progress with `length` words (6…64), those from index 6 on in the message buffer; `receive` comes next. Right:
/// Receive.
inline Status reply_message(CapabilitySlot endpoint, Words words, u32 length) {
  return invoke(Handle::message(u32(Operation::EndpointReplyMessage), endpoint, length, 0).raw, words);
}

/// Waits for a call or for signals until `deadline` (nanoseconds since boot, 0: for ever). Right: Receive.
inline Received receive(CapabilitySlot endpoint, u64 deadline) {
  return enter(Handle::operation(u32(Operation::EndpointReceive), endpoint), {{deadline}});
}

/// Sets the call in progress aside and gives the number that names it. Right: Receive.
inline Result<u64> set_aside(CapabilitySlot endpoint) { return kernel::Endpoint{endpoint}.set_aside(); }

/// Answers a call that was set aside. Right: Receive.
inline Result<void> reply_token(CapabilitySlot endpoint, u64 token, Words words) {
  const u64(&w)[6] = words.w;
  return kernel::Endpoint{endpoint}.reply_token(token, w[0], w[1], w[2], w[3], w[4]);
}

}  // namespace pith::ipc
