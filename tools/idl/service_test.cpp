// Tests of generated clients and servers against each other; this file plays the kernel between them.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "protocols/sample_server.h"

namespace pith {
namespace {

constexpr CapabilitySlot kClientSlot{8};
constexpr CapabilitySlot kServerSlot{1};
constexpr u64 kTokenNumber = 99;

class SampleService final : public protocols::SampleServer {
 public:
  using SampleServer::SampleServer;

  Result<u64> add(Session session, u64 left, u64 right) const override { return session.raw + left + right; }
  Result<u64> put(Session, u64 level, std::span<const std::byte> data) override {
    if (level == 9) return Error::Limit;
    text.assign(reinterpret_cast<const char*>(data.data()), data.size());
    return data.size();
  }
  Result<Bytes> get(Session, u64 most, std::span<std::byte, 464> data_room) override {
    if (most > data_room.size()) return Bytes{std::span<const std::byte>(data_room.data(), 0)};
    std::fill_n(data_room.begin(), most, std::byte{'x'});
    return Bytes{data_room.first(most)};
  }
  Result<protocols::SampleReverseResult> reverse(Session, std::span<const std::byte> data, std::span<std::byte, 464> data_room) override {
    std::reverse_copy(data.begin(), data.end(), data_room.begin());
    return protocols::SampleReverseResult{data.size(), {data_room.first(data.size())}, FrameNumber(4)};
  }
  Result<void> use(Session, FrameNumber frame) override { return frame.raw ? Result<void>() : Error::BadArgument; }
  Result<void> wait(Session, Token token, u64 deadline) override {
    if (deadline == 1) return Error::Cancelled;
    if (deadline == 2) reply_wait(token, protocols::SampleWaitResult{5, FrameNumber(6)});
    waiting = token;
    return {};
  }
  void signals(u64 new_bits) override { bits = new_bits; }
  Result<u64> fault(Session, const Words& words) override { return words.w[FaultMessage::Instruction] + 2; }

  std::string text;
  Token waiting;
  u64 bits = 0;
};

/// Delivers the client's calls to one server and keeps the answer. Long words go from one buffer to the other.
struct FakeKernel {
  SampleService service{kServerSlot};
  MessageBuffer client_buffer{}, server_buffer{};
  bool in_server = false;
  u32 calls_set_aside = 0;
  u64 extra_capabilities = 0;
  std::optional<ipc::Received> answer;

  ipc::Received deliver(Status status, Words words) {
    answer.reset();
    in_server = true;
    service.step({status, words});
    in_server = false;
    return answer.value_or(ipc::Received{{Status::kError | u64(Error::TimedOut)}, {}});
  }
  ipc::Received call(u32 length, Words words) {
    std::copy_n(client_buffer.words + 6, length > 6 ? length - 6 : 0, server_buffer.words + 6);
    return deliver(Status{u64{length} << 32 | extra_capabilities << 40 | 1000}, words);
  }
  void finish(u32 length, const Words& words) {
    EXPECT_FALSE(answer) << "answered twice";
    std::copy_n(server_buffer.words + 6, length > 6 ? length - 6 : 0, client_buffer.words + 6);
    answer = ipc::Received{Status{u64{length} << 32}, words};
  }
};

FakeKernel* the_kernel = nullptr;

}  // namespace

MessageBuffer& ipc::message_buffer() { return the_kernel->in_server ? the_kernel->server_buffer : the_kernel->client_buffer; }

Status invoke(u64 raw_handle, Words& words) {
  Handle handle{raw_handle};
  FakeKernel& kernel = *the_kernel;
  const Status nothing_more{Status::kSignals};
  switch (handle.kind()) {
    case Handle::Call: {
      EXPECT_EQ(handle.slot(), kClientSlot);
      ipc::Received received = kernel.call(0, words);
      words = received.words;
      return received.status;
    }
    case Handle::ReplyReceive:
      EXPECT_EQ(handle.slot(), kServerSlot);
      kernel.finish(0, words);
      words = {};
      return nothing_more;
    default:
      break;
  }
  switch (Operation(handle.operation_code())) {
    case Operation::EndpointCallMessage: {
      ipc::Received received = kernel.call(handle.words(), words);
      words = received.words;
      return received.status;
    }
    case Operation::EndpointReplyMessage:
      kernel.finish(handle.words(), words);
      return {};
    case Operation::EndpointReceive:
      words = {};
      return nothing_more;
    case Operation::EndpointSetAside:
      ++kernel.calls_set_aside;
      words.w[0] = kTokenNumber;
      return {};
    case Operation::EndpointReplyToken:
      EXPECT_EQ(words.w[0], kTokenNumber);
      kernel.finish(0, {{words.w[1], words.w[2], words.w[3], words.w[4], words.w[5]}});
      return {};
    default:
      return Status{Status::kError | u64(Error::NotSupported)};
  }
}

namespace {

class ServiceTest : public testing::Test {
 protected:
  ServiceTest() { the_kernel = &kernel; }
  ~ServiceTest() override { the_kernel = nullptr; }

  Error answer_to(u32 length, Words words) { return ipc::answer_error(kernel.call(length, words)); }

  FakeKernel kernel;
  protocols::SampleClient client{kClientSlot};
};

TEST_F(ServiceTest, CarriesScalars) {
  Result<u64> sum = client.add(2, 3);
  ASSERT_TRUE(sum);
  EXPECT_EQ(*sum, 1005u);  // 1000 is the badge
}

TEST_F(ServiceTest, CarriesBytes) {
  for (std::string_view text : {"", "a", "12345678", "123456789", "0123456789abcdef"}) {
    Result<u64> taken = client.put(1, ipc::as_bytes(text));
    ASSERT_TRUE(taken);
    EXPECT_EQ(*taken, text.size());
    EXPECT_EQ(kernel.service.text, text);
  }
  EXPECT_EQ(client.put(1, ipc::as_bytes("0123456789abcdef!")).error(), Error::BadMessage);
  EXPECT_EQ(client.put(9, ipc::as_bytes("a")).error(), Error::Limit);
}

TEST_F(ServiceTest, ClearsTheLastWord) {
  std::fill_n(kernel.client_buffer.words, kMessageWords, ~u64{0});
  ASSERT_TRUE(client.put(1, ipc::as_bytes("123456789")));
  EXPECT_EQ(kernel.client_buffer.words[7], u64{'9'});
}

TEST_F(ServiceTest, AnswersBytes) {
  for (u64 most : {u64{0}, u64{1}, u64{8}, u64{464}}) {
    Result<Bytes> data = client.get(most);
    ASSERT_TRUE(data);
    EXPECT_EQ(data->text(), std::string(most, 'x'));
  }
  Result<protocols::SampleReverseResult> reversed = client.reverse(ipc::as_bytes("abcdefghi"));
  ASSERT_TRUE(reversed);
  EXPECT_EQ(reversed->size, 9u);
  EXPECT_EQ(reversed->data.text(), "ihgfedcba");
  EXPECT_EQ(reversed->frame, FrameNumber(4));
}

TEST_F(ServiceTest, AnswersNothingButStatus) {
  EXPECT_TRUE(client.use(FrameNumber(1)));
  EXPECT_EQ(client.use(FrameNumber(0)).error(), Error::BadArgument);
}

TEST_F(ServiceTest, AnswersLater) {
  EXPECT_EQ(client.wait(1).error(), Error::Cancelled);
  Result<protocols::SampleWaitResult> at_once = client.wait(2);
  ASSERT_TRUE(at_once);
  EXPECT_EQ(at_once->bits, 5u);
  EXPECT_EQ(at_once->frame, FrameNumber(6));
  EXPECT_EQ(client.wait(3).error(), Error::TimedOut);  // the fake's word for "no answer yet"
  EXPECT_EQ(kernel.service.waiting, Token(kTokenNumber));
  EXPECT_EQ(kernel.calls_set_aside, 3u);
  kernel.service.reply_wait(Token(kTokenNumber), Error::Limit);
  ASSERT_TRUE(kernel.answer);
  EXPECT_EQ(ipc::answer_error(*kernel.answer), Error::Limit);
}

TEST_F(ServiceTest, RefusesMalformedCalls) {
  EXPECT_EQ(answer_to(6, {{0}}), Error::BadMessage);                // unknown method
  EXPECT_EQ(answer_to(6, {{~u64{0}}}), Error::BadMessage);          // unknown method
  EXPECT_EQ(answer_to(7, {{1, 2, 3}}), Error::BadMessage);          // bytes where none belong
  EXPECT_EQ(answer_to(6, {{2, 1, 8}}), Error::BadMessage);          // bytes that did not come
  EXPECT_EQ(answer_to(8, {{2, 1, 8}}), Error::BadMessage);          // more than was said
  EXPECT_EQ(answer_to(9, {{2, 1, 17}}), Error::BadMessage);         // more than is allowed
  EXPECT_EQ(answer_to(6, {{2, 1, ~u64{0}}}), Error::BadMessage);    // an absurd length
  EXPECT_EQ(answer_to(6, {{5, u64{1} << 32}}), Error::BadMessage);  // no frame number
  EXPECT_EQ(answer_to(7, {{6, 2}}), Error::BadMessage);             // in a deferred method
  kernel.extra_capabilities = 1;
  EXPECT_EQ(answer_to(6, {{1, 2, 3}}), Error::BadMessage);
  kernel.extra_capabilities = 0;
  EXPECT_EQ(answer_to(6, {{1, 2, 3}}), kSuccess);
}

TEST_F(ServiceTest, DeliversSignalsAndFaults) {
  kernel.deliver(Status{Status::kSignals}, {{6}});
  EXPECT_EQ(kernel.service.bits, 6u);
  Words fault{};
  fault.w[FaultMessage::Instruction] = 0x1000;
  ipc::Received received = kernel.deliver(Status{Status::kFault | 3}, fault);
  EXPECT_EQ(received.words.w[0], 0x1002u);
}

TEST(Methods, AreMarkedByTheirKind) {
  EXPECT_EQ(protocols::SampleServer::kReadMethods, 1u << 1);
  EXPECT_EQ(protocols::SampleServer::kDeferredMethods, 1u << 6);
}

TEST(Answers, DoNotTrustTheServer) {
  EXPECT_EQ(ipc::answer_error({{}, {{kErrorLimit}}}), Error::BadMessage);
  EXPECT_EQ(ipc::answer_error({{Status::kError | u64(Error::Stale)}, {{0}}}), Error::Stale);
  EXPECT_FALSE(ipc::holds_bytes(6, 1, 464));
  EXPECT_FALSE(ipc::holds_bytes(64, 465, 464));
  EXPECT_TRUE(ipc::holds_bytes(64, 464, 464));
  EXPECT_TRUE(ipc::holds_bytes(0, 0, 464));
}

}  // namespace
}  // namespace pith
