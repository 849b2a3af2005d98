// The long words of a message as bytes.
#pragma once
#include <cstddef>
#include <span>
#include <string_view>

#include "lib/ipc/ipc.h"

namespace pith {

/// Bytes that a call answered, in the message buffer: valid until this thread's next call.
struct Bytes {
  std::span<const std::byte> data;

  usize size() const { return data.size(); }
  std::string_view text() const { return {reinterpret_cast<const char*>(data.data()), data.size()}; }
};

namespace ipc {

/// A text as the bytes that stubs take.
inline std::span<const std::byte> as_bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

/// Length in words of a message with `bytes` bytes in its long words.
constexpr u32 message_length(u64 bytes) { return kRegisterWords + u32((bytes + 7) / 8); }

/// Whether a message of `length` words can hold `bytes` bytes, of which its method allows `most`.
constexpr bool holds_bytes(u32 length, u64 bytes, u64 most) { return bytes <= most && (bytes == 0 || message_length(bytes) <= length); }

/// Puts bytes into the long words; the rest of the last word is zero. They may overlap.
inline void put_bytes(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  u64* words = message_buffer().words;
  __builtin_memmove(words + kRegisterWords, bytes.data(), bytes.size());
  u32 spare = u32(8 - bytes.size() % 8) % 8;
  __builtin_memset(reinterpret_cast<std::byte*>(words + kRegisterWords) + bytes.size(), 0, spare);
}

/// The long words' first `size` bytes.
inline std::span<const std::byte> bytes_in_buffer(u64 size) {
  return {reinterpret_cast<const std::byte*>(message_buffer().words + kRegisterWords), size};
}

/// The error that a service's answer carries, whether from the kernel or in its word 0. No service can claim an unknown one.
inline Error answer_error(const Received& received) {
  if (!received.ok()) return received.error();
  u64 number = received.words.w[0];
  return number < kErrorLimit ? Error(number) : Error::BadMessage;
}

/// As call_message, of a method that may answer bytes. A server that had set the call aside answers Again once they are there: the same
/// call, by the number in word 0, fetches them. Its long words are still those of the request, since a short answer has none.
inline Received call_for_bytes(CapabilitySlot endpoint, const Words& words, u32 length) {
  Received received = call_message(endpoint, words, length);
  while (received.ok() && received.words.w[0] == u64(Error::Again)) received = call_message(endpoint, words, length);
  return received;
}

}  // namespace ipc
}  // namespace pith
