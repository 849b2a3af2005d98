// Keeps the network busy and knows what must come: connections over the loopback interface, one after the other, one to a server on the
// host that sends everything back (the port is the word `echo=PORT` of the command line), and the gateway's echoes carry bytes, which are
// compared.
#include <algorithm>
#include <cstdio>
#include <cstring>

#include "abi/error.h"
#include "lib/clock.h"
#include "lib/driver_memory.h"
#include "lib/log.h"
#include "lib/random.h"
#include "lib/shared_memory.h"
#include "lib/start.h"
#include "protocols/network.h"
#include "protocols/socket_memory.h"
#include "tests/components/wait.h"
#include "tests/fault/findings.h"
#include "tests/fault/plan.h"

namespace {

using namespace pith;
using namespace pith::network;
using torture::Finding;

constexpr u32 kPort = 7;
constexpr u64 kMostAtOnce = 8000, kLongestConnection = 300'000, kOperation = 1024;
/// How long a connection over the loopback interface may carry nothing. That to the host waits for the host, too: it may stand still for
/// as long as it takes to repeat what was lost.
constexpr u64 kPatience = 2 * kSecond;

std::span<const std::byte> bytes_of(const Address& address) { return std::as_bytes(std::span(&address, 1)); }

/// What byte number `place` of connection number `connection` is.
std::byte pattern(u64 connection, u64 place) { return std::byte((connection << 32 | place) * 0x9e3779b97f4a7c15 >> 56); }

/// The stack, and the sockets' rings.
class Sockets {
 public:
  Sockets(protocols::NetworkClient stack, const SharedMemory& memory, CapabilitySlot doorbell)
      : stack_(stack), memory_(memory), doorbell_{doorbell} {}

  const protocols::NetworkClient& stack() const { return stack_; }
  SocketState& state(u32 socket) const { return reinterpret_cast<SocketMemory*>(memory_.bytes.data())->sockets[socket]; }
  u64 events(u32 socket) const { return load_shared(state(socket).events); }

  /// Puts in bytes of the connection up to its byte number `end`, as many as there is room for. Answers how many.
  u64 send(u32 socket, u64 connection, u64 end) const {
    SocketState& is = state(socket);
    u64 room = kRingBytes - (is.sent_filled - load_shared(is.sent_taken));
    u64 count = std::min({room, end - is.sent_filled, kMostAtOnce});
    for (u64 i = is.sent_filled; i < is.sent_filled + count; i++)
      memory_.bytes[sent_ring(socket) + i % kRingBytes] = pattern(connection, i);
    store_shared(is.sent_filled, is.sent_filled + count);
    return count;
  }
  /// Takes what has come. Answers how many bytes; `is_right` says whether each is what it should be, and not more than was sent.
  u64 take(u32 socket, u64 connection, u64 sent, bool& is_right) const {
    SocketState& is = state(socket);
    u64 filled = load_shared(is.received_filled), count = filled - is.received_taken;
    is_right = filled <= sent && count <= kRingBytes;
    for (u64 i = is.received_taken; is_right && i < filled; i++)
      is_right = memory_.bytes[received_ring(socket) + i % kRingBytes] == pattern(connection, i);
    store_shared(is.received_taken, filled);
    return count;
  }
  void ring() const { (void)doorbell_.signal(0); }

  /// A record for a socket that is no stream; there is room.
  void put(u32 socket, const u8* record, usize length) const {
    SocketState& is = state(socket);
    for (usize i = 0; i < length; i++) memory_.bytes[sent_ring(socket) + (is.sent_filled + i) % kRingBytes] = std::byte(record[i]);
    store_shared(is.sent_filled, is.sent_filled + (length + 7) / 8 * 8);
  }
  /// The next record's bytes, as many as there is room for; 0: there is none.
  usize get(u32 socket, u8* room, usize most) const {
    SocketState& is = state(socket);
    u64 filled = load_shared(is.received_filled), at = is.received_taken;
    if (filled - at < sizeof(Datagram)) return 0;
    Datagram head;
    copy_out(socket, at, reinterpret_cast<u8*>(&head), sizeof head);
    usize length = std::min<usize>(head.length, most);
    copy_out(socket, at + sizeof head, room, length);
    store_shared(is.received_taken, at + sizeof head + (head.length + 7) / 8 * 8);
    return length;
  }

 private:
  void copy_out(u32 socket, u64 from, u8* to, usize length) const {
    for (usize i = 0; i < length; i++) to[i] = u8(memory_.bytes[received_ring(socket) + (from + i) % kRingBytes]);
  }

  protocols::NetworkClient stack_;
  SharedMemory memory_;
  kernel::Notification doorbell_;
};

/// Connections over the loopback interface.
class Loop {
 public:
  explicit Loop(const Sockets& sockets) : sockets_(sockets) {}

  Result<void> open() {
    listener_ = u32(TRY(sockets_.stack().open(1, 4, 0)));
    TRY(sockets_.stack().bind(listener_, bytes_of(kHere)));
    TRY(sockets_.stack().listen(listener_, 4));
    last_ = now();
    return {};
  }

  /// Something of what is to be done now.
  void work() {
    u64 before = step_ + moved_;
    switch (step_) {
      case kClosed:
        return begin();
      case kConnecting:
        accept();
        break;
      case kOpen:
        move();
        break;
      default:
        end();
    }
    if (step_ + moved_ != before) last_ = now();
    if (now() > last_ + kPatience) fail(Finding::Lost, "nothing comes any more");
  }

 private:
  enum Step : u64 { kClosed, kConnecting, kOpen, kEnding };
  static constexpr Address kHere = {4, kPort, {127, 0, 0, 1}, 0, 0};

  void begin() {
    last_ = now();
    auto opened = sockets_.stack().open(1, 4, 0);
    if (!opened) return fail(Finding::Wrong, "open", opened.error());
    from_ = u32(*opened);
    to_ = kSockets;
    if (auto done = sockets_.stack().connect(from_, bytes_of(kHere)); !done) return fail(Finding::Wrong, "connect", done.error());
    connection_++;
    length_ = 1 + random_.below(kLongestConnection);
    step_ = kConnecting;
  }

  void accept() {
    if ((sockets_.events(from_) & (Event::ConnectFailed | Event::Reset)) != 0) return fail(Finding::Lost, "a connection was refused");
    if (to_ == kSockets) {
      auto taken = sockets_.stack().accept(listener_);
      if (!taken && taken.error() != Error::WouldBlock) return fail(Finding::Wrong, "accept", taken.error());
      if (taken) to_ = u32(taken->accepted);
    }
    if (to_ != kSockets && (sockets_.events(from_) & Event::Connected) != 0) step_ = kOpen;
  }

  void move() {
    if (((sockets_.events(from_) | sockets_.events(to_)) & Event::Reset) != 0) return fail(Finding::Lost, "a connection is gone");
    moved_ += sockets_.send(from_, connection_, length_);
    if (!take()) return;
    if (sockets_.state(from_).sent_filled == length_) {
      if (auto done = sockets_.stack().shutdown(from_, 2); !done) return fail(Finding::Wrong, "shutdown", done.error());
      step_ = kEnding;
    }
    sockets_.ring();
  }

  /// Everything must come, and then the end.
  void end() {
    bool is_done = (sockets_.events(to_) & Event::PartnerDone) != 0;
    if (!take()) return;
    sockets_.ring();
    if (!is_done) return;
    if (sockets_.state(to_).received_taken != length_) return fail(Finding::Lost, "the end came too early");
    close();
  }

  bool take() {
    bool is_right = true;
    u64 count = sockets_.take(to_, connection_, sockets_.state(from_).sent_filled, is_right);
    if (!is_right) {
      fail(Finding::Wrong, "bytes that were not sent");
      return false;
    }
    moved_ += count;
    for (counted_ += count; counted_ >= kOperation; counted_ -= kOperation) findings_.count_operation();
    return true;
  }

  void close() {
    for (u32 socket : {from_, to_}) {
      if (socket == kSockets) continue;
      if (auto done = sockets_.stack().close(socket, 0); !done) findings_.add("network", Finding::Wrong, error_name(done.error()));
    }
    from_ = to_ = kSockets;
    step_ = kClosed;
  }

  void fail(Finding finding, const char* what, Error error = kSuccess) {
    char text[120];
    snprintf(text, sizeof text, "connection %llu: %s %s", static_cast<unsigned long long>(connection_), what,
             error == kSuccess ? "" : error_name(error));
    findings_.add("network", finding, text);
    close();
  }

  const Sockets& sockets_;
  torture::Findings findings_{"loopback"};
  Random random_{start_information().seed[0]};
  u64 step_ = kClosed, moved_ = 0, counted_ = 0, last_ = 0;
  u64 connection_ = 0, length_ = 0;
  u32 listener_ = 0, from_ = kSockets, to_ = kSockets;
};

/// The connection to the host: one, for as long as the system runs.
class Echo {
 public:
  Echo(const Sockets& sockets, u32 port) : sockets_(sockets), host_{4, port, {10, 0, 2, 2}, 0, 0} {}

  void work() {
    if (host_.port == 0 || is_over_) return;
    if (socket_ == kSockets) return begin();
    u64 events = sockets_.events(socket_);
    if ((events & (Event::ConnectFailed | Event::Reset | Event::PartnerDone)) != 0) {
      findings_.add("network", Finding::Lost, "the connection to the host is gone");
      is_over_ = true;
    }
    if ((events & Event::Connected) == 0 || is_over_) return;
    const SocketState& state = sockets_.state(socket_);
    // A window's worth under way, so that what is lost on the way is seen to be lost.
    (void)sockets_.send(socket_, 0, std::max(state.sent_filled, state.received_taken + kUnderWay));
    bool is_right = true;
    counted_ += sockets_.take(socket_, 0, state.sent_filled, is_right);
    if (!is_right) {
      findings_.add("network", Finding::Wrong, "the host's bytes are not those that it was sent");
      is_over_ = true;
    }
    for (; counted_ >= kOperation; counted_ -= kOperation) findings_.count_operation();
    sockets_.ring();
  }

 private:
  static constexpr u64 kUnderWay = 16 * 1024;

  /// Once there is an address.
  void begin() {
    for (u64 number = 0; number < 3; number++) {
      auto bytes = sockets_.stack().interface_state(number);
      Interface state;
      if (!bytes || bytes->size() != sizeof state) continue;
      memcpy(static_cast<void*>(&state), bytes->data.data(), sizeof state);
      if (state.address[0] != 10) continue;
      auto opened = sockets_.stack().open(1, 4, 0);
      if (opened && sockets_.stack().connect(*opened, bytes_of(host_))) socket_ = u32(*opened);
      return;
    }
  }

  const Sockets& sockets_;
  torture::Findings findings_{"echo"};
  Address host_;
  u32 socket_ = kSockets;
  u64 counted_ = 0;
  bool is_over_ = false;
};

/// Asks the gateway for echoes. They may be lost on the way, but are never other than what was asked.
class Pings {
 public:
  explicit Pings(const Sockets& sockets) : sockets_(sockets) {}

  Result<void> open() {
    socket_ = u32(TRY(sockets_.stack().open(3, 4, 1)));
    return {};
  }

  void work() {
    if (now() < next_) return;
    next_ = now() + kMillisecond;
    ask();
    take();
  }

 private:
  static constexpr usize kText = 32, kRecord = sizeof(Datagram) + 8 + kText;
  static constexpr u8 kRequest = 8, kAnswer = 0;

  /// What an echo carries, from its number on.
  static void fill(u8* text, u32 number) {
    for (u32 i = 0; i < kText; i++) text[i] = u8(pattern(number, i));
  }

  void ask() {
    SocketState& state = sockets_.state(socket_);
    if (kRingBytes - (state.sent_filled - load_shared(state.sent_taken)) < kRecord) return;
    number_++;
    u8 record[kRecord] = {};
    Datagram head = {8 + kText, 0, {4, 0, {10, 0, 2, 2}, 0, 0}};
    memcpy(record, &head, sizeof head);
    u8* message = record + sizeof head;
    message[0] = kRequest;
    message[6] = u8(number_ >> 8);
    message[7] = u8(number_);
    fill(message + 8, number_ & 0xffff);
    u32 sum = 0;
    for (usize i = 0; i < 8 + kText; i += 2) sum += u32(message[i] << 8 | message[i + 1]);
    while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
    message[2] = u8(~sum >> 8);
    message[3] = u8(~sum);
    sockets_.put(socket_, record, sizeof record);
    sockets_.ring();
  }

  /// Raw sockets are given the header of IP, too.
  void take() {
    u8 record[2048];
    while (usize length = sockets_.get(socket_, record, sizeof record)) {
      usize header = length > 20 ? usize(record[0] & 15) * 4 : 0;
      if (length < header + 8 + kText || record[header] != kAnswer) continue;
      const u8* message = record + header;
      u8 expected[kText];
      fill(expected, u32(message[6] << 8 | message[7]));
      if (memcmp(message + 8, expected, kText) != 0) findings_.add("netcard", Finding::Wrong, "an echo is not what was asked for");
      findings_.count_operation();
    }
  }

  const Sockets& sockets_;
  torture::Findings findings_{"pings"};
  u32 socket_ = kSockets, number_ = 0;
  u64 next_ = 0;
};

u32 port_of(std::string_view text) {
  u32 port = 0;
  for (char digit : text) port = port * 10 + u32(digit - '0');
  return port & 0xffff;
}

Result<void> run() {
  static Sockets sockets(protocols::NetworkClient{TRY(find_slot("network"))}, TRY(find_memory("sockets")), TRY(find_doorbell("network")));
  static Loop loop(sockets);
  static Echo echo(sockets, port_of(torture::value_of(start_information().command_line, "echo")));
  static Pings pings(sockets);
  TRY(loop.open());
  TRY(pings.open());
  for (;;) {
    loop.work();
    echo.work();
    pings.work();
    wait_for(kMillisecond / 10);
  }
}

}  // namespace

int main() {
  Result<void> failed = run();
  log_line(LogLevel::Error, "check: network wrong: cannot begin: %s", error_name(failed.error()));
  for (;;) wait_until(0);
}
