// The loop of every server: receive, hand on to the generated decoder, answer. It keeps nothing between messages.
#pragma once
#include "lib/ipc/bytes.h"
#include "lib/ipc/number.h"
#include "lib/ipc/pulse.h"

namespace pith {

/// Who calls: the badge of the capability that was used.
using Session = Badge;

/// Names a call that was set aside. After a restart of the server the call is delivered anew, under a new token.
using Token = Strong<struct TokenTag>;

namespace ipc {

/// What a decoder wants sent: `length` words (6…64), or nothing now when that is 0.
struct Answer {
  Words words;
  u32 length = kRegisterWords;

  /// With word 0 alone: success or an error.
  static Answer status(Error error) { return {{{u64(error)}}}; }
  static Answer later() { return {{}, 0}; }
  /// With bytes, which are put into the message buffer.
  static Answer with_bytes(const Words& words, const Bytes& bytes, u64 most) {
    if (bytes.size() > most) return status(Error::Limit);
    put_bytes(bytes.data);
    return {words, message_length(bytes.size())};
  }
};

/// Base of the generated server classes. One thread serves; a crash anywhere in it leaves the call in progress, or set aside, to the
/// kernel, which delivers it again to the next instance.
class Server {
 public:
  explicit Server(CapabilitySlot endpoint) : endpoint_(endpoint) {}
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Serves for ever. Ends the component by a trap when the endpoint cannot be received from: that is not its own to repair.
  [[noreturn]] void serve() {
    Received received = wait();
    for (;;) received = step(received);
  }

  /// Handles one message and waits for the next.
  Received step(const Received& received) {
    if (received.status.is_signals()) {
      signals(received.words.w[0]);
      return wait();
    }
    bool is_fault = received.status.is_fault();
    if (!is_fault && !is_deferred(received.words.w[0])) return send(handle(received, Token()));
    // Set aside first: the handler may answer at once through the token, and a crash in it does not lose the call.
    Result<u64> token = set_aside(endpoint_);
    if (!token) return wait();  // the caller is gone
    if (is_fault) {
      fault(received.status.badge(), Token(*token), received.words);
    } else {
      Answer answer = handle(received, Token(*token));
      if (answer.length != 0) reply(Token(*token), answer.words);
    }
    return wait();
  }

  /// Methods that may be answered later, and methods that change nothing, as bits by number.
  static constexpr u32 kDeferredMethods = 0;
  static constexpr u32 kReadMethods = 0;
  /// Whether a call with this word 0 is to one of `methods`.
  static constexpr bool is_among(u32 methods, u64 word) {
    u64 method = word & kMethodMask;
    return method < 32 && (methods >> method & 1) != 0;
  }

  /// Decodes one call, runs its handler and encodes the answer.
  virtual Answer handle(const Received& received, Token token) = 0;
  /// Whether the method may be answered later.
  virtual bool is_deferred(u64 method) const = 0;

 protected:
  ~Server() = default;

  /// The bits of the notification bound to the serving thread.
  virtual void signals(u64 bits) { static_cast<void>(bits); }
  /// A thread of `session` faulted (words as in FaultMessage). It stays where it is until reply_fault, for ever by default.
  virtual void fault(Session session, Token token, const Words& words) {
    static_cast<void>(session);
    static_cast<void>(token);
    static_cast<void>(words);
  }
  /// Lets a faulted thread go on at `instruction`.
  void reply_fault(Token token, u64 instruction) { reply(token, {{instruction}}); }
  /// Answers a call set aside. Its caller may be gone, which is no error.
  virtual void reply(Token token, const Words& words) { static_cast<void>(reply_token(endpoint_, token.raw, words)); }

  /// Whether a call's long words are exactly `bytes` bytes, at most `most`, and it brought no capabilities.
  static bool is_well_formed(const Received& received, u64 bytes, u64 most) {
    u32 length = received.status.words() < kRegisterWords ? kRegisterWords : received.status.words();
    return received.status.capabilities() == 0 && bytes <= most && length == message_length(bytes);
  }
  /// Whether a word is a value of a 32-bit type.
  static constexpr bool fits(u64 word) { return word >> 32 == 0; }
  /// Copies a call's bytes out of the message buffer, so that the handler may make calls of its own.
  static std::span<const std::byte> take_bytes(std::byte* copy, u64 size) {
    __builtin_memcpy(copy, bytes_in_buffer(size).data(), size);
    return {copy, size};
  }

 private:
  Received send(const Answer& answer) {
    if (answer.length <= kRegisterWords) {
      beat();
      Received next = reply_receive(endpoint_, answer.words);
      return next.ok() ? next : wait();  // the caller is gone, or the wait was cut off
    }
    // An error means that the caller is gone.
    static_cast<void>(reply_message(endpoint_, answer.words, answer.length));
    return wait();
  }

  Received wait() {
    for (;;) {
      beat();
      Received received = receive(endpoint_, 0);
      if (received.ok()) return received;
      if (received.error() != Error::Cancelled && received.error() != Error::TimedOut) __builtin_trap();
    }
  }

  CapabilitySlot endpoint_;
};

}  // namespace ipc
}  // namespace pith
