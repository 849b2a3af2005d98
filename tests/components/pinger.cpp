// Asks the gateway of QEMU's user network who it is and for echoes, by hand, while the network card's driver is killed again and again.
// Ends the machine with 0 when every echo was answered, once, and every frame was one that it knows.
#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "abi/error.h"
#include "abi/kernel.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/random.h"
#include "lib/shared_memory.h"
#include "lib/start.h"
#include "protocols/packet_ring.h"
#include "protocols/supervisor.h"
#include "tests/components/wait.h"

namespace {

using namespace pith;
using ull = unsigned long long;

constexpr u32 kKills = 100, kUnderWay = 16, kEchoBytes = 1000, kAnswersBetweenKills = 100;
constexpr u64 kPatience = 20 * kSecond;  // a host that is busy stops the machine now and then

/// What a frame begins with. Numbers of several bytes have the most significant one first.
struct [[gnu::packed]] Ethernet {
  u8 to[6], from[6], type[2];
};
struct [[gnu::packed]] Arp {
  u8 kinds[6], operation[2], from[6], from_ip[4], to[6], to_ip[4];
};
struct [[gnu::packed]] Ip {
  u8 version, service, length[2], identification[2], fragment[2], lifetime, protocol, checksum[2], from[4], to[4];
};
struct [[gnu::packed]] Echo {
  u8 type, code, checksum[2], identification[2], sequence[2];
};

constexpr u8 kOurIp[4] = {10, 0, 2, 15}, kGatewayIp[4] = {10, 0, 2, 2};
constexpr u8 kArpKinds[6] = {0, 1, 8, 0, 6, 4};
constexpr u32 kEchoStart = sizeof(Ethernet) + sizeof(Ip), kDataStart = kEchoStart + sizeof(Echo);
constexpr u32 kFrame = kDataStart + kEchoBytes;

void put16(u8 (&place)[2], u32 value) {
  place[0] = u8(value >> 8);
  place[1] = u8(value);
}
u32 get16(const u8 (&place)[2]) { return u32{place[0]} << 8 | place[1]; }

/// 0 over something that holds its right checksum.
u32 checksum(const u8* bytes, u32 length) {
  u32 sum = 0;
  for (u32 i = 0; i < length; i++) sum += i % 2 ? bytes[i] : u32{bytes[i]} << 8;
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}

class Pinger {
 public:
  Pinger(const SharedMemory& memory, CapabilitySlot doorbell)
      : ring_(*reinterpret_cast<packet::Ring*>(memory.bytes.data())), bytes_(memory.bytes.data()), doorbell_{doorbell} {}

  bool is_told() const { return load_shared(ring_.is_present) != 0; }
  bool is_present() const { return load_shared(ring_.is_present) == 1; }
  void open() {
    store_shared(ring_.magic, packet::Ring::kMagic);
    ring();
  }
  void ring() { (void)doorbell_.signal(0); }

  /// Fills a slot, when there is one. ring() is to follow.
  void send_arp() {
    u8* frame = begin(nullptr, 6);
    if (!frame) return;
    Arp arp{};
    memcpy(arp.kinds, kArpKinds, sizeof kArpKinds);
    put16(arp.operation, 1);
    memcpy(arp.from, ring_.address, 6);
    memcpy(arp.from_ip, kOurIp, 4);
    memcpy(arp.to_ip, kGatewayIp, 4);
    memcpy(frame + sizeof(Ethernet), &arp, sizeof arp);
    end(sizeof(Ethernet) + sizeof arp);
  }
  void send_echo() {
    u8* frame = begin(gateway_, 0);
    if (!frame) return;
    Ip ip{};
    ip.version = 0x45;
    put16(ip.length, kFrame - sizeof(Ethernet));
    ip.lifetime = 64;
    ip.protocol = 1;
    memcpy(ip.from, kOurIp, 4);
    memcpy(ip.to, kGatewayIp, 4);
    put16(ip.checksum, checksum(reinterpret_cast<u8*>(&ip), sizeof ip));
    memcpy(frame + sizeof(Ethernet), &ip, sizeof ip);
    Echo echo{8, 0, {}, {0x50, 0x49}, {}};
    put16(echo.sequence, ++sequence_);
    is_answered_[sequence_] = false;
    memcpy(frame + kEchoStart, &echo, sizeof echo);
    for (u32 i = 0; i < kEchoBytes; i++) frame[kDataStart + i] = u8(i * 7 + sequence_);
    put16(echo.checksum, checksum(frame + kEchoStart, sizeof echo + kEchoBytes));
    memcpy(frame + kEchoStart, &echo, sizeof echo);
    end(kFrame);
    sent_++;
  }

  /// Looks at all that has come.
  void take() {
    u64 filled = load_shared(ring_.received.filled), taken = ring_.received.taken;
    if (filled - taken > packet::kSlots) {
      malformed_++;
      return;
    }
    for (; taken != filled; taken++) {
      u32 length = load_shared(ring_.received.length[taken % packet::kSlots]);
      look(reinterpret_cast<u8*>(bytes_) + packet::received_slot(taken) + packet::kHeaderBytes, length);
    }
    store_shared(ring_.received.taken, taken);
  }

  bool knows_gateway() const { return knows_gateway_; }
  u64 answers() const { return answers_; }
  u64 sent() const { return sent_; }
  u64 malformed() const { return malformed_; }

 private:
  /// The frame of the next slot with its Ethernet header. Nothing: all slots are taken.
  u8* begin(const u8* to, u8 type) {
    u64 number = ring_.sent.filled;
    if (number - load_shared(ring_.sent.taken) >= packet::kSlots) return nullptr;
    u8* frame = reinterpret_cast<u8*>(bytes_) + packet::sent_slot(number) + packet::kHeaderBytes;
    Ethernet header{};
    to ? void(memcpy(header.to, to, 6)) : void(memset(header.to, 0xff, 6));
    memcpy(header.from, ring_.address, 6);
    put16(header.type, 0x800U + type);
    memcpy(frame, &header, sizeof header);
    return frame;
  }
  void end(u32 length) {
    u64 number = ring_.sent.filled;
    ring_.sent.length[number % packet::kSlots] = length;
    store_shared(ring_.sent.filled, number + 1);
  }

  void look(const u8* frame, u32 length) {
    Ethernet header;
    if (length < sizeof header) return malformed("too short", length);
    memcpy(&header, frame, sizeof header);
    bool is_ours = memcmp(header.to, ring_.address, 6) == 0;
    if (get16(header.type) == 0x806 && length >= sizeof header + sizeof(Arp)) {
      Arp arp;
      memcpy(&arp, frame + sizeof header, sizeof arp);
      if (memcmp(arp.kinds, kArpKinds, sizeof kArpKinds) != 0) return malformed("no address question", length);
      if (get16(arp.operation) != 2 || memcmp(arp.from_ip, kGatewayIp, 4) != 0) return;
      memcpy(gateway_, arp.from, 6);
      knows_gateway_ = true;
      return;
    }
    if (!is_ours || get16(header.type) != 0x800) return;  // the network's other talk
    if (length != kFrame || checksum(frame + sizeof header, sizeof(Ip)) != 0) return malformed("no echo", length);
    if (checksum(frame + kEchoStart, sizeof(Echo) + kEchoBytes) != 0) return malformed("wrong sum", length);
    Echo echo;
    memcpy(&echo, frame + kEchoStart, sizeof echo);
    if (echo.type != 0 || echo.identification[0] != 0x50) return malformed("no answer", length);
    for (u32 i = 0; i < kEchoBytes; i++) {
      if (frame[kDataStart + i] != u8(i * 7 + get16(echo.sequence))) return malformed("other bytes", length);
    }
    if (std::exchange(is_answered_[get16(echo.sequence)], true)) return malformed("an answer that came twice", length);
    answers_++;
  }
  void malformed(const char* what, u32 length) {
    if (malformed_++ < 10) log_line(LogLevel::Error, "pinger: %s in a frame of %u bytes", what, length);
  }

  packet::Ring& ring_;
  std::byte* bytes_;
  kernel::Notification doorbell_;
  u8 gateway_[6] = {};
  bool knows_gateway_ = false;
  u16 sequence_ = 0;
  bool is_answered_[65536] = {};
  u64 answers_ = 0, sent_ = 0, malformed_ = 0;
};

u64 component_called(protocols::SupervisorClient supervisor, std::string_view name) {
  for (u64 i = 1; i < supervisor.count().value_or(0); i++) {
    auto text = supervisor.name(i);
    if (text && std::string_view(reinterpret_cast<const char*>(text->data.data()), text->data.size()) == name) return i;
  }
  return 0;
}

Result<void> run() {
  protocols::SupervisorClient supervisor{TRY(find_slot("supervisor"))};
  static Pinger pinger(TRY(find_memory("frames")), TRY(find_doorbell("netcard")));
  u64 driver = component_called(supervisor, "netcard");
  pinger.open();
  while (!pinger.is_told()) wait_until(now() + kMillisecond);
  if (!pinger.is_present()) return Error::NotFound;
  while (!pinger.knows_gateway()) {
    pinger.send_arp();
    pinger.ring();
    wait_until(now() + 10 * kMillisecond);
    pinger.take();
  }
  Random random(start_information().seed[0]);
  // Answers come in bursts; how long there are none is what a death costs.
  u64 kills = 0, last = now(), longest = 0, usual = 0, answers = 0, killed_at = 0, at_kill = 0;
  while (kills < kKills || pinger.answers() < at_kill + kAnswersBetweenKills) {
    u64 under_way = pinger.sent() - pinger.answers();
    for (u64 i = std::min<u64>(under_way, kUnderWay); i < kUnderWay; i++) pinger.send_echo();
    pinger.ring();
    if (kills < kKills && pinger.answers() >= at_kill + kAnswersBetweenKills) {
      wait_until(now() + random.below(kMillisecond / 2));  // so that it is at anything
      kills++;
      killed_at = now();
      at_kill = pinger.answers();
      if (!supervisor.control(driver, std::as_bytes(std::span("kill", 4)))) return Error::Damaged;
    }
    wait_until(now() + kMillisecond);
    pinger.take();
    if (pinger.answers() == answers) {
      if (now() > last + kPatience) return Error::TimedOut;
      continue;
    }
    u64 silence = now() - last;
    (killed_at >= last ? longest : usual) = std::max(killed_at >= last ? longest : usual, silence);
    last = now();
    answers = pinger.answers();
  }
  for (u64 end = now() + kPatience; pinger.answers() < pinger.sent() && now() < end; pinger.take()) wait_until(now() + kMillisecond);
  u64 lost = pinger.sent() - pinger.answers();
  log_line(LogLevel::Information, "pinger: %llu echoes, %llu kills, %llu lost, %llu malformed", ull(pinger.sent()), ull(kills), ull(lost),
           ull(pinger.malformed()));
  log_line(LogLevel::Information, "pinger: longest silence at a kill %llu us, otherwise %llu us", ull(longest / 1000), ull(usual / 1000));
  return pinger.malformed() == 0 && lost == 0 ? Result<void>() : Error::Damaged;
}

}  // namespace

int main() {
  Result<void> result = run();
  if (!result) log_line(LogLevel::Error, "pinger: %s", error_name(result.error()));
  if (auto supervisor = find_slot("supervisor")) (void)protocols::SupervisorClient{*supervisor}.power(0, result ? 0 : 1);
}
