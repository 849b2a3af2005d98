// Connecting, sending and receiving through the stack's rings.
#include "personality/linux/network/internet_socket.h"

#include "personality/linux/environment.h"
#include "personality/linux/services.h"

namespace pith::personality {

namespace {

constexpr u64 kRing = network::kRingBytes;
/// A program that waits for room to send goes on when a quarter of the ring is free.
constexpr u64 kEnoughRoom = kRing / 4;
constexpr u64 padded(u64 size) { return (size + 7) & ~u64{7}; }

}  // namespace

Result<u64> Ring::get(Transfer& to, u64 skipped, u64 size) const {
  u64 done = 0;
  while (done < size && to.left()) {
    u64 place = (taken() + skipped + done) % kRing;
    u64 run = kRing - place < size - done ? kRing - place : size - done;
    Result<u64> put = to.put(bytes_ + place, run);
    if (!put) return done ? Result<u64>(done) : put;
    done += *put;
    if (*put < run) break;
  }
  return done;
}

void Ring::get(void* to, u64 skipped, u64 size) const {
  Transfer own(to, size);
  (void)get(own, skipped, size);
}

Result<u64> Ring::put(Transfer& from, u64 skipped, u64 size) const {
  u64 done = 0;
  while (done < size && from.left()) {
    u64 place = (filled() + skipped + done) % kRing;
    u64 run = kRing - place < size - done ? kRing - place : size - done;
    Result<u64> taken = from.take(bytes_ + place, run);
    if (!taken) return done ? Result<u64>(done) : taken;
    done += *taken;
    if (*taken < run) break;
  }
  return done;
}

void Ring::put(const void* from, u64 skipped, u64 size) const {
  Transfer own(const_cast<void*>(from), size);
  (void)put(own, skipped, size);
}

std::vector<InternetSocket*>& InternetSocket::all() {
  [[clang::no_destroy]] static std::vector<InternetSocket*> sockets;
  return sockets;
}

InternetSocket::InternetSocket(NetworkService& stack, u64 number, u32 its_family, u32 type, u32 its_protocol)
    : SocketFile(its_family, type, its_protocol), stack_(stack), number_(u32(number)) {
  all().push_back(this);
}

InternetSocket::~InternetSocket() {
  std::erase(all(), this);
  // Lingering for no time means a reset; for some time, that closing waits, which the stack does by itself without keeping anybody.
  u64 abort = lingers && linger_seconds == 0;
  environment().sockets_to_close.push_back({number_, abort});
}

void close_sockets() {
  Environment& env = environment();
  while (!env.sockets_to_close.empty()) {
    auto [number, abort] = env.sockets_to_close.back();
    env.sockets_to_close.pop_back();
    Unlocked unlocked;
    (void)env.services.network()->close(number, abort);
  }
}

Ring InternetSocket::received() const {
  network::SocketState& words = memory().sockets[number_];
  return Ring(stack_.memory().data() + network::received_ring(number_), &words.received_filled, &words.received_taken);
}

Ring InternetSocket::sent() const {
  network::SocketState& words = memory().sockets[number_];
  return Ring(stack_.memory().data() + network::sent_ring(number_), &words.sent_filled, &words.sent_taken);
}

void InternetSocket::look() {
  Seen now_seen = {events(), received().filled(), sent().taken()};
  if (now_seen == seen_) return;
  seen_ = now_seen;
  changed_.wake_all();
}

void InternetSocket::settle_connection() {
  if (phase_ != Phase::Connecting) return;
  u64 now_events = events();
  if (now_events & network::Event::ConnectFailed)
    phase_ = Phase::Idle;
  else if (now_events & (network::Event::Connected | network::Event::Reset))
    phase_ = Phase::Connected;
}

Error InternetSocket::gone_error() {
  if (has_told_error_) return kSuccess;
  u64 now_events = events();
  if (!(now_events & (network::Event::Reset | network::Event::ConnectFailed))) return kSuccess;
  has_told_error_ = true;
  u64 number = __atomic_load_n(&state().error, __ATOMIC_ACQUIRE);
  constexpr u64 kMostErrors = 133;
  if (number == 0 || number > kMostErrors)
    return now_events & network::Event::ConnectFailed ? LinuxError::ConnectionRefused : LinuxError::ConnectionReset;
  return linux_error(u32(number));
}

u32 InternetSocket::take_error() {
  settle_connection();
  Error error = gone_error();
  return error == kSuccess ? 0 : errno_of(error);
}

Result<void> InternetSocket::bind(Task&, const SocketAddress& address) {
  network::Address wanted = TRY(address_from(address));
  Result<void> done;
  {
    Unlocked unlocked;
    done = stack_.bind(number_, wanted);
  }
  return done ? Result<void>() : Result<void>(done.error() == Error::BadState ? LinuxError::Invalid : network_error(done.error()));
}

Result<void> InternetSocket::listen(u32 backlog) {
  if (!is_stream()) return LinuxError::NotSupported;
  if (phase_ == Phase::Connecting || phase_ == Phase::Connected) return LinuxError::Invalid;
  Result<void> done;
  {
    Unlocked unlocked;
    done = stack_.listen(number_, backlog ? backlog : 1);
  }
  if (!done) return done.error() == Error::BadState ? LinuxError::Invalid : network_error(done.error());
  phase_ = Phase::Listening;
  return {};
}

Result<void> InternetSocket::connect(Task& task, const SocketAddress& address) {
  constexpr u32 kUnspecified = 0;
  if (!is_stream()) {
    network::Address partner = {};
    if (address.family() != kUnspecified) partner = TRY(address_from(address));
    Result<void> done;
    {
      Unlocked unlocked;
      done = stack_.connect(number_, partner);
    }
    if (!done) return done.error() == Error::BadAddress ? LinuxError::NetworkUnreachable : network_error(done.error());
    has_partner_ = partner.family;
    return {};
  }
  look();
  settle_connection();
  if (phase_ == Phase::Connected) return LinuxError::IsConnected;
  if (phase_ == Phase::Listening) return LinuxError::IsConnected;
  bool is_first = phase_ == Phase::Idle;
  if (is_first) {
    // A failure that nobody has asked for yet is told here.
    if (Error error = gone_error(); error != kSuccess) return error;
    network::Address partner = TRY(address_from(address));
    Result<void> done;
    {
      Unlocked unlocked;
      done = stack_.connect(number_, partner);
    }
    if (!done && done.error() == Error::BadAddress) return LinuxError::NetworkUnreachable;
    if (!done && done.error() == Error::BadState) return LinuxError::IsConnected;
    if (!done) return network_error(done.error());
    phase_ = Phase::Connecting;
    has_told_error_ = false;
    // How it ends is told later to those who do not wait, however soon it does.
    if (is_nonblocking()) return LinuxError::InProgress;
    look();
    settle_connection();
  }
  u64 deadline = send_timeout ? now() + send_timeout : 0;
  while (phase_ == Phase::Connecting) {
    if (is_nonblocking()) return LinuxError::AlreadyConnecting;
    Result<void> waited = task.wait_on(changed_, deadline);
    look();
    settle_connection();
    if (waited || phase_ != Phase::Connecting) continue;
    return waited.error() == LinuxError::TimedOut ? LinuxError::InProgress : waited.error();
  }
  if (Error error = gone_error(); error != kSuccess) return error;
  return phase_ == Phase::Connected ? Result<void>() : Result<void>(LinuxError::ConnectionRefused);
}

Result<Reference<SocketFile>> InternetSocket::accept(Task& task, SocketAddress& partner) {
  if (!is_stream()) return LinuxError::NotSupported;
  if (phase_ != Phase::Listening) return LinuxError::Invalid;
  u64 deadline = receive_timeout ? now() + receive_timeout : 0;
  for (;;) {
    Result<AcceptedSocket> accepted = Error::WouldBlock;
    {
      Unlocked unlocked;
      accepted = stack_.accept(number_);
    }
    if (accepted) {
      auto* socket = new InternetSocket(stack_, accepted->socket, family, kind, protocol);
      socket->phase_ = Phase::Connected;
      partner = socket_address(accepted->address, family);
      return Reference<SocketFile>(socket);
    }
    if (accepted.error() != Error::WouldBlock) return network_error(accepted.error());
    if (has_shut_receive_) return LinuxError::Invalid;
    if (is_nonblocking()) return LinuxError::TryAgain;
    look();
    if (events() & network::Event::CanAccept) continue;  // it came while the answer was under way
    Result<void> waited = task.wait_on(changed_, deadline);
    if (!waited) return waited.error() == LinuxError::TimedOut ? LinuxError::TryAgain : waited.error();
  }
}

Result<u64> InternetSocket::send_stream(Task& task, Transfer& from, u32 message_flags) {
  u64 deadline = send_timeout ? now() + send_timeout : 0;
  u64 done = 0;
  Ring ring = sent();
  auto ended = [&](Error error) { return done ? Result<u64>(done) : Result<u64>(error); };
  for (;;) {
    look();
    settle_connection();
    if (has_shut_send_) return ended(LinuxError::BrokenPipe);
    if (phase_ == Phase::Idle || phase_ == Phase::Listening) {
      Error error = gone_error();
      return ended(error != kSuccess ? error : phase_ == Phase::Listening ? LinuxError::NotConnected : LinuxError::BrokenPipe);
    }
    if (phase_ == Phase::Connected && events() & network::Event::Reset) {
      Error error = gone_error();
      return ended(error != kSuccess ? error : LinuxError::BrokenPipe);
    }
    if (phase_ == Phase::Connected && !from.left()) return done;
    if (phase_ == Phase::Connected && ring.room()) {
      Result<u64> taken = ring.put(from, 0, ring.room());
      if (!taken) return ended(taken.error());
      ring.fill(*taken);
      done += *taken;
      Unlocked unlocked;
      stack_.ring();
      continue;
    }
    if (!may_wait(message_flags)) return ended(LinuxError::TryAgain);
    Result<void> waited = task.wait_on(changed_, deadline);
    if (!waited) return ended(waited.error() == LinuxError::TimedOut ? LinuxError::TryAgain : waited.error());
  }
}

Result<u64> InternetSocket::send_datagram(Task& task, Transfer& from, MessageParts& parts, u32 message_flags) {
  network::Datagram record = {};
  FrameHead frame;
  // Of whole frames the head says to whom; the stack writes it anew.
  u64 head = is_whole_frame() ? sizeof frame : 0;
  if (head && (from.left() < head || TRY(from.take(&frame, head)) < head)) return LinuxError::Invalid;
  record.length = u32(from.left());
  if (from.left() > kRing - sizeof record) return LinuxError::MessageTooLong;
  if (head)
    record.address = frame.partner();
  else if (parts.address.length)
    record.address = TRY(address_from(parts.address));
  else if (!has_partner_)
    return LinuxError::NoDestination;
  if (has_shut_send_) return LinuxError::BrokenPipe;
  u64 deadline = send_timeout ? now() + send_timeout : 0;
  u64 needed = padded(sizeof record + record.length);
  Ring ring = sent();
  for (look(); ring.room() < needed; look()) {
    if (!may_wait(message_flags)) return LinuxError::TryAgain;
    Result<void> waited = task.wait_on(changed_, deadline);
    if (!waited) return waited.error() == LinuxError::TimedOut ? LinuxError::TryAgain : waited.error();
  }
  u64 length = record.length;
  if (TRY(ring.put(from, sizeof record, length)) < length) return LinuxError::BadPointer;
  ring.put(&record, 0, sizeof record);
  ring.fill(needed);
  Unlocked unlocked;
  stack_.ring();
  return head + length;
}

Result<u64> InternetSocket::send(Task& task, Transfer& from, MessageParts& parts, u32 message_flags) {
  if (message_flags & MessageFlag::OutOfBand) return LinuxError::NotSupported;
  return is_stream() ? send_stream(task, from, message_flags) : send_datagram(task, from, parts, message_flags);
}

Result<u64> InternetSocket::receive_stream(Task& task, Transfer& to, u32 message_flags) {
  u64 deadline = receive_timeout ? now() + receive_timeout : 0;
  u64 done = 0;
  Ring ring = received();
  auto ended = [&](Error error) { return done ? Result<u64>(done) : Result<u64>(error); };
  for (;;) {
    look();
    settle_connection();
    if (phase_ == Phase::Idle || phase_ == Phase::Listening) {
      Error error = gone_error();
      return ended(error != kSuccess ? error : LinuxError::NotConnected);
    }
    bool peeks = message_flags & MessageFlag::Peek;
    if (u64 used = ring.used(); used && phase_ == Phase::Connected && !has_shut_receive_) {
      if (!to.left()) return done;
      if (peeks && message_flags & MessageFlag::WaitAll && used < to.left() && !(events() & network::Event::PartnerDone)) {
        // waits below for the rest
      } else {
        Result<u64> got = ring.get(to, 0, used);
        if (!got) return ended(got.error());
        done += *got;
        if (peeks) return done;
        ring.take(*got);
        {
          Unlocked unlocked;
          stack_.ring();
        }
        if (!to.left() || !(message_flags & MessageFlag::WaitAll)) return done;
        continue;
      }
    } else if (phase_ == Phase::Connected) {
      if (has_shut_receive_) return done;
      if (events() & network::Event::Reset) {
        Error error = gone_error();
        return error == kSuccess || done ? Result<u64>(done) : Result<u64>(error);
      }
      // The stack puts bytes in before it says that there are no more: look once more.
      if (events() & network::Event::PartnerDone && !ring.used()) return done;
      if (ring.used()) continue;
    }
    if (!to.left()) return done;
    if (!may_wait(message_flags)) return ended(LinuxError::TryAgain);
    Result<void> waited = task.wait_on(changed_, deadline);
    if (!waited) return ended(waited.error() == LinuxError::TimedOut ? LinuxError::TryAgain : waited.error());
  }
}

Result<u64> InternetSocket::receive_datagram(Task& task, Transfer& to, MessageParts& parts, u32 message_flags) {
  u64 deadline = receive_timeout ? now() + receive_timeout : 0;
  Ring ring = received();
  network::Datagram record = {};
  for (look(); ring.used() < sizeof record; look()) {
    if (has_shut_receive_) return u64{0};
    if (Error error = gone_error(); error != kSuccess) return error;
    if (!may_wait(message_flags)) return LinuxError::TryAgain;
    Result<void> waited = task.wait_on(changed_, deadline);
    if (!waited) return waited.error() == LinuxError::TimedOut ? LinuxError::TryAgain : waited.error();
  }
  ring.get(&record, 0, sizeof record);
  u64 whole = padded(sizeof record + record.length), skipped = sizeof record;
  if (whole > ring.used()) return LinuxError::InputOutput;
  parts.address = socket_address(record.address, family);
  if (family == SocketFamily::Packet) {
    FrameHead frame;
    if (record.length < sizeof frame) return LinuxError::InputOutput;
    ring.get(&frame, skipped, sizeof frame);
    frame.tell_kind(parts.address);
    if (!is_whole_frame()) skipped += sizeof frame, record.length -= sizeof frame;
  }
  parts.full_length = record.length;
  u64 wanted = record.length < to.left() ? record.length : to.left();
  if (wanted < record.length) parts.flags |= MessageFlag::Truncated;
  Result<u64> got = wanted ? ring.get(to, skipped, wanted) : Result<u64>(u64{0});
  if (got && !(message_flags & MessageFlag::Peek)) {
    ring.take(whole);
    Unlocked unlocked;
    stack_.ring();
  }
  return got;
}

Result<u64> InternetSocket::receive(Task& task, Transfer& to, MessageParts& parts, u32 message_flags) {
  if (message_flags & MessageFlag::OutOfBand) return LinuxError::Invalid;
  return is_stream() ? receive_stream(task, to, message_flags) : receive_datagram(task, to, parts, message_flags);
}

Result<void> InternetSocket::shutdown(ShutdownSide side) {
  settle_connection();
  if (is_stream() && phase_ != Phase::Connected && phase_ != Phase::Listening) return LinuxError::NotConnected;
  if (!is_stream() && !has_partner_) return LinuxError::NotConnected;
  if (side != ShutdownSide::Send) has_shut_receive_ = true;
  if (side != ShutdownSide::Receive) has_shut_send_ = true;
  changed_.wake_all();
  Result<void> done;
  {
    Unlocked unlocked;
    done = stack_.shutdown(number_, side == ShutdownSide::Receive ? 1 : side == ShutdownSide::Send ? 2 : 3);
  }
  if (!done && done.error() == Error::BadState) return {};  // it is closed already, as was asked
  return done ? Result<void>() : Result<void>(network_error(done.error()));
}

Result<SocketAddress> InternetSocket::own_address() {
  Result<network::Address> address = Error::NotFound;
  {
    Unlocked unlocked;
    address = stack_.own_address(number_);
  }
  if (!address) return network_error(address.error());
  return socket_address(*address, family);
}

Result<SocketAddress> InternetSocket::partner_address() {
  settle_connection();
  if (is_stream() ? phase_ != Phase::Connected : !has_partner_) return LinuxError::NotConnected;
  Result<network::Address> address = Error::NotFound;
  {
    Unlocked unlocked;
    address = stack_.partner(number_);
  }
  if (!address) return address.error() == Error::BadState ? LinuxError::NotConnected : network_error(address.error());
  return socket_address(*address, family);
}

u64 InternetSocket::bytes_ready() {
  Ring ring = received();
  if (is_stream()) return ring.used();
  network::Datagram record = {};
  if (ring.used() < sizeof record) return 0;
  ring.get(&record, 0, sizeof record);
  return record.length;
}

u32 InternetSocket::poll(Task&, Poller* poller) {
  look();
  if (poller) poller->wait_on(changed_);
  settle_connection();
  u64 now_events = events();
  constexpr u32 kIn = PollEvent::In | PollEvent::ReadNormal, kOut = PollEvent::Out | PollEvent::WriteNormal;
  u32 result = 0;
  bool fails = !has_told_error_ && now_events & (network::Event::Reset | network::Event::ConnectFailed);
  if (fails) result |= PollEvent::Error;
  if (!is_stream()) {
    if (received().used() >= sizeof(network::Datagram) || has_shut_receive_) result |= kIn;
    if (sent().room() >= kEnoughRoom) result |= kOut;
    return result;
  }
  switch (phase_) {
    case Phase::Listening:
      return result | (now_events & network::Event::CanAccept ? kIn : 0);
    case Phase::Idle:
      return result | kOut | PollEvent::HangUp | (fails ? kIn : 0);
    case Phase::Connecting:
      return result;
    case Phase::Connected:
      break;
  }
  bool ended = now_events & (network::Event::PartnerDone | network::Event::Reset) || has_shut_receive_;
  bool gone = now_events & network::Event::Reset;
  if (received().used() || ended) result |= kIn;
  if (ended) result |= PollEvent::ReadHangUp;
  if ((ended && has_shut_send_) || gone) result |= PollEvent::HangUp;
  if (sent().room() >= kEnoughRoom || has_shut_send_ || gone) result |= kOut;
  return result;
}

Result<Reference<SocketFile>> make_internet_socket(Task& task, u32 family, u32 type, u32 protocol) {
  constexpr u32 kTcp = 6, kUdp = 17, kAny = 0;
  NetworkService* stack = environment().services.network();
  if (!stack) return LinuxError::NoFamily;
  if (family == SocketFamily::Packet) return make_packet_socket(task, *stack, type, protocol);
  if (type < SocketType::Stream || type > SocketType::Raw) return LinuxError::NoSocketType;
  if (type == SocketType::Stream && protocol != kAny && protocol != kTcp) return LinuxError::NoProtocol;
  if (type == SocketType::Datagram && protocol != kAny && protocol != kUdp) return LinuxError::NoProtocol;
  if (type == SocketType::Raw && protocol == kAny) return LinuxError::NoProtocol;
  if (type == SocketType::Raw && !task.process.credentials.is_root()) return LinuxError::NotPermitted;
  u64 version = family == SocketFamily::Internet4 ? 4 : 6;
  Result<u64> number = Error::NotFound;
  {
    Unlocked unlocked;
    number = stack->open(type, version, protocol);
  }
  if (!number) return number.error() == Error::NotFound ? LinuxError::NoFamily : network_error(number.error());
  if (*number >= network::kSockets) return LinuxError::InputOutput;
  u32 told = protocol ? protocol : type == SocketType::Stream ? kTcp : kUdp;
  return Reference<SocketFile>(new InternetSocket(*stack, *number, family, type, told));
}

void run_network() {
  Environment& env = environment();
  NetworkService* stack = env.services.network();
  if (!stack) return;
  for (;;) {
    (void)stack->wait();
    Lock lock(env.lock);
    for (InternetSocket* socket : InternetSocket::all()) socket->look();
  }
}

}  // namespace pith::personality
