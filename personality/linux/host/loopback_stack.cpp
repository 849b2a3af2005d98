// Host: connections, bytes and datagrams from ring to ring.
#include "personality/linux/host/loopback_stack.h"

#include <string.h>

#include "abi/error.h"

namespace pith::personality {

namespace {

constexpr u64 kStream = 1, kDatagrams = 2, kRaw = 3;
constexpr u64 kRing = network::kRingBytes;
constexpr u64 padded(u64 size) { return (size + 7) & ~u64{7}; }
u64 load(const u64& word) { return __atomic_load_n(&word, __ATOMIC_ACQUIRE); }
void store(u64& word, u64 value) { __atomic_store_n(&word, value, __ATOMIC_RELEASE); }

bool is_any(const network::Address& address) {
  constexpr u8 kZero[16] = {};
  return memcmp(address.bytes, kZero, address.family == 4 ? 4 : 16) == 0;
}

/// Whether an address is this machine's own.
bool is_own(const network::Address& address) {
  constexpr u8 kOwn6[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return is_any(address) || (address.family == 4 ? address.bytes[0] == 127 : memcmp(address.bytes, kOwn6, 16) == 0);
}

network::Address own_of(u64 family) {
  network::Address address = {};
  address.family = u32(family);
  if (family == 4)
    address.bytes[0] = 127, address.bytes[3] = 1;
  else
    address.bytes[15] = 1;
  return address;
}

u16 checksum(const std::vector<std::byte>& bytes, u64 from) {
  u32 sum = 0;
  for (u64 place = from; place < bytes.size(); place += 2)
    sum += u32(bytes[place]) << 8 | (place + 1 < bytes.size() ? u32(bytes[place + 1]) : 0);
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return u16(~sum);
}

}  // namespace

LoopbackStack::LoopbackStack() : memory_(network::kMemoryBytes), sockets_(network::kSockets) {
  memcpy(loopback_.name, "lo", 3);
  loopback_.mtu = 65536;
  loopback_.flags = 1 | 4;
  loopback_.address[0] = 127, loopback_.address[3] = 1, loopback_.mask[0] = 255;
}

void LoopbackStack::tell() {
  has_rung_ = true;
  rung_.notify_all();
}

Result<void> LoopbackStack::wait() {
  std::unique_lock lock(mutex_);
  rung_.wait(lock, [&] { return has_rung_; });
  has_rung_ = false;
  return {};
}

void LoopbackStack::ring() {
  std::lock_guard lock(mutex_);
  pump();
}

Result<LoopbackStack::Socket*> LoopbackStack::find(u64 number) {
  if (number >= sockets_.size() || !sockets_[number].is_open || !sockets_[number].owns_shared) return Error::NotFound;
  return &sockets_[number];
}

u32 LoopbackStack::allocate(u64 kind, u64 family, u64 protocol) {
  for (u32 number = 0; number < sockets_.size(); number++) {
    if (sockets_[number].is_open) continue;
    sockets_[number] = {};
    sockets_[number].is_open = true;
    sockets_[number].kind = kind;
    sockets_[number].family = family;
    sockets_[number].protocol = protocol;
    network::SocketState& words = state(number);
    for (u64* word : {&words.events, &words.error, &words.received_filled, &words.received_taken, &words.sent_filled, &words.sent_taken})
      store(*word, 0);
    store(words.generation, ++generations_);
    return number;
  }
  return kNone;
}

Result<u64> LoopbackStack::open(u64 kind, u64 family, u64 protocol) {
  std::lock_guard lock(mutex_);
  u32 number = allocate(kind, family, protocol);
  if (number == kNone) return Error::NoSpace;
  return u64{number};
}

void LoopbackStack::add_events(u32 number, u64 events, u64 error) {
  if (error) store(state(number).error, error);
  store(state(number).events, load(state(number).events) | events);
  tell();
}

u32 LoopbackStack::find_bound(u64 kind, const network::Address& address, bool listening) {
  for (u32 number = 0; number < sockets_.size(); number++) {
    const Socket& socket = sockets_[number];
    if (socket.is_open && socket.owns_shared && socket.kind == kind && socket.is_bound && socket.own.port == address.port &&
        (!listening || socket.listens) && socket.peer == kNone)
      return number;
  }
  return kNone;
}

void LoopbackStack::bind_any(u32 number, u64 family) {
  Socket& socket = sockets_[number];
  if (socket.is_bound) return;
  socket.own = own_of(family);
  socket.own.port = next_port_++;
  socket.is_bound = true;
}

Result<void> LoopbackStack::bind(u64 number, const network::Address& address) {
  std::lock_guard lock(mutex_);
  Socket& socket = *TRY(find(number));
  if (socket.is_bound) return Error::BadState;
  if (!is_own(address)) return Error::BadAddress;
  if (address.port && find_bound(socket.kind, address, false) != kNone) return Error::Occupied;
  socket.own = address;
  if (!socket.own.port) socket.own.port = next_port_++;
  socket.is_bound = true;
  return {};
}

Result<void> LoopbackStack::connect(u64 number, const network::Address& address) {
  std::lock_guard lock(mutex_);
  Socket& socket = *TRY(find(number));
  if (socket.kind != kStream) {
    socket.partner = address;
    if (address.family) bind_any(u32(number), address.family);
    return {};
  }
  if (socket.peer != kNone || socket.listens) return Error::BadState;
  if (!is_own(address)) return Error::BadAddress;
  bind_any(u32(number), address.family);
  constexpr u64 kRefused = 111;
  u32 listener = find_bound(kStream, address, true);
  u32 end =
      listener == kNone || sockets_[listener].waiting.size() > sockets_[listener].backlog ? kNone : allocate(kStream, socket.family, 0);
  if (end == kNone) {
    add_events(u32(number), network::Event::ConnectFailed, kRefused);
    return {};
  }
  Socket& other = sockets_[end];
  other.owns_shared = true;
  other.own = sockets_[listener].own;
  if (is_any(other.own)) memcpy(other.own.bytes, own_of(address.family).bytes, 16), other.own.family = address.family;
  other.partner = socket.own;
  other.peer = u32(number);
  other.is_bound = true;
  socket.partner = address;
  socket.peer = end;
  sockets_[listener].waiting.push_back(end);
  add_events(end, network::Event::Connected);
  add_events(listener, network::Event::CanAccept);
  add_events(u32(number), network::Event::Connected);
  return {};
}

Result<void> LoopbackStack::listen(u64 number, u64 backlog) {
  std::lock_guard lock(mutex_);
  Socket& socket = *TRY(find(number));
  if (socket.peer != kNone) return Error::BadState;
  bind_any(u32(number), socket.family);
  socket.listens = true;
  socket.backlog = backlog;
  return {};
}

Result<AcceptedSocket> LoopbackStack::accept(u64 number) {
  std::lock_guard lock(mutex_);
  Socket& socket = *TRY(find(number));
  if (!socket.listens) return Error::BadState;
  if (socket.waiting.empty()) return Error::WouldBlock;
  AcceptedSocket accepted{socket.waiting.front(), {}};
  accepted.address = sockets_[accepted.socket].partner;
  socket.waiting.pop_front();
  if (socket.waiting.empty()) store(state(u32(number)).events, load(state(u32(number)).events) & ~network::Event::CanAccept);
  return accepted;
}

/// Nothing more comes from this side once its ring is empty.
void LoopbackStack::end_stream(u32 number) {
  Socket& socket = sockets_[number];
  if (!socket.has_ended || load(state(number).sent_filled) != load(state(number).sent_taken)) return;
  if (socket.peer != kNone) add_events(socket.peer, network::Event::PartnerDone);
  if (socket.owns_shared) return;
  if (socket.peer != kNone) sockets_[socket.peer].peer = kNone;
  socket.is_open = false;
}

Result<void> LoopbackStack::shutdown(u64 number, u64 how) {
  std::lock_guard lock(mutex_);
  Socket& socket = *TRY(find(number));
  if (how & 2) {
    socket.has_ended = true;
    pump();
    end_stream(u32(number));
  }
  return {};
}

Result<void> LoopbackStack::close(u64 number, u64 abort) {
  std::lock_guard lock(mutex_);
  Socket& socket = *TRY(find(number));
  constexpr u64 kReset = 104;
  for (u32 waiting : socket.waiting) {
    if (sockets_[waiting].peer != kNone) {
      add_events(sockets_[waiting].peer, network::Event::Reset, kReset);
      sockets_[sockets_[waiting].peer].peer = kNone;
    }
    sockets_[waiting].is_open = false;
  }
  socket.waiting.clear();
  pump();
  bool unread = load(state(u32(number)).received_filled) != load(state(u32(number)).received_taken);
  if (socket.kind == kStream && socket.peer != kNone && (abort || unread)) {
    add_events(socket.peer, network::Event::Reset, kReset);
    sockets_[socket.peer].peer = kNone;
    socket.is_open = false;
    return {};
  }
  socket.owns_shared = false;
  if (socket.kind != kStream || socket.peer == kNone) {
    socket.is_open = false;
    return {};
  }
  socket.has_ended = true;
  end_stream(u32(number));
  return {};
}

void LoopbackStack::pump_stream(u32 number) {
  Socket& socket = sockets_[number];
  if (socket.peer == kNone) return;
  network::SocketState &from = state(number), &to = state(socket.peer);
  if (!sockets_[socket.peer].owns_shared) {  // nobody reads: a partner that writes to it is told
    constexpr u64 kReset = 104;
    if (load(from.sent_filled) == load(from.sent_taken)) return;
    store(from.sent_taken, load(from.sent_filled));
    add_events(number, network::Event::Reset, kReset);
    return;
  }
  bool moved = false;
  while (load(from.sent_taken) != load(from.sent_filled) && load(to.received_filled) - load(to.received_taken) < kRing) {
    u64 source = load(from.sent_taken), goal = load(to.received_filled);
    u64 run = load(from.sent_filled) - source;
    u64 room = kRing - (goal - load(to.received_taken));
    for (u64 most : {room, kRing - source % kRing, kRing - goal % kRing})
      if (run > most) run = most;
    memcpy(memory_.data() + network::received_ring(socket.peer) + goal % kRing,
           memory_.data() + network::sent_ring(number) + source % kRing, run);
    store(to.received_filled, goal + run);
    store(from.sent_taken, source + run);
    moved = true;
  }
  if (moved) tell();
  end_stream(number);
}

void LoopbackStack::deliver(u32 to, const network::Address& from, const std::vector<std::byte>& bytes) {
  network::SocketState& words = state(to);
  u64 filled = load(words.received_filled), whole = padded(sizeof(network::Datagram) + bytes.size());
  if (whole > kRing - (filled - load(words.received_taken))) return;  // lost
  network::Datagram record{u32(bytes.size()), 0, from};
  std::byte* ring = memory_.data() + network::received_ring(to);
  for (u64 index = 0; index < sizeof record; index++) ring[(filled + index) % kRing] = reinterpret_cast<std::byte*>(&record)[index];
  for (u64 index = 0; index < bytes.size(); index++) ring[(filled + sizeof record + index) % kRing] = bytes[index];
  store(words.received_filled, filled + whole);
  tell();
}

/// As the other host would: an echo request comes back as an answer, with a header of version 4 in front.
void LoopbackStack::answer_echo(u32 number, const network::Address& to, std::vector<std::byte> bytes) {
  constexpr std::byte kRequest{8}, kAnswer{0};
  if (bytes.size() < 8 || bytes[0] != kRequest) return;
  bytes[0] = kAnswer;
  bytes[2] = bytes[3] = std::byte{0};
  u16 sum = checksum(bytes, 0);
  bytes[2] = std::byte(sum >> 8), bytes[3] = std::byte(sum);
  std::vector<std::byte> packet(20);
  packet[0] = std::byte{0x45};
  packet[8] = std::byte{64};
  packet[9] = std::byte{1};
  memcpy(&packet[12], to.bytes, 4);
  memcpy(&packet[16], own_of(4).bytes, 4);
  packet.insert(packet.end(), bytes.begin(), bytes.end());
  deliver(number, to, packet);
}

void LoopbackStack::pump_records(u32 number) {
  network::SocketState& words = state(number);
  std::byte* ring = memory_.data() + network::sent_ring(number);
  while (load(words.sent_taken) != load(words.sent_filled)) {
    u64 taken = load(words.sent_taken);
    network::Datagram record;
    for (u64 index = 0; index < sizeof record; index++) reinterpret_cast<std::byte*>(&record)[index] = ring[(taken + index) % kRing];
    std::vector<std::byte> bytes(record.length);
    for (u64 index = 0; index < bytes.size(); index++) bytes[index] = ring[(taken + sizeof record + index) % kRing];
    store(words.sent_taken, taken + padded(sizeof record + record.length));
    const network::Address& to = record.address.family ? record.address : sockets_[number].partner;
    bind_any(number, to.family);
    network::Address from = sockets_[number].own;
    if (is_any(from)) memcpy(from.bytes, own_of(to.family).bytes, 16), from.family = to.family;
    if (sockets_[number].kind == kRaw)
      answer_echo(number, to, std::move(bytes));
    else if (u32 target = find_bound(kDatagrams, to, false); target != kNone && is_own(to))
      deliver(target, from, bytes);
    tell();
  }
}

void LoopbackStack::pump() {
  for (u32 number = 0; number < sockets_.size(); number++) {
    if (!sockets_[number].is_open) continue;
    if (sockets_[number].kind == kStream)
      pump_stream(number);
    else
      pump_records(number);
  }
}

Result<network::Address> LoopbackStack::own_address(u64 number) {
  std::lock_guard lock(mutex_);
  Socket& socket = *TRY(find(number));
  network::Address address = socket.own;
  if (!address.family) address.family = u32(socket.family);
  return address;
}

Result<network::Address> LoopbackStack::partner(u64 number) {
  std::lock_guard lock(mutex_);
  Socket& socket = *TRY(find(number));
  if (!socket.partner.family) return Error::BadState;
  return socket.partner;
}

Result<void> LoopbackStack::set_option(u64 number, u64 option, u64 value) {
  std::lock_guard lock(mutex_);
  Socket& socket = *TRY(find(number));
  if (option >= 16) return Error::NotSupported;
  socket.options[option] = value;
  return {};
}

Result<u64> LoopbackStack::option(u64 number, u64 option) {
  std::lock_guard lock(mutex_);
  Socket& socket = *TRY(find(number));
  if (option >= 16) return Error::NotSupported;
  return socket.options[option];
}

Result<network::Interface> LoopbackStack::interface_state(u64 number) {
  std::lock_guard lock(mutex_);
  if (number) return Error::NotFound;
  return loopback_;
}

Result<void> LoopbackStack::configure(u64 number, u64 changes, const network::Interface& wanted) {
  std::lock_guard lock(mutex_);
  if (number) return Error::NotFound;
  if (changes & network::InterfaceChange::Flags) loopback_.flags = wanted.flags;
  if (changes & network::InterfaceChange::Address) memcpy(loopback_.address, wanted.address, 4), memcpy(loopback_.mask, wanted.mask, 4);
  if (changes & network::InterfaceChange::Gateway) memcpy(loopback_.gateway, wanted.gateway, 4);
  return {};
}

Result<std::string> LoopbackStack::status(u64) { return std::string(); }

u64 LoopbackStack::open_sockets() {
  std::lock_guard lock(mutex_);
  u64 count = 0;
  for (const Socket& socket : sockets_) count += socket.is_open;
  return count;
}

}  // namespace pith::personality
