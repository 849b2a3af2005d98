// Tests the stack alone: over the loopback interface, and two of them over a wire that loses, doubles and reorders.
#include "servers/network/test/wire.h"

namespace pith::network {
namespace {

TEST(Loopback, Connects) {
  Machine one(1);
  one.run();
  u32 listener = one.open(1);
  ASSERT_TRUE(one.bind(listener, address4(127, 0, 0, 1, 80)));
  ASSERT_TRUE(one.listen(listener));
  u32 socket = one.open(1);
  ASSERT_TRUE(one.connect(socket, address4(127, 0, 0, 1, 80)));
  EXPECT_EQ(one.socket(socket).events, Event::Connected);
  EXPECT_EQ(one.socket(listener).events, Event::CanAccept);
  u32 accepted = *one.accept(listener);
  EXPECT_EQ(one.socket(listener).events, 0u);
  EXPECT_EQ(one.accept(listener).error(), Error::WouldBlock);
  one.write(socket, "hello");
  one.ring();
  EXPECT_EQ(one.read(accepted), "hello");
}

TEST(Loopback, RefusesWhereNobodyListens) {
  Machine one(1);
  u32 socket = one.open(1);
  ASSERT_TRUE(one.connect(socket, address4(127, 0, 0, 1, 81)));
  EXPECT_EQ(one.socket(socket).events, Event::ConnectFailed);
  EXPECT_EQ(one.socket(socket).error, 111u);
  EXPECT_TRUE(one.close(socket));
}

TEST(Loopback, CarriesDatagramsOfAllSizes) {
  Machine one(1);
  u32 server = one.open(2), socket = one.open(2);
  ASSERT_TRUE(one.bind(server, address4(0, 0, 0, 0, 53)));
  for (usize size : {0u, 1u, 1472u, 1473u, 9000u, 40'000u}) {
    std::string text(size, char('a' + size % 26));
    one.write_record(socket, address4(127, 0, 0, 1, 53), text);
    one.ring();
    auto records = one.read_records(server);
    ASSERT_EQ(records.size(), 1u) << size;
    EXPECT_EQ(records[0].second, text);
    one.write_record(server, records[0].first, "answer");
    one.ring();
    records = one.read_records(socket);
    ASSERT_EQ(records.size(), 1u);
    EXPECT_EQ(records[0].second, "answer");
    EXPECT_EQ(records[0].first.port, 53u);
  }
}

TEST(Loopback, Family6TakesBoth) {
  Machine one(1);
  u32 listener = one.open(1, 6);
  ASSERT_TRUE(one.bind(listener, {6, 8080, {}, 0, 0}));
  ASSERT_TRUE(one.listen(listener));
  u32 four = one.open(1, 4), six = one.open(1, 6);
  ASSERT_TRUE(one.connect(four, address4(127, 0, 0, 1, 8080)));
  ASSERT_TRUE(one.connect(six, {6, 8080, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 0, 0}));
  u32 first = *one.accept(listener), second = *one.accept(listener);
  Address partner = *one.call([&](Stack& stack, u32 client) { return stack.partner(client, first); });
  EXPECT_EQ(partner.family, 6u);
  EXPECT_EQ(partner.bytes[10], 0xff);
  EXPECT_EQ(partner.bytes[12], 127);
  partner = *one.call([&](Stack& stack, u32 client) { return stack.partner(client, second); });
  EXPECT_EQ(partner.bytes[15], 1);
  one.write(second, "six");
  one.write(first, "four");
  one.ring();
  EXPECT_EQ(one.read(six), "six");
  EXPECT_EQ(one.read(four), "four");
}

TEST(Ports, BelongToOneEnvironment) {
  Machine one(1);
  u32 mine = one.open(2), other = one.open(2, 4, 2), again = one.open(2);
  ASSERT_TRUE(one.bind(mine, address4(0, 0, 0, 0, 53)));
  EXPECT_EQ(one.bind(other, address4(127, 0, 0, 1, 53), 2).error(), Error::Denied);
  EXPECT_EQ(one.bind(again, address4(0, 0, 0, 0, 53)).error(), Error::Occupied);
  EXPECT_EQ(one.bind(again, address4(10, 9, 8, 7, 54)).error(), Error::BadAddress);
  EXPECT_TRUE(one.close(mine));
  EXPECT_TRUE(one.bind(other, address4(127, 0, 0, 1, 53), 2));
  EXPECT_EQ(one.close(again, 0, 2).error(), Error::NotFound) << "another session's";
}

/// A hostile client's indices cost it the socket, and nobody else anything.
TEST(Clients, ThatWriteNonsenseLoseTheSocket) {
  Machine one(1);
  u32 listener = one.open(1);
  ASSERT_TRUE(one.bind(listener, address4(127, 0, 0, 1, 80)));
  ASSERT_TRUE(one.listen(listener));
  for (u32 kind = 0; kind < 4; kind++) {
    u32 socket = one.open(1), datagrams = one.open(2);
    ASSERT_TRUE(one.connect(socket, address4(127, 0, 0, 1, 80)));
    u32 accepted = *one.accept(listener);
    u32 bad = kind < 2 ? socket : datagrams;
    if (kind % 2 == 0) one.socket(bad).sent_filled += kRingBytes + 1;
    if (kind % 2 == 1) one.socket(bad).received_taken += 1;
    one.ring();
    EXPECT_EQ(one.socket(bad).events & Event::Reset, Event::Reset) << kind;
    EXPECT_EQ(one.socket(accepted).events & Event::Reset, kind < 2 ? Event::Reset : 0);
    for (u32 number : {socket, datagrams, accepted}) EXPECT_TRUE(one.close(number));
    EXPECT_TRUE(one.state->check());
  }
}

TEST(Clients, ThatComeAgainHaveNoSockets) {
  Machine one(1);
  u32 mine = one.open(2);
  ASSERT_TRUE(one.bind(mine, address4(0, 0, 0, 0, 53)));
  ASSERT_TRUE(one.stack->client_of(1, 2));
  EXPECT_EQ(one.stack->own_address(0, mine).error(), Error::NotFound);
  EXPECT_TRUE(one.state->check());
}

TEST(Connections, ToNobodyTimeOut) {
  Machine one(1), two(2);
  Wire wire(one, two, 1);
  wire.set_up();
  u32 socket = one.open(1);
  ASSERT_TRUE(one.connect(socket, address4(10, 0, 0, 50, 80)));
  EXPECT_EQ(one.socket(socket).events, 0u);
  u64 begin = test_time;
  EXPECT_TRUE(wire.run_until([&] { return one.socket(socket).events != 0; }));
  EXPECT_EQ(one.socket(socket).events, Event::ConnectFailed);
  EXPECT_EQ(one.socket(socket).error, 110u);
  EXPECT_GT(test_time - begin, 20'000'000'000u);
  EXPECT_EQ(one.open_connections(), 0u);
}

/// A request of more than one segment that arrives before anybody accepts it is not sent twice.
TEST(Connections, HoldWhatComesBeforeTheyAreAccepted) {
  Machine one(1), two(2);
  Wire wire(one, two, 1);
  wire.set_up();
  u32 listener = two.open(1), socket = one.open(1);
  ASSERT_TRUE(two.bind(listener, address4(0, 0, 0, 0, 80)));
  ASSERT_TRUE(two.listen(listener));
  ASSERT_TRUE(one.connect(socket, wire.address_of(two, 4, 80)));
  wire.run_for(10);
  std::string request(12'000, 'r');
  one.write(socket, request);
  one.ring();
  ASSERT_TRUE(one.call([&](Stack& stack, u32 client) { return stack.shutdown(client, socket, 2); }));
  wire.run_for(30);
  u32 accepted = *two.accept(listener);
  EXPECT_EQ(two.read(accepted), request);
  EXPECT_EQ(two.socket(accepted).events, Event::Connected | Event::PartnerDone);
  EXPECT_EQ(two.state->held_buffers, 0u);
  // One that nobody ever accepts takes what it holds with it.
  u32 other = one.open(1);
  ASSERT_TRUE(one.connect(other, wire.address_of(two, 4, 80)));
  wire.run_for(10);
  one.write(other, request);
  one.ring();
  wire.run_for(30);
  EXPECT_GT(two.state->held_buffers, 0u);
  EXPECT_TRUE(two.close(listener));
  EXPECT_EQ(two.state->held_buffers, 0u);
  wire.run_for(10);
  EXPECT_EQ(one.socket(other).events & Event::Reset, Event::Reset);
}

/// A client may take the port again that its last connection had, which the server closed first and so remembers for two minutes.
TEST(Connections, BeginWhereOneHasJustEnded) {
  Machine one(1), two(2);
  Wire wire(one, two, 1);
  wire.set_up();
  for (u32 family : {4u, 6u}) {
    u32 listener = two.open(1, family);
    ASSERT_TRUE(two.bind(listener, {family, 80 + family, {}, 0, 0}));
    ASSERT_TRUE(two.listen(listener));
    for (u32 i = 0; i < 3; i++) {
      u32 socket = one.open(1, family);
      ASSERT_TRUE(one.bind(socket, {family, 40'000, {}, 0, 0}));
      ASSERT_TRUE(one.connect(socket, wire.address_of(two, family, 80 + family)));
      wire.run_for(10);
      ASSERT_EQ(one.socket(socket).events, Event::Connected) << family << ", " << i;
      u32 accepted = *two.accept(listener);
      one.write(socket, "request");
      one.ring();
      wire.run_for(10);
      EXPECT_EQ(two.read(accepted), "request");
      ASSERT_TRUE(two.close(accepted));
      wire.run_for(10);
      ASSERT_TRUE(one.close(socket));
      wire.run_for(10);
    }
    ASSERT_TRUE(two.close(listener));
  }
  EXPECT_EQ(two.open_connections(), 2u);  // the last of each family is remembered
}

/// What may be a late copy of the old connection's beginning changes nothing.
TEST(Connections, AreNotForgottenForOldNumbers) {
  Machine one(1), two(2);
  Wire wire(one, two, 1);
  wire.set_up();
  Frame begin;
  wire.watch = [&](const Frame& frame) {
    if (begin.empty() && frame.size() > 47 && frame[12] == 8 && frame[13] == 0 && frame[23] == 6 && frame[47] == 2) begin = frame;
  };
  u32 listener = two.open(1), socket = one.open(1);
  ASSERT_TRUE(two.bind(listener, address4(0, 0, 0, 0, 80)));
  ASSERT_TRUE(two.listen(listener));
  ASSERT_TRUE(one.connect(socket, wire.address_of(two, 4, 80)));
  wire.run_for(10);
  ASSERT_TRUE(two.close(*two.accept(listener)));
  wire.run_for(10);
  ASSERT_TRUE(one.close(socket));
  wire.run_for(10);
  ASSERT_FALSE(begin.empty());
  EXPECT_EQ(two.open_connections(), 1u);
  two.put_frame(begin);
  wire.run_for(10);
  EXPECT_EQ(two.open_connections(), 1u);
  EXPECT_EQ(two.accept(listener).error(), Error::WouldBlock);
}

struct Conditions {
  u32 lost, doubled, late;  ///< of a hundred frames
  u32 family;
};

class Transfer : public testing::TestWithParam<Conditions> {};

TEST_P(Transfer, ArrivesWholeAndInOrder) {
  constexpr usize kBytes = 1 << 20;
  Machine one(1), two(2);
  Wire wire(one, two, GetParam().lost + 7);
  wire.set_up();
  wire.lost = GetParam().lost;
  wire.doubled = GetParam().doubled;
  wire.late = GetParam().late;
  u32 family = GetParam().family;
  u32 listener = two.open(1, family);
  ASSERT_TRUE(two.bind(listener, {family, 5001, {}, 0, 0}));
  ASSERT_TRUE(two.listen(listener));
  u32 socket = one.open(1, family);
  ASSERT_TRUE(one.connect(socket, wire.address_of(two, family, 5001)));
  ASSERT_TRUE(wire.run_until(
      [&] { return (two.socket(listener).events & Event::CanAccept) != 0 && one.socket(socket).events == Event::Connected; }));
  u32 accepted = *two.accept(listener);

  Random random(5);
  std::string data(kBytes, 0), arrived, back;
  for (char& byte : data) byte = char(random.below(256));
  usize sent = 0, answered = 0;
  bool is_shut = false;
  u64 begin = test_time;
  ASSERT_TRUE(wire.run_until([&] {
    sent += one.write(socket, std::string_view(data).substr(sent, 20'000));
    one.ring();
    if (sent == kBytes && !is_shut) is_shut = bool(one.call([&](Stack& stack, u32 client) { return stack.shutdown(client, socket, 2); }));
    arrived += two.read(accepted, 15'000);
    answered += two.write(accepted, std::string_view(arrived).substr(answered, 10'000));
    two.ring();
    back += one.read(socket);
    return back.size() == kBytes && two.socket(accepted).events & Event::PartnerDone;
  }));
  EXPECT_TRUE(arrived == data);
  EXPECT_TRUE(back == data);
  RecordProperty("milliseconds", int((test_time - begin) / 1'000'000));
  // Half closed: the other half still works, until it is closed as well.
  two.write(accepted, "last words");
  EXPECT_TRUE(two.close(accepted));
  EXPECT_TRUE(wire.run_until([&] { return (one.socket(socket).events & Event::PartnerDone) != 0; }));
  EXPECT_EQ(one.read(socket), "last words");
  EXPECT_TRUE(one.close(socket));
  EXPECT_TRUE(wire.run_for(180'000));
  EXPECT_TRUE(one.close(listener).error() == Error::NotFound && two.close(listener));
  for (Machine* machine : {&one, &two}) {
    machine->enter();
    EXPECT_TRUE(machine->state->check());
    EXPECT_EQ(machine->open_connections(), 0u);
  }
}

INSTANTIATE_TEST_SUITE_P(Wires, Transfer,
                         testing::Values(Conditions{0, 0, 0, 4}, Conditions{3, 0, 0, 4}, Conditions{2, 5, 20, 4}, Conditions{0, 0, 0, 6},
                                         Conditions{5, 5, 5, 6}));

}  // namespace
}  // namespace pith::network
