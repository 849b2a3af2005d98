// Sockets as files: what the calls about sockets ask of each kind.
#pragma once
#include <cstring>
#include <string_view>
#include <vector>

#include "personality/linux/files/file.h"

namespace pith::personality {

struct SocketFamily {
  static constexpr u32 Unix = 1, Internet4 = 2, Internet6 = 10, Netlink = 16, Packet = 17;
};
struct SocketType {
  static constexpr u32 Stream = 1, Datagram = 2, Raw = 3, Mask = 15;
};
struct MessageFlag {
  static constexpr u32 OutOfBand = 1, Peek = 2, ControlTruncated = 8, Truncated = 0x20, DontWait = 0x40, WaitAll = 0x100, NoSignal = 0x4000,
                       More = 0x8000, CloseOnExec = 0x40000000;
};

/// An address as programs write it (struct sockaddr…); length 0: none.
struct SocketAddress {
  static constexpr u32 kMost = 128;
  u8 bytes[kMost] = {};
  u32 length = 0;

  u32 family() const {
    u16 value = 0;
    if (length >= sizeof value) memcpy(&value, bytes, sizeof value);
    return value;
  }
};

/// What comes with a message's bytes.
struct MessageParts {
  SocketAddress address;               ///< to whom, or from whom
  std::vector<Reference<File>> files;  ///< descriptors that are passed
  u32 flags = 0;                       ///< MessageFlag that receiving tells
  u64 full_length = 0;                 ///< of the datagram, of which less may have been taken
};

enum class ShutdownSide : u8 { Receive, Send, Both };

/// An option's value in the program's memory: read or written through these.
struct OptionValue {
  u8 bytes[64] = {};
  u32 length = 0;

  Result<u32> number() const {
    u32 value = 0;
    if (length < sizeof value) return LinuxError::Invalid;
    memcpy(&value, bytes, sizeof value);
    return value;
  }
  void set(const void* from, u32 size) {
    memcpy(bytes, from, size);
    length = size;
  }
  void set_number(u32 value) { set(&value, sizeof value); }
};

/// A socket. Guarded by the environment's lock; all members may let it go, so callers hold a Reference.
class SocketFile : public File {
 public:
  SocketFile(u32 family, u32 type, u32 protocol);
  SocketFile* as_socket() override { return this; }
  Result<u64> read(Task& task, Transfer& to, u64) override;
  Result<u64> write(Task& task, Transfer& from, u64) override;
  Result<u64> control(Task& task, u32 request, GuestAddress argument) override;

  virtual Result<void> bind(Task& task, const SocketAddress& address) = 0;
  virtual Result<void> connect(Task& task, const SocketAddress& address) = 0;
  virtual Result<void> listen(u32 backlog) = 0;
  virtual Result<Reference<SocketFile>> accept(Task& task, SocketAddress& partner) = 0;
  virtual Result<u64> send(Task& task, Transfer& from, MessageParts& parts, u32 message_flags) = 0;
  virtual Result<u64> receive(Task& task, Transfer& to, MessageParts& parts, u32 message_flags) = 0;
  virtual Result<void> shutdown(ShutdownSide side) = 0;
  virtual Result<SocketAddress> own_address() = 0;
  virtual Result<SocketAddress> partner_address() = 0;
  /// Bytes that can be received at once.
  virtual u64 bytes_ready() = 0;
  /// Options that not all sockets have. NoProtocolOption: not this one.
  virtual Result<void> set_option(u32, u32, const OptionValue&) { return LinuxError::NoProtocolOption; }
  virtual Result<OptionValue> option(u32, u32) { return LinuxError::NoProtocolOption; }
  /// The error that happened meanwhile, as an errno, taken.
  virtual u32 take_error() { return 0; }
  virtual bool is_listening() const { return false; }

  bool may_wait(u32 message_flags) const { return !is_nonblocking() && !(message_flags & MessageFlag::DontWait); }

  const u32 family, kind, protocol;
  u64 receive_timeout = 0, send_timeout = 0;  ///< nanoseconds; 0: none
  u32 linger_seconds = 0;
  bool lingers = false;
};

/// setsockopt and getsockopt, with the options that all sockets have. May let the lock go.
Result<void> set_socket_option(SocketFile& socket, u32 level, u32 name, const OptionValue& value);
Result<OptionValue> socket_option(SocketFile& socket, u32 level, u32 name);

/// A new internet socket. NoFamily: there is no network.
Result<Reference<SocketFile>> make_internet_socket(Task& task, u32 family, u32 type, u32 protocol);
Reference<SocketFile> make_unix_socket();
struct SocketPair {
  Reference<SocketFile> ends[2];
};
SocketPair make_unix_pair(Task& task);

}  // namespace pith::personality
