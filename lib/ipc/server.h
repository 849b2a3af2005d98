// The loop of every server without a vault of events: receive, hand on to the generated decoder, answer. It keeps nothing between messages.
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
/// kernel, which delivers it again to the next instance. So what a method does must be right when it is done twice.
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
    if (received.status.is_fault()) {
      Result<u64> instruction = fault(received.status.badge(), received.words);
      return instruction ? send({{{*instruction}}}) : wait();
    }
    if (!is_deferred(received.words.w[0])) return send(handle(received, Token()));
    // Set aside first: the handler may answer at once through the token, and a crash in it does not lose the call.
    Result<u64> token = set_aside(endpoint_);
    if (!token) return wait();  // the caller is gone
    Answer answer = handle(received, Token(*token));
    if (answer.length != 0) reply(Token(*token), answer.words);
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

  /// Before each wait, whatever came: what nobody has to ask for.
  virtual void idle() {}
  /// When idle() is wanted without a message, nanoseconds since boot; 0: never.
  virtual u64 idle_deadline() const { return 0; }
  /// The bits of the notification bound to the serving thread.
  virtual void signals(u64 bits) { static_cast<void>(bits); }
  /// A thread of `session` faulted (words as in FaultMessage). Answers at which instruction it goes on. An error: the thread is no more;
  /// what a fault waits for cannot be set aside, so a server that neither answers it nor has its thread ended cannot receive again.
  virtual Result<u64> fault(Session session, const Words& words) {
    static_cast<void>(session);
    static_cast<void>(words);
    return Error::NotSupported;
  }
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
  /// Answers and waits in one step where nothing is to be done between the two.
  Received send(const Answer& answer) {
    if (answer.length <= kRegisterWords && idle_deadline() == 0) {
      idle();
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
      idle();
      beat();
      Received received = receive(endpoint_, idle_deadline());
      if (received.ok()) return received;
      if (received.error() != Error::Cancelled && received.error() != Error::TimedOut) __builtin_trap();
    }
  }

  CapabilitySlot endpoint_;
};

}  // namespace ipc
}  // namespace pith
