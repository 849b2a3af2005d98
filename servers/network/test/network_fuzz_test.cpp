// The stack among enemies: 100,000 frames that were good ones once, a flood of SYNs, fragments without end. It stays up within its memory,
// and another connection goes on unharmed.
#include "lib/random.h"
#include "servers/network/test/packets.h"
#include "servers/network/test/wire.h"

namespace pith::network {
namespace {

struct Enemies : testing::Test {
  Machine one{1}, two{2};
  Wire wire{one, two, 11};
  std::vector<Frame> seen;  // of both directions
  u32 listener = 0, socket = 0, accepted = 0;

  void SetUp() override {
    wire.watch = [this](const Frame& frame) {
      if (seen.size() < 4000) seen.push_back(frame);
    };
    wire.set_up();
    listener = one.open(1);
    ASSERT_TRUE(one.bind(listener, {4, 80, {}, 0, 0}));
    ASSERT_TRUE(one.listen(listener, 16));
    socket = two.open(1);
    ASSERT_TRUE(two.connect(socket, wire.address_of(one, 4, 80)));
    ASSERT_TRUE(wire.run_until([&] { return (one.socket(listener).events & Event::CanAccept) != 0; }));
    accepted = *one.accept(listener);
    u32 six = two.open(1, 6), datagrams = two.open(2), raw = two.open(3);
    one.open(3);
    ASSERT_TRUE(one.bind(one.open(2), {4, 53, {}, 0, 0}));
    EXPECT_TRUE(two.connect(six, wire.address_of(one, 6, 81)));  // refused, after it has found its neighbour
    two.write_record(datagrams, wire.address_of(one, 4, 53), std::string(3000, 'f'));
    two.write_record(raw, wire.address_of(one, 4, 0), std::string("\x08\0\xf7\xff\0\0\0\0", 8));
    two.ring();
    wire.run_for(100);
    EXPECT_TRUE(works(20'000));
  }

  /// Whether the first connection carries so many bytes.
  bool works(usize bytes) {
    std::string text(bytes, 0), got;
    for (usize i = 0; i < bytes; i++) text[i] = char(i * 7 + bytes);
    usize sent = 0;
    return wire.run_until([&] {
      sent += two.write(socket, std::string_view(text).substr(sent));
      two.ring();
      got += one.read(accepted);
      one.ring();
      return got.size() >= bytes;
    }) && got == text;
  }

  void expect_unharmed() {
    EXPECT_TRUE(works(10'000));
    EXPECT_EQ(one.socket(accepted).events & Event::Reset, 0u);
    EXPECT_TRUE(one.state->check());
    EXPECT_LT(one.objects.peak, one.objects.most_bytes);
  }

  /// Makes checksums right, so that what is wrong is looked at.
  static void mend(Frame& frame) {
    bool is_four = frame.size() >= 34 && frame[12] == 8 && frame[13] == 0;
    bool is_six = frame.size() >= 54 && frame[12] == 0x86 && frame[13] == 0xdd;
    usize header = is_four ? std::min<usize>((frame[14] & 0xf) * usize{4}, frame.size() - 14) : 40;
    if ((!is_four && !is_six) || header < 20) return;
    if (is_four) {
      put16(frame, 24, 0);
      put16(frame, 24, checksum(std::span(frame).subspan(14, header)));
    }
    usize said = is_four ? u32{frame[16]} << 8 | frame[17] : (u32{frame[18]} << 8 | frame[19]) + 40;
    usize body = 14 + header, end = std::min(frame.size(), 14 + said);
    u8 protocol = frame[is_four ? 23 : 20];
    usize place = body + (protocol == 6 ? 16 : protocol == 17 ? 6 : 2);
    bool has_checksum = protocol == 6 || protocol == 17 || protocol == 1 || protocol == 58;
    if (!has_checksum || place + 2 > end) return;
    u32 sum = 0;
    if (protocol != 1) {
      for (usize i = is_four ? 26 : 22; i < (is_four ? 34u : 54u); i += 2) sum += u32{frame[i]} << 8 | frame[i + 1];
      sum += protocol + u32(end - body);
    }
    put16(frame, place, 0);
    put16(frame, place, checksum(std::span(frame).subspan(body, end - body), sum));
  }

  /// A wrong frame, mostly with right checksums.
  static void mutate(Frame& frame, Random& random) {
    for (u64 i = 1 + random.below(4); i > 0; i--)
      frame[random.below(3) == 0 ? random.below(frame.size()) : random.below(std::min<usize>(frame.size(), 70))] = u8(random.below(256));
    if (random.below(4) == 0) frame.resize(14 + random.below(frame.size() - 13));
    if (random.below(8) == 0) frame.resize(std::min<usize>(frame.size() + random.below(600), packet::kMostBytes));
    if (random.below(4) != 0) mend(frame);
  }
};

TEST_F(Enemies, SendBadFrames) {
  ASSERT_GT(seen.size(), 40u);
  std::vector<Frame> good = seen;
  Random random(99);
  usize before = one.objects.bytes;
  for (u32 i = 0; i < 100'000; i++) {
    Frame frame = good[random.below(good.size())];
    memcpy(frame.data(), one.hardware, 6);
    // Not the connection's own: whoever can put bytes into that may end it.
    bool is_its_own = frame[12] == 8 && frame[13] == 0 && frame[23] == 6;
    if (is_its_own) put16(frame, 34 + (frame[35] == 80 ? 2 : 0), 30'000 + u32(random.below(1000)));
    mutate(frame, random);
    while (!one.put_frame(frame)) one.run();
    if (i % 64 == 0) {
      one.run();
      (void)one.take_frames();
      test_time += 1'000'000;
    }
    if (i % 20'000 == 0) expect_unharmed();
  }
  EXPECT_GT(one.state->counts.received_packets, 100'000u);
  expect_unharmed();
  EXPECT_TRUE(wire.run_for(120'000));
  expect_unharmed();
  EXPECT_LT(one.objects.bytes, before + 20'000);  // what was half done is given up
  RecordProperty("peak_bytes", int(one.objects.peak));
}

TEST_F(Enemies, FloodWithConnectionsThatTheyDoNotFinish) {
  Random random(5);
  usize before = one.objects.bytes;
  for (u32 i = 0; i < 20'000; i++) {
    Packet4 packet = {
        {}, 10 << 24 | u32(3 + random.below(250)), 10 << 24 | 1, 6, make_tcp(u32(1024 + random.below(60'000)), 80, u32(i * 77), 2)};
    memcpy(packet.hardware, one.hardware, 6);
    while (!one.put_frame(make_frame(packet))) one.run();
    if (i % 16 == 0) {
      one.run();
      (void)one.take_frames();
      test_time += 1'000'000;
    }
    if (i % 5000 == 0) expect_unharmed();
  }
  one.enter();
  EXPECT_LE(one.open_connections(), 1 + 16u + 1);
  EXPECT_TRUE(wire.run_for(120'000));
  expect_unharmed();
  one.enter();
  EXPECT_LE(one.open_connections(), 2u);
  EXPECT_LT(one.objects.bytes, before + 20'000);
  u32 again = two.open(1);
  ASSERT_TRUE(two.connect(again, wire.address_of(one, 4, 80)));
  EXPECT_TRUE(wire.run_until([&] { return two.socket(again).events == Event::Connected; })) << "and the port can be reached again";
}

TEST_F(Enemies, SendFragmentsWithoutEnd) {
  usize before = one.objects.bytes;
  for (u32 i = 0; i < 20'000; i++) {
    Packet4 packet = {{}, 10 << 24 | 9, 10 << 24 | 1, 17, make_udp(1, 53, Frame(64))};
    memcpy(packet.hardware, one.hardware, 6);
    Frame frame = make_frame(packet);
    put16(frame, 18, i / 3);                           // its number
    put16(frame, 20, 0x2000 | (i % 3) * (8 + i % 2));  // more are to come, some overlap
    put16(frame, 24, 0);
    put16(frame, 24, checksum(std::span(frame).subspan(14, 20)));
    while (!one.put_frame(frame)) one.run();
    if (i % 5000 == 0) expect_unharmed();
  }
  expect_unharmed();
  EXPECT_TRUE(wire.run_for(60'000));
  EXPECT_LT(one.objects.bytes, before + 20'000);
}

}  // namespace
}  // namespace pith::network
