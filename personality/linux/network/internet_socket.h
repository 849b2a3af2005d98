// Sockets of the network stack: bytes in rings that the stack shares, everything else by calls.
#pragma once
#include "personality/linux/network/socket.h"
#include "personality/linux/network_service.h"
#include "personality/linux/process/wait_list.h"

namespace pith::personality {

/// One side of a ring in shared memory. The indices count bytes; the other side is not trusted to keep them in order.
class Ring {
 public:
  Ring(std::byte* bytes, u64* filled, u64* taken) : bytes_(bytes), filled_(filled), taken_(taken) {}
  /// Bytes that lie in it; at most its size, whatever the other side says.
  u64 used() const {
    u64 used = filled() - taken();
    return used <= network::kRingBytes ? used : 0;
  }
  u64 room() const { return network::kRingBytes - used(); }
  // acquire: what the other side wrote before it moved its index is seen. release: it sees what was written before ours moved.
  u64 filled() const { return __atomic_load_n(filled_, __ATOMIC_ACQUIRE); }
  u64 taken() const { return __atomic_load_n(taken_, __ATOMIC_ACQUIRE); }
  void fill(u64 count) { __atomic_store_n(filled_, filled() + count, __ATOMIC_RELEASE); }
  void take(u64 count) { __atomic_store_n(taken_, taken() + count, __ATOMIC_RELEASE); }
  /// Copies at most `size` bytes from behind the first `skipped` ones.
  Result<u64> get(Transfer& to, u64 skipped, u64 size) const;
  void get(void* to, u64 skipped, u64 size) const;
  /// Copies `size` bytes to behind the last ones and `skipped` more.
  Result<u64> put(Transfer& from, u64 skipped, u64 size) const;
  void put(const void* from, u64 skipped, u64 size) const;

 private:
  std::byte* bytes_;
  u64 *filled_, *taken_;
};

/// How a frame begins (of AF_PACKET sockets).
struct FrameHead {
  u8 to[6], from[6], type[2];

  network::Address partner() const;
  /// Says in an address (struct sockaddr_ll) to whom the frame was sent: to us, to all, to a group.
  void tell_kind(SocketAddress& address) const;
};
static_assert(sizeof(FrameHead) == 14);

/// A socket that the stack knows by a number. Guarded by the environment's lock.
class InternetSocket final : public SocketFile {
 public:
  InternetSocket(NetworkService& stack, u64 number, u32 family, u32 type, u32 protocol);
  ~InternetSocket() override;

  Result<void> bind(Task& task, const SocketAddress& address) override;
  Result<void> connect(Task& task, const SocketAddress& address) override;
  Result<void> listen(u32 backlog) override;
  Result<Reference<SocketFile>> accept(Task& task, SocketAddress& partner) override;
  Result<u64> send(Task& task, Transfer& from, MessageParts& parts, u32 message_flags) override;
  Result<u64> receive(Task& task, Transfer& to, MessageParts& parts, u32 message_flags) override;
  Result<void> shutdown(ShutdownSide side) override;
  Result<SocketAddress> own_address() override;
  Result<SocketAddress> partner_address() override;
  u64 bytes_ready() override;
  u32 poll(Task& task, Poller* poller) override;
  Result<void> set_option(u32 level, u32 name, const OptionValue& value) override;
  Result<OptionValue> option(u32 level, u32 name) override;
  u32 take_error() override;
  bool is_listening() const override { return phase_ == Phase::Listening; }

  /// Notes what the stack says, and wakes those who wait if it is different from what was noted last. Called when the stack has rung, and
  /// by whoever may wait, right before it looks whether it must: so nothing comes between what it has seen and what the next call compares
  /// with.
  void look();

  /// All that are open.
  static std::vector<InternetSocket*>& all();

 private:
  enum class Phase : u8 { Idle, Connecting, Connected, Listening };

  const network::SocketState& state() const { return memory().sockets[number_]; }
  network::SocketMemory& memory() const { return *reinterpret_cast<network::SocketMemory*>(stack_.memory().data()); }
  u64 events() const { return __atomic_load_n(&state().events, __ATOMIC_ACQUIRE); }
  Ring received() const;
  Ring sent() const;
  bool is_stream() const { return kind == SocketType::Stream; }
  bool is_whole_frame() const { return family == SocketFamily::Packet && kind == SocketType::Raw; }
  /// What came of connecting, if it has ended by now.
  void settle_connection();
  /// The error of a connection that is gone, told once.
  Error gone_error();
  Result<u64> send_stream(Task& task, Transfer& from, u32 message_flags);
  Result<u64> send_datagram(Task& task, Transfer& from, MessageParts& parts, u32 message_flags);
  Result<u64> receive_stream(Task& task, Transfer& to, u32 message_flags);
  Result<u64> receive_datagram(Task& task, Transfer& to, MessageParts& parts, u32 message_flags);
  Result<network::Address> address_from(const SocketAddress& address) const;

  NetworkService& stack_;
  const u32 number_;
  Phase phase_ = Phase::Idle;
  bool has_shut_receive_ = false, has_shut_send_ = false;
  bool has_told_error_ = false;
  bool has_partner_ = false;  ///< of datagrams
  struct Seen {
    u64 events = 0, received = 0, sent = 0;
    bool operator==(const Seen&) const = default;
  } seen_;
  WaitList changed_;
};

/// An address as programs see it in a family, and back. Invalid, NoFamily.
SocketAddress socket_address(const network::Address& address, u32 family);
/// The same for AF_PACKET.
SocketAddress link_socket_address(const network::Address& address);
Result<network::Address> link_address_from(const SocketAddress& address);
/// A socket of frames; `protocol`: their type, in the order of bytes in which it is sent.
Result<Reference<SocketFile>> make_packet_socket(Task& task, NetworkService& stack, u32 type, u32 protocol);
/// An error of the stack as programs see it.
Error network_error(Error error);
/// The thread that waits for the stack to ring. Never returns.
void run_network();

}  // namespace pith::personality
