// The calls about sockets: descriptors, addresses and messages in and out of the program's memory.
#include "personality/linux/calls/handlers.h"
#include "personality/linux/environment.h"
#include "personality/linux/files/pieces.h"
#include "personality/linux/network/socket.h"
#include "personality/linux/time/clock.h"

namespace pith::personality {

namespace {

/// struct msghdr.
struct MessageHeader {
  u64 name;
  u32 name_length, pad;
  u64 pieces, piece_count;
  u64 control, control_length;
  u32 flags, pad2;
};
static_assert(sizeof(MessageHeader) == 56);

/// struct mmsghdr.
struct ManyHeader {
  MessageHeader header;
  u32 length, pad;
};

/// struct cmsghdr.
struct ControlHeader {
  u64 length;
  u32 level, type;
};
constexpr u32 kSocketLevel = 1, kRights = 1;
constexpr u64 kMostControl = 4096, kMostPassed = 253;

Result<Reference<SocketFile>> find_socket(Task& task, i32 descriptor) {
  File* file = TRY(task.files->find(descriptor));
  SocketFile* socket = file->as_socket();
  if (!socket) return LinuxError::NotSocket;
  return Reference<SocketFile>(socket);
}

Result<u64> add_socket(Task& task, Reference<SocketFile> socket, u32 type_flags) {
  socket->flags = OpenFlag::ReadWrite | (type_flags & OpenFlag::NonBlocking);
  OnExec on_exec = type_flags & OpenFlag::CloseOnExec ? OnExec::Close : OnExec::Keep;
  return u64(TRY(task.files->add(Reference<File>(socket.get()), on_exec, task.process.limits[Resource::Files].current)));
}

Result<SocketAddress> copy_address(Task& task, GuestAddress from, u32 length) {
  SocketAddress address;
  if (!from.raw) return address;
  if (length > SocketAddress::kMost) return LinuxError::Invalid;
  TRY(copy_from_guest(task.memory(), address.bytes, from, length));
  address.length = length;
  return address;
}

/// Tells an address where the program has room for it; `length` is told the whole length.
Result<void> tell_address(Task& task, const SocketAddress& address, GuestAddress to, GuestAddress length) {
  if (!to.raw) return {};
  u32 room = TRY(read_guest<u32>(task.memory(), length));
  if (i32(room) < 0) return LinuxError::Invalid;
  TRY(copy_to_guest(task.memory(), to, address.bytes, room < address.length ? room : address.length));
  return write_guest(task.memory(), length, address.length);
}

Result<void> check_type(u32 type) {
  return type & ~(SocketType::Mask | OpenFlag::NonBlocking | OpenFlag::CloseOnExec) ? Result<void>(LinuxError::Invalid) : Result<void>();
}

/// SIGPIPE goes with EPIPE, unless it is not wanted.
Result<u64> with_signal(Task& task, Result<u64> done, u32 flags) {
  if (!done && done.error() == LinuxError::BrokenPipe && !(flags & MessageFlag::NoSignal))
    send_signal(task, {.signal = Signal::Pipe, .code = SignalInformation::kKernel});
  return done;
}

/// Files that a control message passes on.
Result<std::vector<Reference<File>>> passed_files(Task& task, GuestAddress control, u64 length) {
  std::vector<Reference<File>> files;
  if (!control.raw || length < sizeof(ControlHeader)) return files;
  if (length > kMostControl) return LinuxError::NoBuffers;
  std::vector<u8> bytes(length);
  TRY(copy_from_guest(task.memory(), bytes.data(), control, length));
  for (u64 place = 0; place + sizeof(ControlHeader) <= length;) {
    ControlHeader header;
    memcpy(&header, &bytes[place], sizeof header);
    if (header.length < sizeof header || header.length > length - place) return LinuxError::Invalid;
    if (header.level == kSocketLevel && header.type == kRights) {
      for (u64 at = place + sizeof header; at + sizeof(i32) <= place + header.length; at += sizeof(i32)) {
        i32 number = 0;
        memcpy(&number, &bytes[at], sizeof number);
        if (files.size() >= kMostPassed) return LinuxError::Invalid;
        files.push_back(Reference<File>(TRY(task.files->find(number))));
      }
    }
    place += (header.length + 7) & ~u64{7};
  }
  return files;
}

/// Gives the receiver descriptors for what was passed; how many control bytes that took.
Result<u64> deliver_files(Task& task, MessageParts& parts, const MessageHeader& message, u32 flags) {
  if (parts.files.empty()) return u64{0};
  u64 room = message.control && message.control_length > sizeof(ControlHeader) ? (message.control_length - sizeof(ControlHeader)) / 4 : 0;
  std::vector<i32> numbers;
  OnExec on_exec = flags & MessageFlag::CloseOnExec ? OnExec::Close : OnExec::Keep;
  for (Reference<File>& file : parts.files) {
    if (numbers.size() >= room) break;
    Result<i32> number = task.files->add(file, on_exec, task.process.limits[Resource::Files].current);
    if (!number) break;
    numbers.push_back(*number);
  }
  if (numbers.size() < parts.files.size()) parts.flags |= MessageFlag::ControlTruncated;
  if (numbers.empty()) return u64{0};
  ControlHeader header{sizeof header + numbers.size() * sizeof(i32), kSocketLevel, kRights};
  TRY(write_guest(task.memory(), GuestAddress(message.control), header));
  TRY(copy_to_guest(task.memory(), GuestAddress(message.control + sizeof header), numbers.data(), numbers.size() * sizeof(i32)));
  return header.length;
}

Result<u64> send_message(Task& task, SocketFile& socket, const MessageHeader& message, u32 flags) {
  Pieces pieces;
  TRY(pieces.copy(task, GuestAddress(message.pieces), message.piece_count));
  MessageParts parts;
  parts.address = TRY(copy_address(task, GuestAddress(message.name), message.name_length));
  parts.files = TRY(passed_files(task, GuestAddress(message.control), message.control_length));
  Transfer from = pieces.transfer(task);
  from.prepare(Need::Read);
  return with_signal(task, socket.send(task, from, parts, flags), flags);
}

Result<u64> receive_message(Task& task, SocketFile& socket, MessageHeader& message, u32 flags) {
  Pieces pieces;
  TRY(pieces.copy(task, GuestAddress(message.pieces), message.piece_count));
  MessageParts parts;
  Transfer to = pieces.transfer(task);
  to.prepare(Need::Write);
  u64 done = TRY(socket.receive(task, to, parts, flags));
  if (message.name) {
    u32 length = message.name_length < parts.address.length ? message.name_length : parts.address.length;
    TRY(copy_to_guest(task.memory(), GuestAddress(message.name), parts.address.bytes, length));
  }
  message.name_length = parts.address.length;
  message.control_length = TRY(deliver_files(task, parts, message, flags));
  message.flags = parts.flags;
  return flags & MessageFlag::Truncated && parts.full_length > done ? parts.full_length : done;
}

}  // namespace

Result<u64> call_socket(Task& task, u32 family, u32 type, u32 protocol) {
  TRY(check_type(type));
  Reference<SocketFile> socket;
  u32 kind = type & SocketType::Mask;
  if (family == SocketFamily::Unix) {
    if (kind != SocketType::Stream || protocol > 1) return LinuxError::NoSocketType;
    socket = make_unix_socket();
  } else if (family == SocketFamily::Internet4 || family == SocketFamily::Internet6 || family == SocketFamily::Packet) {
    socket = TRY(make_internet_socket(task, family, kind, protocol));
  } else {
    return LinuxError::NoFamily;
  }
  return add_socket(task, socket, type);
}

Result<u64> call_socketpair(Task& task, u32 family, u32 type, u32 protocol, GuestAddress descriptors) {
  TRY(check_type(type));
  if (family != SocketFamily::Unix) return LinuxError::NoFamily;
  if ((type & SocketType::Mask) != SocketType::Stream || protocol > 1) return LinuxError::NoSocketType;
  SocketPair pair = make_unix_pair(task);
  i32 numbers[2];
  for (u32 index = 0; index < 2; index++) {
    Result<u64> number = add_socket(task, pair.ends[index], type);
    if (!number) {
      if (index) (void)task.files->close(numbers[0]);
      return number.error();
    }
    numbers[index] = i32(*number);
  }
  TRY(write_guest(task.memory(), descriptors, numbers));
  return u64{0};
}

Result<u64> call_bind(Task& task, i32 descriptor, GuestAddress address, u32 length) {
  Reference<SocketFile> socket = TRY(find_socket(task, descriptor));
  TRY(socket->bind(task, TRY(copy_address(task, address, length))));
  return u64{0};
}

Result<u64> call_connect(Task& task, i32 descriptor, GuestAddress address, u32 length) {
  Reference<SocketFile> socket = TRY(find_socket(task, descriptor));
  TRY(socket->connect(task, TRY(copy_address(task, address, length))));
  return u64{0};
}

Result<u64> call_listen(Task& task, i32 descriptor, i32 backlog) {
  constexpr u32 kMostWaiting = 128;
  Reference<SocketFile> socket = TRY(find_socket(task, descriptor));
  TRY(socket->listen(u32(backlog) < kMostWaiting ? u32(backlog) : kMostWaiting));
  return u64{0};
}

Result<u64> call_accept4(Task& task, i32 descriptor, GuestAddress address, GuestAddress length, u32 flags) {
  if (flags & ~(OpenFlag::NonBlocking | OpenFlag::CloseOnExec)) return LinuxError::Invalid;
  Reference<SocketFile> socket = TRY(find_socket(task, descriptor));
  SocketAddress partner;
  Reference<SocketFile> accepted = TRY(socket->accept(task, partner));
  u64 number = TRY(add_socket(task, accepted, flags));
  Result<void> told = tell_address(task, partner, address, length);
  if (told) return number;
  (void)task.files->close(i32(number));
  return told.error();
}

Result<u64> call_accept(Task& task, i32 descriptor, GuestAddress address, GuestAddress length) {
  return call_accept4(task, descriptor, address, length, 0);
}

Result<u64> call_shutdown(Task& task, i32 descriptor, u32 how) {
  Reference<SocketFile> socket = TRY(find_socket(task, descriptor));
  if (how > 2) return LinuxError::Invalid;
  TRY(socket->shutdown(how == 0 ? ShutdownSide::Receive : how == 1 ? ShutdownSide::Send : ShutdownSide::Both));
  return u64{0};
}

Result<u64> call_getsockname(Task& task, i32 descriptor, GuestAddress address, GuestAddress length) {
  Reference<SocketFile> socket = TRY(find_socket(task, descriptor));
  TRY(tell_address(task, TRY(socket->own_address()), address, length));
  return u64{0};
}

Result<u64> call_getpeername(Task& task, i32 descriptor, GuestAddress address, GuestAddress length) {
  Reference<SocketFile> socket = TRY(find_socket(task, descriptor));
  TRY(tell_address(task, TRY(socket->partner_address()), address, length));
  return u64{0};
}

Result<u64> call_sendto(Task& task, i32 descriptor, GuestAddress buffer, u64 size, u32 flags, GuestAddress address, u32 length) {
  Reference<SocketFile> socket = TRY(find_socket(task, descriptor));
  MessageParts parts;
  parts.address = TRY(copy_address(task, address, length));
  Transfer from(task.memory(), buffer, size < kMostBytes ? size : kMostBytes);
  from.prepare(Need::Read);
  return with_signal(task, socket->send(task, from, parts, flags), flags);
}

Result<u64> call_recvfrom(Task& task, i32 descriptor, GuestAddress buffer, u64 size, u32 flags, GuestAddress address, GuestAddress length) {
  Reference<SocketFile> socket = TRY(find_socket(task, descriptor));
  MessageParts parts;
  Transfer to(task.memory(), buffer, size < kMostBytes ? size : kMostBytes);
  to.prepare(Need::Write);
  u64 done = TRY(socket->receive(task, to, parts, flags));
  TRY(tell_address(task, parts.address, address, length));
  return flags & MessageFlag::Truncated && parts.full_length > done ? parts.full_length : done;
}

Result<u64> call_sendmsg(Task& task, i32 descriptor, GuestAddress message, u32 flags) {
  Reference<SocketFile> socket = TRY(find_socket(task, descriptor));
  return send_message(task, *socket, TRY(read_guest<MessageHeader>(task.memory(), message)), flags);
}

Result<u64> call_recvmsg(Task& task, i32 descriptor, GuestAddress message, u32 flags) {
  Reference<SocketFile> socket = TRY(find_socket(task, descriptor));
  MessageHeader header = TRY(read_guest<MessageHeader>(task.memory(), message));
  u64 done = TRY(receive_message(task, *socket, header, flags));
  TRY(write_guest(task.memory(), message, header));
  return done;
}

Result<u64> call_sendmmsg(Task& task, i32 descriptor, GuestAddress messages, u32 count, u32 flags) {
  Reference<SocketFile> socket = TRY(find_socket(task, descriptor));
  if (count > Transfer::kMostPieces) count = Transfer::kMostPieces;
  for (u32 index = 0; index < count; index++) {
    GuestAddress place(messages.raw + index * sizeof(ManyHeader));
    ManyHeader message = TRY(read_guest<ManyHeader>(task.memory(), place));
    Result<u64> done = send_message(task, *socket, message.header, flags);
    if (!done) return index ? Result<u64>(u64{index}) : done;
    message.length = u32(*done);
    TRY(write_guest(task.memory(), place, message));
  }
  return u64{count};
}

Result<u64> call_recvmmsg(Task& task, i32 descriptor, GuestAddress messages, u32 count, u32 flags, GuestAddress timeout) {
  constexpr u32 kWaitForOne = 0x10000;
  Reference<SocketFile> socket = TRY(find_socket(task, descriptor));
  u64 deadline = timeout.raw ? now() + TRY(read_duration(task, timeout)) : 0;
  if (count > Transfer::kMostPieces) count = Transfer::kMostPieces;
  for (u32 index = 0; index < count; index++) {
    GuestAddress place(messages.raw + index * sizeof(ManyHeader));
    ManyHeader message = TRY(read_guest<ManyHeader>(task.memory(), place));
    Result<u64> done = receive_message(task, *socket, message.header, flags & ~kWaitForOne);
    if (!done) return index ? Result<u64>(u64{index}) : done;
    message.length = u32(*done);
    TRY(write_guest(task.memory(), place, message));
    if (flags & kWaitForOne) flags |= MessageFlag::DontWait;
    if (deadline && now() >= deadline) return u64{index + 1};
  }
  return u64{count};
}

Result<u64> call_setsockopt(Task& task, i32 descriptor, u32 level, u32 name, GuestAddress value, u32 length) {
  Reference<SocketFile> socket = TRY(find_socket(task, descriptor));
  OptionValue option;
  if (i32(length) < 0) return LinuxError::Invalid;
  option.length = length < sizeof option.bytes ? length : u32(sizeof option.bytes);
  TRY(copy_from_guest(task.memory(), option.bytes, value, option.length));
  TRY(set_socket_option(*socket, level, name, option));
  return u64{0};
}

Result<u64> call_getsockopt(Task& task, i32 descriptor, u32 level, u32 name, GuestAddress value, GuestAddress length) {
  Reference<SocketFile> socket = TRY(find_socket(task, descriptor));
  u32 room = TRY(read_guest<u32>(task.memory(), length));
  if (i32(room) < 0) return LinuxError::Invalid;
  OptionValue option = TRY(socket_option(*socket, level, name));
  if (room > option.length) room = option.length;
  TRY(copy_to_guest(task.memory(), value, option.bytes, room));
  TRY(write_guest(task.memory(), length, room));
  return u64{0};
}

}  // namespace pith::personality
