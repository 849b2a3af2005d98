// Tests the console on a fake device. That its calls are done once, wherever it dies, is the vault's doing (lib/vault/serve_test.cpp).
#include "servers/console/service.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "drivers/serial/ns16550/fake_access.h"
#include "lib/vault/parking.h"

namespace pith {

MessageBuffer& ipc::message_buffer() {
  static MessageBuffer buffer;
  return buffer;
}

namespace {

struct Parked {};
std::vector<u32> answered;

}  // namespace

void vault::park() { throw Parked(); }
void vault::answer_call(Token token, const ipc::Answer&) { answered.push_back(token.raw); }

namespace console {
namespace {

class TestService final : public Service {
 public:
  using Service::Service;
  int acknowledged = 0;

 private:
  void acknowledge_interrupt() override { acknowledged++; }
  u64 time() override { return 1000; }
};

struct Fixture : testing::Test {
  ns16550::FakeAccess access;
  ns16550::Device device{access};
  std::unique_ptr<State> state = std::make_unique<State>();
  std::unique_ptr<TestService> service;

  void SetUp() override {
    answered.clear();
    start();
  }
  /// A new instance on the same vault.
  void start() { service = std::make_unique<TestService>(CapabilitySlot(1), device, *state); }
  static std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }
  u64 write(std::string_view text) { return *service->write(Session(7), bytes_of(text)); }
  std::string read(u64 most = 448) {
    std::byte room[448];
    Result<Bytes> bytes = service->read(Session(7), most, room);
    return std::string(bytes->text());
  }
};

TEST_F(Fixture, WritesInOrder) {
  EXPECT_EQ(write("hello "), 6u);
  EXPECT_EQ(write("world"), 5u);
  EXPECT_TRUE(service->look());
  EXPECT_EQ(access.output, "hello world");
  EXPECT_EQ(service->acknowledged, 1);
}

TEST_F(Fixture, DoesNotListenWhileThereIsNoRoom) {
  for (u64 i = 0; i < State::kReceiveBytes + 5; i++) access.input.push_back(u8('a' + i % 26));
  service->on_signals(1);
  service->look();
  EXPECT_EQ(access.input.size(), 5u);
  EXPECT_EQ(access.interrupt_enable & ns16550::InterruptEnable::Receive, 0);  // or the interrupt would come again at once, for ever
  EXPECT_EQ(read(100).size(), 100u);
  service->look();
  EXPECT_TRUE(access.input.empty());
  EXPECT_NE(access.interrupt_enable & ns16550::InterruptEnable::Receive, 0);
}

TEST_F(Fixture, WaitsForTheDeviceByInterrupt) {
  access.is_sending = false;
  write("0123456789abcdefXYZ");
  EXPECT_TRUE(service->look());
  EXPECT_EQ(access.output, "0123456789abcdef");
  EXPECT_EQ(access.interrupt_enable, 3u);
  EXPECT_FALSE(service->look());
  service->on_signals(1);
  access.is_sending = true;
  EXPECT_TRUE(service->look());
  EXPECT_EQ(access.output, "0123456789abcdefXYZ");
  EXPECT_EQ(access.interrupt_enable, 1u);
  EXPECT_EQ(service->acknowledged, 2);
}

TEST_F(Fixture, AWriteToAFullRingIsParkedUntilThereIsRoom) {
  access.is_sending = false;
  std::string chunk(448, 'a');
  while (state->transmit.room() > 0) write(chunk);
  EXPECT_THROW(write("b"), Parked);
  access.is_sending = true;
  EXPECT_TRUE(service->look());
  EXPECT_EQ(write("b"), 1u);
}

TEST_F(Fixture, ReadsWhatWasTyped) {
  access.input = {'l', 's', '\n'};
  EXPECT_EQ(read(), "");
  service->look();
  EXPECT_EQ(read(2), "ls");
  EXPECT_EQ(read(), "\n");
  EXPECT_EQ(read(), "");
}

TEST_F(Fixture, WhoWaitsForInputIsAnsweredWhenThereIsSome) {
  EXPECT_TRUE(service->wait_input(Session(7), Token(3)));
  service->look();
  EXPECT_FALSE(service->is_due());
  access.input = {'x'};
  service->look();
  start();
  EXPECT_TRUE(service->is_due());
  service->advance();
  EXPECT_EQ(answered, std::vector<u32>{3});
  EXPECT_FALSE(service->is_due());
}

TEST_F(Fixture, WhoDrainsIsAnsweredWhenAllIsOut) {
  access.is_sending = false;
  write("0123456789abcdefXYZ");
  EXPECT_TRUE(service->drain(Session(7), Token(4)));
  service->look();
  EXPECT_FALSE(service->is_due());
  EXPECT_EQ(service->deadline(), 0u);
  access.is_sending = true;
  service->look();
  access.is_sending = false;
  EXPECT_FALSE(service->is_due());  // the device still has it
  EXPECT_NE(service->deadline(), 0u);
  access.is_sending = true;
  EXPECT_TRUE(service->is_due());
  service->advance();
  EXPECT_EQ(answered, std::vector<u32>{4});
  EXPECT_EQ(service->deadline(), 0u);
}

TEST_F(Fixture, KnowsNonsense) {
  EXPECT_TRUE(state->check());
  state->transmit.tail = 1 << 20;
  EXPECT_FALSE(state->check());
}

}  // namespace
}  // namespace console
}  // namespace pith
