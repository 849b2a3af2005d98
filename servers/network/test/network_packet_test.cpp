// Tests what the stack says to single packets: DHCP against a server by hand, echoes, and the rules of the packet filter.
#include "servers/network/random.h"
#include "servers/network/status.h"
#include "servers/network/test/packets.h"
#include "servers/network/test/wire.h"

namespace pith::network {
namespace {

constexpr u32 kServer = 10 << 24 | 1, kOffered = 10 << 24 | 77, kEverybody = ~0u;

/// What a server answers to a request: the next of its two messages.
Frame answer_of_dhcp_server(const Frame& request, u8 kind) {
  Frame message(request.begin() + 42, request.begin() + 42 + 240);
  message[0] = 2;
  u8 offered[4] = {10, 0, 0, 77};
  memcpy(&message[16], offered, 4);
  Frame options = {53, 1, kind, 54, 4, 10, 0,  0, 1, 1,  4,  255, 255, 255, 0,  3,  4,
                   10, 0, 0,    1,  6, 4,  10, 0, 0, 53, 51, 4,   0,   0,   14, 16, 255};
  message.insert(message.end(), options.begin(), options.end());
  Packet4 packet = {{255, 255, 255, 255, 255, 255}, kServer, kEverybody, 17, make_udp(67, 68, message)};
  return make_frame(packet);
}

bool is_dhcp(const Frame& frame) { return frame.size() > 290 && frame[12] == 8 && frame[23] == 17 && frame[37] == 67; }

void run_for(Machine& machine, u64 milliseconds, const std::function<void(const Frame&)>& answer) {
  for (u64 i = 0; i < milliseconds; i++) {
    test_time += 1'000'000;
    machine.run();
    for (const Frame& frame : machine.take_frames()) answer(frame);
  }
}

/// An address by DHCP. Answers how many messages that took.
u32 get_address(Machine& machine) {
  u32 messages = 0;
  run_for(machine, 3000, [&](const Frame& frame) {
    if (is_dhcp(frame)) machine.put_frame(answer_of_dhcp_server(frame, messages++ == 0 ? 2 : 5));
  });
  return messages;
}

TEST(Dhcp, GivesAddressRouteAndNameServer) {
  Machine one(1);
  EXPECT_GE(get_address(one), 2u);
  Interface state = *one.stack->interface_state(one.state->card().num);
  u8 address[4] = {10, 0, 0, 77}, gateway[4] = {10, 0, 0, 1}, name_server[4] = {10, 0, 0, 53};
  EXPECT_EQ(memcmp(state.address, address, 4), 0);
  EXPECT_EQ(memcmp(state.gateway, gateway, 4), 0);
  EXPECT_EQ(memcmp(state.name_servers[0], name_server, 4), 0);
  EXPECT_EQ(state.flags, 1u | 2 | 8);
  std::string text;
  std::byte room[448];
  while (usize count = write_status(*one.stack, text.size(), room)) text.append(reinterpret_cast<char*>(room), count);
  EXPECT_NE(text.find("eth0 up 10.0.0.77 mask 255.255.255.0 gateway 10.0.0.1\n"), text.npos) << text;
  EXPECT_NE(text.find("name_server 10.0.0.53\n"), text.npos);
}

u32 open_frames(Machine& machine, u64 type) {
  return *machine.call([&](Stack& stack, u32 client) { return stack.open(client, u64(Kind::Frame), 4, type); });
}

TEST(Frames, AreShownBesideTheStack) {
  Machine one(1);
  one.run();
  u32 ip = open_frames(one, 0x0800), every = open_frames(one, kEveryType), other = open_frames(one, 0x0806), none = open_frames(one, 0);
  Packet4 packet = {{2, 0, 0, 0, 0, 1}, kServer, kEverybody, 17, make_udp(67, 999, {'d', 'a', 't', 'a'})};
  Frame frame = make_frame(packet);
  ASSERT_TRUE(one.put_frame(frame));
  one.run();
  for (u32 socket : {ip, every}) {
    auto records = one.read_records(socket);
    ASSERT_EQ(records.size(), 1u);
    EXPECT_EQ(records[0].second, std::string(frame.begin(), frame.end()));
    EXPECT_EQ(records[0].first.family, kLinkFamily);
    EXPECT_EQ(records[0].first.port, 0x0800u);
    EXPECT_EQ(memcmp(records[0].first.bytes, &frame[6], 6), 0);
  }
  EXPECT_TRUE(one.read_records(other).empty());
  EXPECT_TRUE(one.read_records(none).empty());
  Address arp = {kLinkFamily, 0x0806, {}, u32{one.state->card().num} + 1, 0};
  EXPECT_TRUE(one.bind(ip, arp));
  ASSERT_TRUE(one.put_frame(frame));
  one.run();
  EXPECT_TRUE(one.read_records(ip).empty());
  arp.scope++;
  EXPECT_EQ(one.bind(ip, arp).error(), Error::BadAddress);
  EXPECT_EQ(one.bind(ip, address4(0, 0, 0, 0, 5)).error(), Error::BadArgument);
  EXPECT_EQ(one.connect(ip, address4(10, 0, 0, 1, 5)).error(), Error::NotSupported);
  EXPECT_EQ(one.listen(ip).error(), Error::BadState);
  for (u32 socket : {ip, every, other, none}) EXPECT_TRUE(one.close(socket));
  EXPECT_EQ(one.state->frame_sockets, 0u);
}

TEST(Frames, AreSentFromTheCardsOwnAddress) {
  Machine one(1);
  one.run();
  one.take_frames();
  u32 socket = open_frames(one, 0);
  Address to = {kLinkFamily, 0x88b5, {1, 2, 3, 4, 5, 6}, 0, 0};
  std::string payload(1500, 'x');
  one.write_record(socket, to, payload);
  one.ring();
  auto frames = one.take_frames();
  ASSERT_EQ(frames.size(), 1u);
  Frame head = {1, 2, 3, 4, 5, 6, 2, 0, 0, 0, 0, 1, 0x88, 0xb5};
  EXPECT_EQ(Frame(frames[0].begin(), frames[0].begin() + 14), head);
  EXPECT_EQ(std::string(frames[0].begin() + 14, frames[0].end()), payload);
  one.write_record(socket, to, payload + "x");
  one.ring();
  EXPECT_TRUE(one.take_frames().empty());
  EXPECT_EQ(one.socket(socket).error, 90u);
  one.write_record(socket, address4(10, 0, 0, 1, 1), "text");
  one.ring();
  EXPECT_EQ(one.socket(socket).error, 113u);
  // One whose client writes nonsense is lost, and stays so.
  one.socket(socket).sent_filled += kRingBytes + 1;
  one.ring();
  EXPECT_NE(one.socket(socket).events & Event::Reset, 0u);
  one.ring();
  EXPECT_TRUE(one.close(socket));
}

TEST(Raw, WithoutAProtocolSendsNothing) {
  Machine one(1);
  one.run();
  one.take_frames();
  u32 socket = *one.call([&](Stack& stack, u32 client) { return stack.open(client, 3, 4, kNoProtocol); });
  one.write_record(socket, address4(255, 255, 255, 255, 0), "text");
  one.ring();
  for (const Frame& frame : one.take_frames()) EXPECT_NE(frame[23], 255);
  EXPECT_EQ(one.socket(socket).error, 1u);
  EXPECT_FALSE(one.call([&](Stack& stack, u32 client) { return stack.open(client, 3, 4, 17); }));
}

Frame echo_request() {
  Frame body = {8, 0, 0, 0, 0, 1, 0, 2, 'p', 'i', 'n', 'g'};
  put16(body, 2, checksum(body));
  return body;
}

TEST(Echo, IsAskedAndAnswered) {
  Machine one(1), two(2);
  Wire wire(one, two, 3);
  wire.set_up();
  u32 socket = one.open(3);
  Frame body = echo_request();
  one.write_record(socket, wire.address_of(two, 4, 0), {reinterpret_cast<char*>(body.data()), body.size()});
  one.ring();
  wire.run_for(50);
  auto records = one.read_records(socket);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].second.size(), 20 + body.size());  // with its IP header
  EXPECT_EQ(records[0].second[20], 0);                    // an echo reply
  EXPECT_EQ(records[0].second.substr(28), "ping");
  EXPECT_EQ(records[0].first.bytes[3], 2);
  // And in IPv6, whose checksum the stack fills in.
  u32 six = one.open(3, 6);
  std::string request = {char(128), 0, 0, 0, 0, 1, 0, 2, 'p', 'o', 'n', 'g'};
  one.write_record(six, wire.address_of(two, 6, 0), request);
  one.ring();
  wire.run_for(50);
  bool is_answered = false;
  for (auto& [from, text] : one.read_records(six)) is_answered |= u8(text[0]) == 129 && text.substr(8) == "pong";
  EXPECT_TRUE(is_answered);
}

TEST(Raw, IsForEchoesOnly) {
  Machine one(1);
  EXPECT_EQ(one.call([](Stack& stack, u32 client) { return stack.open(client, 3, 4, 6); }).error(), Error::Denied);
}

/// Whether a SYN from 10.0.0.9 to `port` is answered, by whatever.
bool is_answered(Machine& machine, u32 port, u8 protocol) {
  Packet4 packet = {{}, 10 << 24 | 9, kOffered, protocol, protocol == 6 ? make_tcp(40'000, port, 1, 2) : make_udp(40'000, port, {'x'})};
  memcpy(packet.hardware, machine.hardware, 6);
  bool has_answer = false;
  machine.put_frame(make_frame(packet));
  run_for(machine, 20, [&](const Frame& frame) {
    if (frame[12] == 8 && frame[13] == 6 && frame[21] == 1 && frame[41] == 9) {  // who has 10.0.0.9
      Frame reply = frame;
      reply[21] = 2;
      memcpy(&reply[32], &frame[22], 10);
      memcpy(&reply[0], machine.hardware, 6);
      u8 asked[10] = {2, 0, 0, 0, 0, 99, 10, 0, 0, 9};
      memcpy(&reply[22], asked, 10);
      machine.put_frame(reply);
    }
    if (frame[12] == 8 && frame[13] == 0 && frame[33] == 9) has_answer = true;
  });
  return has_answer;
}

TEST(Rules, DecideWhoMayBegin) {
  Machine one(1, "allow tcp 80-81 from 10.0.0.0/24, deny tcp, deny udp 1-1000, deny icmp from 10.0.0.0/8, deny out tcp 25");
  EXPECT_GE(get_address(one), 2u) << "DHCP is not for rules";
  EXPECT_TRUE(is_answered(one, 80, 6));  // by a reset, as nobody listens
  EXPECT_FALSE(is_answered(one, 82, 6));
  EXPECT_FALSE(is_answered(one, 53, 17));
  EXPECT_TRUE(is_answered(one, 1001, 17));  // port unreachable
  EXPECT_EQ(one.state->counts.filtered, 2u);
  u32 socket = one.open(1);
  EXPECT_EQ(one.connect(socket, address4(10, 0, 0, 9, 25)).error(), Error::Denied);
  EXPECT_TRUE(one.connect(socket, address4(10, 0, 0, 9, 26)));
}

TEST(Rules, ThatMakeNoSenseAreToldWhere) {
  struct Case {
    const char* text;
    usize place;
  };
  for (Case one :
       {Case{"permit tcp", 0}, Case{"allow tpc", 6}, Case{"allow tcp 80, deny tcp 90000", 23}, Case{"deny icmp 5", 10},
        Case{"deny tcp from 10.0.0.0/33", 14}, Case{"deny tcp 9-5", 9}, Case{"deny tcp 80 81", 12}, Case{"deny tcp from ten", 14}}) {
    Filter filter;
    Filter::Problem problem = {};
    EXPECT_FALSE(filter.parse(one.text, problem)) << one.text;
    EXPECT_EQ(problem.place, one.place) << one.text << ": " << problem.what;
    EXPECT_FALSE(filter.allows({Filter::Direction::In, Filter::Protocol::Tcp, 80, {}}));
  }
}

TEST(Random, IsSipHash) {
  const u64 key[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908}, word = 0x0706050403020100;
  EXPECT_EQ(keyed_hash(key, {&word, 1}), 0x93f5f5799a932462u);  // [aumasson/siphash vectors]
}

}  // namespace
}  // namespace pith::network
