// TCP: connections, those that wait to be accepted, and their bytes between lwIP and the clients' rings.
#include <algorithm>
#include <utility>

#include "abi/error.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"
#include "servers/network/address.h"
#include "servers/network/lwip_error.h"
#include "servers/network/stack.h"
#include "servers/network/unlogged.h"

namespace pith::network {

namespace {

constexpr u64 kMostAtOnce = 16 * 1024;  // bytes of a socket's ring in one event
constexpr u64 kMostBacklog = 128;
// Connections that nobody has accepted give way to those of clients when control blocks run out.
constexpr u8 kStrangersPriority = TCP_PRIO_MIN;

Socket* socket_of(void* argument) { return static_cast<Socket*>(argument); }

err_t on_connected(void* argument, tcp_pcb*, err_t) {
  if (argument != nullptr) Stack::current().connected(*socket_of(argument));
  return ERR_OK;
}

err_t on_received(void* argument, tcp_pcb* pcb, pbuf* data, err_t) {
  if (argument != nullptr) return Stack::current().received(*socket_of(argument), data) ? ERR_OK : ERR_MEM;
  if (data == nullptr) return ERR_OK;
  tcp_recved(pcb, data->tot_len);
  pbuf_free(data);
  return ERR_OK;
}

err_t on_sent(void* argument, tcp_pcb*, u16_t) {
  if (argument != nullptr) Stack::current().was_sent(*socket_of(argument));
  return ERR_OK;
}

void on_error(void* argument, err_t error) {
  if (argument != nullptr) Stack::current().failed(*socket_of(argument), error);
}

err_t on_accept(void* argument, tcp_pcb* pcb, err_t error) {
  if (error != ERR_OK || pcb == nullptr) return ERR_VAL;
  return Stack::current().arrived(socket_of(argument), pcb) ? ERR_OK : ERR_ABRT;
}

void listen_to(tcp_pcb* pcb, Socket& socket) {
  tcp_arg(pcb, &socket);
  tcp_recv(pcb, on_received);
  tcp_sent(pcb, on_sent);
  tcp_err(pcb, on_error);
}

}  // namespace

Result<void> Stack::connect_stream(Socket& socket, const ip_addr_t& address, u32 port) {
  if (socket.phase != Phase::Open) return Error::BadState;
  auto* pcb = static_cast<tcp_pcb*>(socket.pcb);
  TRY(result_of(tcp_connect(pcb, &address, u16(port), on_connected)));
  socket.phase = Phase::Connecting;
  socket.is_bound = true;
  socket.own = from_lwip(pcb->local_ip, pcb->local_port, socket.family);
  socket.partner = from_lwip(address, port, socket.family);
  return {};
}

void Stack::connected(Socket& socket) {
  if (socket.phase != Phase::Connecting) return;
  auto* pcb = static_cast<tcp_pcb*>(socket.pcb);
  socket.phase = Phase::Connected;
  socket.own = from_lwip(pcb->local_ip, pcb->local_port, socket.family);
  add_event(socket, Event::Connected);
  attend(socket);
}

/// lwIP has given up the control block.
void Stack::failed(Socket& socket, signed char why) {
  bool was_connecting = socket.phase == Phase::Connecting, is_closing = socket.phase == Phase::Closing;
  if (socket.phase == Phase::Pending) leave_queue(socket);
  bool is_pending = socket.phase == Phase::Pending;
  socket.pcb = nullptr;
  if (is_closing || is_pending) return forget(socket);
  socket.phase = Phase::Finished;
  if (why == ERR_CLSD) {  // both have said that they are done, and heard it
    add_event(socket, Event::PartnerDone);
    return;
  }
  socket.error = why == ERR_RST ? (was_connecting ? kConnectionRefused : kConnectionReset) : kTimedOut;
  add_event(socket, was_connecting ? Event::ConnectFailed : Event::Reset | Event::PartnerDone);
  change(socket);
}

Result<void> Stack::listen(u32 client, u64 number, u64 backlog) {
  Socket& socket = *TRY(find(client, number));
  if (socket.kind != Kind::Stream) return Error::BadState;
  socket.backlog = u32(std::clamp<u64>(backlog, 1, kMostBacklog));
  if (socket.phase == Phase::Listening) {
    tcp_backlog_set(static_cast<tcp_pcb_listen*>(socket.pcb), u8(socket.backlog));
    return {};
  }
  if (socket.phase != Phase::Open) return Error::BadState;
  auto* pcb = static_cast<tcp_pcb*>(socket.pcb);
  if (!socket.is_bound) {
    TRY(result_of(tcp_bind(pcb, socket.family == 6 && !socket.only_family6 ? IP_ANY_TYPE : &pcb->local_ip, 0)));
    socket.own.port = pcb->local_port;
    socket.is_bound = true;
  }
  err_t error = ERR_OK;
  tcp_pcb* listening = tcp_listen_with_backlog_and_err(pcb, u8(socket.backlog), &error);
  if (listening == nullptr) {
    TRY(result_of(error));
    return Error::NoMemory;
  }
  tcp_arg(listening, &socket);
  tcp_accept(listening, on_accept);
  tcp_setprio(listening, kStrangersPriority);
  socket.pcb = listening;
  socket.phase = Phase::Listening;
  return {};
}

/// Answers false when the connection has been reset.
bool Stack::arrived(Socket* listener, tcp_pcb* pcb) {
  Result<Socket*> found = Error::NoMemory;
  if (listener != nullptr) found = find_free(listener->client);
  if (!found) {
    tcp_abort(pcb);
    return false;
  }
  Socket& socket = **found;
  socket.kind = Kind::Stream;
  socket.phase = Phase::Pending;
  socket.family = listener->family;
  socket.pcb = pcb;
  socket.listener = listener;
  socket.is_bound = true;
  socket.own = from_lwip(pcb->local_ip, pcb->local_port, socket.family);
  socket.partner = from_lwip(pcb->remote_ip, pcb->remote_port, socket.family);
  (listener->first == nullptr ? listener->first : listener->last->next) = &socket;
  listener->last = &socket;
  listener->waiting++;
  listen_to(pcb, socket);
  tcp_backlog_delayed(pcb);
  add_event(*listener, Event::CanAccept);
  return true;
}

void Stack::leave_queue(Socket& socket) {
  Socket& listener = *socket.listener;
  Socket* before = nullptr;
  for (Socket* one = listener.first; one != &socket; one = one->next) before = one;
  (before == nullptr ? listener.first : before->next) = socket.next;
  if (listener.last == &socket) listener.last = before;
  listener.waiting--;
  socket.next = socket.listener = nullptr;
  if (listener.waiting != 0) return;
  listener.events &= ~Event::CanAccept;
  change(listener);
}

Result<u32> Stack::accept(u32 client, u64 number, Address& partner) {
  Socket& listener = *TRY(find(client, number));
  if (listener.phase != Phase::Listening) return Error::BadState;
  if (listener.first == nullptr) return Error::WouldBlock;
  Socket& socket = *listener.first;
  TRY(give_number(socket));
  leave_queue(socket);
  auto* pcb = static_cast<tcp_pcb*>(socket.pcb);
  socket.phase = Phase::Connected;
  socket.events = Event::Connected;
  partner = socket.partner;
  u32 accepted = socket.number;
  tcp_setprio(pcb, TCP_PRIO_NORMAL);
  tcp_backlog_accepted(pcb);
  if (pcb->refused_data != nullptr) tcp_process_refused_data(pcb);
  return accepted;
}

/// What comes from the partner, null: it is done. Answers false when lwIP is to keep it for now.
bool Stack::received(Socket& socket, pbuf* data) {
  auto* pcb = static_cast<tcp_pcb*>(socket.pcb);
  if (socket.phase == Phase::Pending) return data == nullptr;
  if (data == nullptr) {
    add_event(socket, Event::PartnerDone);
    if (socket.is_end_sent) {
      detach(socket);
      if (socket.phase == Phase::Closing) {
        forget(socket);
      } else {
        socket.phase = Phase::Finished;
      }
    }
    return true;
  }
  u32 length = data->tot_len;
  if (socket.is_receive_shut || socket.phase == Phase::Closing || memory_[socket.client].empty()) {
    tcp_recved(pcb, u16(length));
    pbuf_free(data);
    return true;
  }
  if (length > kRingBytes - (socket.received_filled - socket.received_taken)) return false;
  std::span<std::byte> ring = received_ring_of(socket);
  u64 place = socket.received_filled % kRingBytes;
  u32 first = u32(std::min<u64>(length, kRingBytes - place));
  pbuf_copy_partial(data, ring.data() + place, u16(first), 0);
  if (first < length) pbuf_copy_partial(data, ring.data(), u16(length - first), u16(first));
  socket.received_filled += length;
  change(socket);
  pbuf_free(data);
  return true;
}

/// What the client has taken makes room for as much. Answers false when its index makes no sense.
bool Stack::open_window(Socket& socket, const SocketState& shared) {
  u64 taken = __atomic_load_n(&shared.received_taken, __ATOMIC_ACQUIRE);
  u64 bytes = taken - socket.received_taken;
  if (bytes > socket.received_filled - socket.received_taken) return false;
  socket.received_taken = taken;
  if (socket.kind != Kind::Stream) return true;
  for (u64 rest = bytes; rest != 0;) {
    u64 part = std::min<u64>(rest, 0x8000);
    tcp_recved(static_cast<tcp_pcb*>(socket.pcb), u16(part));
    rest -= part;
  }
  return true;
}

void Stack::attend_stream(Socket& socket) {
  const SocketState& shared = *shared_state(socket);
  bool is_closing = socket.phase == Phase::Closing;
  u64 waiting = __atomic_load_n(&shared.sent_filled, __ATOMIC_ACQUIRE) - socket.sent_taken;
  if (waiting > kRingBytes || (!is_closing && !open_window(socket, shared))) {
    fail(socket, kConnectionReset);
    if (is_closing) forget(socket);
    return;
  }
  if ((socket.phase != Phase::Connected && !is_closing) || socket.is_end_sent) return;
  auto* pcb = static_cast<tcp_pcb*>(socket.pcb);
  std::span<const std::byte> ring = sent_ring_of(socket);
  u64 most = std::min<u64>({waiting, kMostAtOnce, tcp_sndbuf(pcb)}), sent = 0;
  while (sent < most) {
    u64 place = socket.sent_taken % kRingBytes;
    u64 part = std::min(most - sent, kRingBytes - place);
    UnloggedCopies unlogged;
    u8 flags = u8(TCP_WRITE_FLAG_COPY | (sent + part < waiting ? TCP_WRITE_FLAG_MORE : 0));
    if (tcp_write(pcb, ring.data() + place, u16(part), flags) != ERR_OK) {
      is_short_of_memory_ = true;
      break;
    }
    socket.sent_taken += part;
    sent += part;
  }
  if (sent != 0) change(socket);
  if (sent == waiting && socket.is_send_shut) {
    finish_sending(socket);
  } else {
    if (sent == kMostAtOnce) attend(socket);
    tcp_output(pcb);
  }
}

/// All of the ring is with lwIP: no more will come.
void Stack::finish_sending(Socket& socket) {
  auto* pcb = static_cast<tcp_pcb*>(socket.pcb);
  bool is_closing = socket.phase == Phase::Closing;
  if (!is_closing && (socket.events & Event::PartnerDone) == 0) {
    if (tcp_shutdown(pcb, 0, 1) != ERR_OK) {
      is_short_of_memory_ = true;
      return;
    }
    socket.is_end_sent = true;
    return;
  }
  socket.is_end_sent = true;
  detach(socket);
  if (is_closing) return forget(socket);
  socket.phase = Phase::Finished;
}

/// From now on the connection is lwIP's alone, which ends it: nobody receives from it any more.
void Stack::detach(Socket& socket) {
  auto* pcb = static_cast<tcp_pcb*>(std::exchange(socket.pcb, nullptr));
  tcp_arg(pcb, nullptr);
  tcp_err(pcb, nullptr);
  tcp_sent(pcb, nullptr);
  tcp_close(pcb);
}

Result<void> Stack::shutdown(u32 client, u64 number, u64 how) {
  Socket& socket = *TRY(find(client, number));
  if (how < 1 || how > 3) return Error::BadArgument;
  if (socket.kind == Kind::Stream && socket.phase != Phase::Connected && socket.phase != Phase::Finished) return Error::BadState;
  if ((how & 1) != 0) socket.is_receive_shut = true;
  if ((how & 2) != 0) {
    socket.is_send_shut = true;
    attend(socket);
  }
  return {};
}

void Stack::close_stream(Socket& socket) {
  if (socket.pcb == nullptr) return forget(socket);
  if (socket.phase != Phase::Connected) {
    drop_pcb(socket);
    return forget(socket);
  }
  // With bytes that nobody has read lwIP resets the connection, as the window then is not open.
  bool is_sound = open_window(socket, *shared_state(socket));
  if (!is_sound || socket.received_taken != socket.received_filled) {
    drop_pcb(socket);
    return forget(socket);
  }
  socket.phase = Phase::Closing;
  socket.is_send_shut = true;
  if (socket.is_end_sent) {
    detach(socket);
    return forget(socket);
  }
  attend(socket);
}

Result<void> Stack::open_pcb(Socket& socket) {
  u8 type = socket.family == 4 ? IPADDR_TYPE_V4 : IPADDR_TYPE_ANY;
  if (socket.kind != Kind::Stream) return open_datagrams(socket, type);
  tcp_pcb* pcb = tcp_new_ip_type(type);
  if (pcb == nullptr) return Error::NoMemory;
  listen_to(pcb, socket);
  socket.pcb = pcb;
  return {};
}

}  // namespace pith::network
