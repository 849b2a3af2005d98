// Tests the log on a fake device. That its calls are done once, wherever it dies, is the vault's doing (lib/vault/serve_test.cpp).
#include "servers/log/service.h"

#include <gtest/gtest.h>

#include <memory>

#include "drivers/serial/ns16550/fake_access.h"

namespace pith {

MessageBuffer& ipc::message_buffer() {
  static MessageBuffer buffer;
  return buffer;
}

/// Nothing is answered later.
void vault::answer_call(Token, const ipc::Answer&) { FAIL(); }

namespace log {
namespace {

class TestService final : public Service {
 public:
  using Service::Service;

 private:
  u64 time() override { return 12'345'678'901; }
  std::string_view component_name(u32 index) override { return index == 3 ? "clock" : ""; }
};

struct Fixture : testing::Test {
  ns16550::FakeAccess access;
  ns16550::Device device{access};
  std::unique_ptr<State> state = std::make_unique<State>();
  TestService service{CapabilitySlot(1), device, *state};

  static std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }
  void line(std::string_view text) {
    EXPECT_TRUE(service.line(Session(4), 2, bytes_of(text)));
    service.look();
  }
  std::string ring() {
    std::string all;
    for (u64 from = 0;;) {
      std::byte room[448];
      auto result = service.read(Session(1), from, room);
      if (result->data.size() == 0) return all;
      all += result->data.text();
      from = result->next;
    }
  }
};

TEST_F(Fixture, PrintsAndKeepsLines) {
  line("ready");
  EXPECT_EQ(access.output, "[   12.345] clock: ready\n");
  EXPECT_EQ(ring(), access.output);
}

TEST_F(Fixture, ALineStaysALine) {
  line("a\nb\x1b[2Jc");
  EXPECT_EQ(access.output, "[   12.345] clock: a?b?[2Jc\n");
}

TEST_F(Fixture, RawIsUnchangedAndNotKept) {
  EXPECT_EQ(*service.raw(Session(4), bytes_of("x\ny")), 3u);
  service.look();
  EXPECT_EQ(access.output, "x\ny");
  EXPECT_EQ(ring(), "");
}

TEST_F(Fixture, OldLinesAreOverwritten) {
  for (int i = 0; i < 5000; i++) {
    line("line " + std::to_string(i));
  }
  std::string all = ring();
  EXPECT_EQ(all.size(), State::kLineBytes - LineRing<1024>::kFree);
  EXPECT_TRUE(all.ends_with("clock: line 4999\n"));
}

TEST_F(Fixture, ADeviceThatDoesNotMoveDelaysAndLosesNothing) {
  access.is_sending = false;
  for (int i = 0; i < 2; i++) {
    line("0123456789");
  }
  service.look();
  EXPECT_NE(service.deadline(), 0u);
  access.is_sending = true;
  service.look();
  EXPECT_EQ(service.deadline(), 0u);
  EXPECT_EQ(access.output, ring());
}

}  // namespace
}  // namespace log
}  // namespace pith
