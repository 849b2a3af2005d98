// The TCP/IP stack: lwIP, the sockets of its clients, and the rings of frames and bytes that it shares with the driver and with them. It
// waits for nothing and knows no IPC.
//
// Everything that changes State or lwIP's variables is an event: done by a call, by take_frame(), run_timers() and so on. What others see
// of it (indices of rings, events) is stored by publish() only, between events. Rings are written before that: where their indices have not
// come yet nobody reads.
#pragma once
#include <span>

#include "base/result.h"
#include "lwip/ip_addr.h"
#include "protocols/packet_ring.h"
#include "servers/network/filter.h"
#include "servers/network/state.h"

struct tcp_pcb;
struct udp_pcb;
struct raw_pcb;

namespace pith::network {

/// What this instance knows of the world. Nothing of it lasts.
class Outside {
 public:
  /// Nanoseconds since boot.
  virtual u64 time() = 0;
  /// What the session's component shares with us: kMemoryBytes; empty: nothing.
  virtual std::span<std::byte> memory_of(u64 session) = 0;
  /// Whether the session's component may bind that port.
  virtual bool may_have_port(u64, u32) { return true; }
  virtual void ring_client(u64 session) = 0;
  virtual void ring_driver() = 0;

 protected:
  ~Outside() = default;
};

class Stack {
 public:
  /// `frames`: kRingBytes that the driver shares, or null: then there is only the loopback interface. One lives at a time.
  Stack(State& state, Outside& outside, packet::Ring* frames, const Filter& filter);
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;
  ~Stack();

  bool has_begun() const { return state_.has_begun != 0; }
  /// The first event of a new state. lwIP's variables are zero, `seed` is unpredictable.
  void begin(const u64 (&seed)[4]);
  /// Between events, once: the driver may set its card up.
  void open_frames();

  /// Something to be done that nobody has called for.
  bool is_due();
  /// One event of that.
  void advance();
  /// When is_due() should be asked again by itself, in nanoseconds since boot.
  u64 deadline();
  /// A doorbell rang: every socket of the session, or of all, may have something to do.
  void look_at_all();
  /// Between events: makes indices and events of all that has changed visible, and rings.
  void publish();

  // Calls, each in an event: protocols/network.idl. `client` is from client_of().
  /// The place of a session. One whose component has another instance than before loses its sockets. Errors: NoSpace.
  Result<u32> client_of(u64 session, u64 instance);
  Result<u32> open(u32 client, u64 kind, u64 family, u64 protocol);
  Result<void> bind(u32 client, u64 number, const Address& address);
  Result<void> connect(u32 client, u64 number, const Address& address);
  Result<void> listen(u32 client, u64 number, u64 backlog);
  Result<u32> accept(u32 client, u64 number, Address& partner);
  Result<void> shutdown(u32 client, u64 number, u64 how);
  Result<void> close(u32 client, u64 number, u64 abort);
  Result<Address> own_address(u32 client, u64 number);
  Result<Address> partner(u32 client, u64 number);
  Result<void> set_option(u32 client, u64 number, u64 option, u64 value);
  Result<u64> option(u32 client, u64 number, u64 option);
  Result<Interface> interface_state(u64 number);
  Result<void> configure(u64 number, u64 changes, const Interface& state);

  // What lwIP calls, in an event.
  static Stack& current() { return *current_; }
  u64 time() { return outside_.time(); }
  State& state() { return state_; }
  const Filter& filter() const { return filter_; }
  bool send_frame(const pbuf& frame);
  void connected(Socket& socket);
  bool received(Socket& socket, pbuf* data);
  void was_sent(Socket& socket) { attend(socket); }
  void failed(Socket& socket, signed char why);
  bool arrived(Socket* listener, tcp_pcb* pcb);
  void datagram(Socket& socket, const pbuf& data, const ip_addr_t& from, u32 port);

  void count_filtered() { state_.counts.filtered++; }

 private:
  enum class Task : u8 { None, News, Frame, Loopback, Timers, Attention };

  Result<Socket*> find(u32 client, u64 number);
  Result<Socket*> find_free(u32 client);
  Result<void> give_number(Socket& socket);
  SocketState* shared_state(const Socket& socket);
  std::span<std::byte> received_ring_of(const Socket& socket);
  std::span<const std::byte> sent_ring_of(const Socket& socket);
  void change(const Socket& socket);
  void attend(const Socket& socket);
  void add_event(Socket& socket, u64 event);
  void forget(Socket& socket);
  void fail(Socket& socket, u64 error);
  void drop_client(u32 client);
  Result<void> check_port(const Socket& socket, u32 port);

  void take_frame();
  void take_loopback();
  bool has_news_of_card();
  void take_news_of_card();
  void publish_socket(const Socket& socket);
  Task next_task();
  bool is_tried_too_often(u64 event);
  void run(Task task);

  void attend_one();
  void attend_stream(Socket& socket);
  void attend_datagrams(Socket& socket);
  bool open_window(Socket& socket, const SocketState& shared);
  void detach(Socket& socket);
  void drop_pcb(Socket& socket);
  void close_stream(Socket& socket);
  void finish_sending(Socket& socket);
  void leave_queue(Socket& socket);
  bool hold(Socket& socket, pbuf* data);
  pbuf* take_held(Socket& socket);
  Result<void> open_pcb(Socket& socket);
  Result<void> open_datagrams(Socket& socket, u8 type);
  void send_record(Socket& socket, const Datagram& head, u64 position);
  void refuse_record(Socket& socket, u64 error);
  Result<void> connect_stream(Socket& socket, const ip_addr_t& address, u32 port);
  void put_record(Socket& socket, const pbuf& data, u32 offset, const Address& from);
  void take_record(Socket& socket, const pbuf& data, u32 offset, const Address& from);
  Result<void> bind_frames(Socket& socket, const Address& address);
  void show_frame(const pbuf& frame);
  void send_frame_record(Socket& socket, const Datagram& head, u64 position);

  static constexpr u32 kEventsAtOnce = 64;
  static inline Stack* current_ = nullptr;

  State& state_;
  Outside& outside_;
  packet::Ring* frames_;
  const Filter& filter_;
  std::span<std::byte> memory_[kClients];
  u64 changed_[kClients][kSockets / 64] = {};    ///< sockets whose state is to be published
  u64 attention_[kClients][kSockets / 64] = {};  ///< sockets that may have something to move
  u64 published_filled_ = 0, published_taken_ = 0;
  u32 left_ = kEventsAtOnce;  ///< events before calls come first again
  bool is_short_of_memory_ = false;
  bool must_publish_frames_ = true;
};

}  // namespace pith::network
