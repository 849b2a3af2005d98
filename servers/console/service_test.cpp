// Tests the console on a fake device, with crashes between its steps.
#include "servers/console/service.h"

#include <gtest/gtest.h>

#include <memory>

#include "drivers/serial/ns16550/fake_access.h"

namespace pith {

MessageBuffer& ipc::message_buffer() {
  static MessageBuffer buffer;
  return buffer;
}

namespace console {
namespace {

class TestService final : public Service {
 public:
  using Service::Service;
  ns16550::FakeAccess* access = nullptr;
  int acknowledged = 0, paused = 0;

 private:
  void acknowledge_interrupt() override { acknowledged++; }
  u64 time() override { return 1000; }
  void pause() override {
    paused++;
    if (access) access->is_sending = true;
  }
};

struct Fixture : testing::Test {
  ns16550::FakeAccess access;
  ns16550::Device device{access};
  std::unique_ptr<Vault> vault = std::make_unique<Vault>();
  std::unique_ptr<TestService> service;

  void SetUp() override { start(); }
  /// What serve_committing() does in one step with the answer.
  void answered() {
    Commit commit = service->commit();
    if (commit.address) *commit.address = commit.value;
  }
  /// A new instance on the same vault.
  void start() {
    vault->restore();
    service = std::make_unique<TestService>(CapabilitySlot(1), device, *vault);
    service->access = &access;
  }
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
  answered();
  EXPECT_EQ(write("world"), 5u);
  answered();
  service->idle();
  EXPECT_EQ(access.output, "hello world");
  EXPECT_EQ(service->acknowledged, 1);
}

TEST_F(Fixture, DoesNotListenWhileThereIsNoRoom) {
  for (u64 i = 0; i < Vault::kReceiveBytes + 5; i++) access.input.push_back(u8('a' + i % 26));
  service->on_signals(1);
  service->idle();
  EXPECT_EQ(access.input.size(), 5u);
  EXPECT_EQ(access.interrupt_enable & ns16550::InterruptEnable::Receive, 0);  // or the interrupt would come again at once, for ever
  EXPECT_EQ(read(100).size(), 100u);
  answered();
  service->idle();
  EXPECT_TRUE(access.input.empty());
  EXPECT_NE(access.interrupt_enable & ns16550::InterruptEnable::Receive, 0);
}

TEST_F(Fixture, WaitsForTheDeviceByInterrupt) {
  access.is_sending = false;
  write("0123456789abcdefXYZ");
  answered();
  service->idle();
  EXPECT_EQ(access.output, "0123456789abcdef");
  EXPECT_EQ(access.interrupt_enable, 3u);
  service->on_signals(1);
  EXPECT_EQ(access.interrupt_enable, 0u);
  access.is_sending = true;
  service->idle();
  EXPECT_EQ(access.output, "0123456789abcdefXYZ");
  EXPECT_EQ(access.interrupt_enable, 1u);
  EXPECT_EQ(service->acknowledged, 2);
}

TEST_F(Fixture, FullRingTakesAtLeastOneByte) {
  access.is_sending = false;
  std::string chunk(448, 'a');
  u64 total = 0;
  while (vault->transmit.room() > 0) {
    total += write(chunk);
    answered();
  }
  service->idle();
  ASSERT_GT(total, Vault::kTransmitBytes - 1);
  while (vault->transmit.room() > 0) {
    write(chunk);
    answered();
  }
  EXPECT_GE(write("b"), 1u);
  EXPECT_GE(service->paused, 1);
}

TEST_F(Fixture, ReadsWhatWasTyped) {
  access.input = {'l', 's', '\n'};
  EXPECT_EQ(read(), "");
  answered();
  service->idle();
  EXPECT_EQ(read(2), "ls");
  answered();
  EXPECT_EQ(read(), "\n");
  answered();
  EXPECT_EQ(read(), "");
}

TEST_F(Fixture, CrashBeforeTheAnswerToAWriteDoublesNothing) {
  EXPECT_EQ(write("hello"), 5u);
  start();
  EXPECT_EQ(write("hello"), 5u);  // the kernel delivers the same call again
  answered();
  service->idle();
  EXPECT_EQ(access.output, "hello");
  EXPECT_EQ(write("hello"), 5u);  // a new one
  answered();
  service->idle();
  EXPECT_EQ(access.output, "hellohello");
}

TEST_F(Fixture, CrashAfterTheAnswerLosesNothing) {
  write("hello");
  answered();
  start();
  write("hello");
  answered();
  service->idle();
  EXPECT_EQ(access.output, "hellohello");
}

TEST_F(Fixture, CrashBeforeTheAnswerToAReadLosesNothing) {
  access.input = {'a', 'b', 'c'};
  service->idle();
  EXPECT_EQ(read(), "abc");
  start();
  EXPECT_EQ(read(), "abc");
  answered();
  start();
  EXPECT_EQ(read(), "");
}

TEST_F(Fixture, NonsenseInTheVaultIsThrownAway) {
  vault->transmit.tail = 1 << 20;
  start();
  EXPECT_EQ(vault->transmit.count(), 0u);
  write("x");
  answered();
  service->idle();
  EXPECT_EQ(access.output, "x");
}

}  // namespace
}  // namespace console
}  // namespace pith
