// What all sockets have in common: their inode, reading and writing, and the options of the socket level.
#include "personality/linux/network/socket.h"

#include "lib/clock.h"
#include "personality/linux/environment.h"
#include "personality/linux/network/interfaces.h"

namespace pith::personality {

namespace {

class SocketInode final : public Inode {
 public:
  SocketInode() : Inode(kSocketfs, FileMode::Socket | 0777) { links = 1; }
  Result<Reference<File>> open(Task&, u32) override { return LinuxError::NoDevice; }
};

struct Level {
  static constexpr u32 Socket = 1;
};

/// Options of SOL_SOCKET.
struct Option {
  static constexpr u32 Debug = 1, Type = 3, Error = 4, DontRoute = 5, SendBuffer = 7, ReceiveBuffer = 8, OutOfBandInline = 10,
                       Priority = 12, Linger = 13, ReusePort = 15, PassCredentials = 16, ReceiveLow = 18, SendLow = 19, ReceiveTimeout = 20,
                       SendTimeout = 21, BindToDevice = 25, Timestamp = 29, IsListening = 30, SendBufferForce = 32, ReceiveBufferForce = 33,
                       Protocol = 38, Domain = 39;
};

Result<u64> duration_from(const OptionValue& value) {
  TimeValue time;
  if (value.length < sizeof time) return LinuxError::Invalid;
  memcpy(&time, value.bytes, sizeof time);
  if (u64(time.microseconds) >= 1'000'000) return linux_error(33);  // EDOM
  if (time.seconds < 0 || time.seconds > i64{1} << 32) return u64{0};
  return u64(time.seconds) * kSecond + u64(time.microseconds) * kMicrosecond;
}

OptionValue duration_value(u64 nanoseconds) {
  TimeValue time{i64(nanoseconds / kSecond), i64(nanoseconds % kSecond / kMicrosecond)};
  OptionValue value;
  value.set(&time, sizeof time);
  return value;
}

struct LingerValue {
  u32 on, seconds;
};

Result<void> set_common_option(SocketFile& socket, u32 name, const OptionValue& value) {
  switch (name) {
    case Option::ReceiveTimeout:
      socket.receive_timeout = TRY(duration_from(value));
      return {};
    case Option::SendTimeout:
      socket.send_timeout = TRY(duration_from(value));
      return {};
    case Option::Linger: {
      LingerValue linger;
      if (value.length < sizeof linger) return LinuxError::Invalid;
      memcpy(&linger, value.bytes, sizeof linger);
      socket.lingers = linger.on;
      socket.linger_seconds = linger.seconds;
      return {};
    }
    case Option::Debug:
    case Option::DontRoute:
    case Option::SendBuffer:
    case Option::ReceiveBuffer:
    case Option::OutOfBandInline:
    case Option::Priority:
    case Option::ReusePort:
    case Option::PassCredentials:
    case Option::ReceiveLow:
    case Option::SendLow:
    case Option::BindToDevice:
    case Option::Timestamp:
    case Option::SendBufferForce:
    case Option::ReceiveBufferForce:
      return {};  // taken without effect: rings have one size, there is one way out
    case Option::Type:
    case Option::Error:
    case Option::IsListening:
    case Option::Protocol:
    case Option::Domain:
      return LinuxError::NoProtocolOption;
    default:
      return socket.set_option(Level::Socket, name, value);
  }
}

Result<OptionValue> common_option(SocketFile& socket, u32 name) {
  constexpr u32 kBuffer = 65536;
  OptionValue value;
  switch (name) {
    case Option::Type:
      value.set_number(socket.kind);
      return value;
    case Option::Error:
      value.set_number(socket.take_error());
      return value;
    case Option::IsListening:
      value.set_number(socket.is_listening());
      return value;
    case Option::Protocol:
      value.set_number(socket.protocol);
      return value;
    case Option::Domain:
      value.set_number(socket.family);
      return value;
    case Option::SendBuffer:
    case Option::ReceiveBuffer:
      value.set_number(kBuffer);
      return value;
    case Option::ReceiveTimeout:
      return duration_value(socket.receive_timeout);
    case Option::SendTimeout:
      return duration_value(socket.send_timeout);
    case Option::Linger: {
      LingerValue linger{socket.lingers, socket.linger_seconds};
      value.set(&linger, sizeof linger);
      return value;
    }
    case Option::ReceiveLow:
    case Option::SendLow:
      value.set_number(1);
      return value;
    case Option::Debug:
    case Option::DontRoute:
    case Option::OutOfBandInline:
    case Option::Priority:
    case Option::ReusePort:
    case Option::PassCredentials:
    case Option::Timestamp:
      value.set_number(0);
      return value;
    default:
      return socket.option(Level::Socket, name);
  }
}

}  // namespace

SocketFile* File::as_socket() { return nullptr; }

SocketFile::SocketFile(u32 its_family, u32 type, u32 its_protocol)
    : File(Reference<Inode>(new SocketInode)), family(its_family), kind(type), protocol(its_protocol) {}

Result<u64> SocketFile::read(Task& task, Transfer& to, u64) {
  MessageParts parts;
  return receive(task, to, parts, 0);
}

Result<u64> SocketFile::write(Task& task, Transfer& from, u64) {
  MessageParts parts;
  return send(task, from, parts, 0);
}

Result<u64> SocketFile::control(Task& task, u32 request, GuestAddress argument) {
  constexpr u32 kBytesReady = 0x541b;
  if (request == kBytesReady) {
    TRY(write_guest<u32>(task.memory(), argument, u32(bytes_ready())));
    return u64{0};
  }
  return control_interfaces(task, request, argument);
}

Result<void> set_socket_option(SocketFile& socket, u32 level, u32 name, const OptionValue& value) {
  return level == Level::Socket ? set_common_option(socket, name, value) : socket.set_option(level, name, value);
}

Result<OptionValue> socket_option(SocketFile& socket, u32 level, u32 name) {
  return level == Level::Socket ? common_option(socket, name) : socket.option(level, name);
}

}  // namespace pith::personality
