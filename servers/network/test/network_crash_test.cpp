// The network service, killed again and again while another machine, in a process of its own, sends it bytes and reads them back: no
// connection is lost, no byte is lost or doubled, each call has one answer.
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/random.h"
#include "servers/network/test/killed_machine.h"

namespace pith::network {
namespace {

constexpr usize kBytes = 128 * 1024;
constexpr u32 kPort = 5001;
constexpr u64 kMillisecond = 1'000'000;

Address address(u8 last, u32 port) { return {4, port, {10, 0, 0, last}, 0, 0}; }

/// Gives the machine its address.
void configure(KilledMachine& machine, u8 last) {
  machine.turn();
  Interface state = {};
  u8 own[4] = {10, 0, 0, last}, mask[4] = {255, 255, 255, 0};
  memcpy(state.address, own, 4);
  memcpy(state.mask, mask, 4);
  ASSERT_TRUE(vault::run_event([&] { return machine.stack().configure(machine.state().card().num, InterfaceChange::Address, state); }));
}

char pattern(u64 position) { return char(position * 0x9e3779b97f4a7c15 >> 56); }

/// Frames between the processes, a millisecond after the other.
class Line {
 public:
  explicit Line(int file) : file_(file) {}

  void send(u64 time, const std::vector<Frame>& frames, u64 word) {
    u64 head[3] = {time, frames.size(), word};
    write_all(head, sizeof head);
    for (const Frame& frame : frames) {
      u64 length = frame.size();
      write_all(&length, sizeof length);
      write_all(frame.data(), length);
    }
  }
  /// False: the other end is gone.
  bool receive(u64& time, std::vector<Frame>& frames, u64& word) {
    u64 head[3];
    if (!read_all(head, sizeof head)) return false;
    time = head[0];
    word = head[2];
    frames.resize(head[1]);
    for (Frame& frame : frames) {
      u64 length = 0;
      if (!read_all(&length, sizeof length)) return false;
      frame.resize(length);
      if (!read_all(frame.data(), length)) return false;
    }
    return true;
  }

 private:
  void write_all(const void* bytes, usize size) {
    for (usize done = 0; done < size;) {
      ssize_t count = ::write(file_, static_cast<const char*>(bytes) + done, size - done);
      if (count <= 0) return;
      done += usize(count);
    }
  }
  bool read_all(void* bytes, usize size) {
    for (usize done = 0; done < size;) {
      ssize_t count = ::read(file_, static_cast<char*>(bytes) + done, size - done);
      if (count <= 0) return false;
      done += usize(count);
    }
    return true;
  }

  int file_;
};

/// The other machine: connects, sends the pattern, expects it back, and datagrams beside. Its word: how many bytes have come back right;
/// the highest bit: done; the one below: something was wrong.
constexpr u64 kDone = u64{1} << 63, kWrong = u64{1} << 62;

[[noreturn]] void be_partner(int file) {
  Line line(file);
  KilledMachine machine(2);
  configure(machine, 2);
  u32 socket = u32(machine.call(Method::Open, {1, 4, 0}).word);
  u64 sent = 0, back = 0, word = 0;
  bool has_connected = false, is_shut = false;
  std::vector<Frame> frames;
  u64 ignored;
  while (line.receive(machine.time_ns, frames, ignored)) {
    for (const Frame& frame : frames) machine.put_frame(frame);
    machine.turn();
    if (!has_connected) has_connected = machine.call(Method::Connect, {socket}, address(1, kPort)).error == kSuccess;
    u64 events = machine.socket(socket).events;
    if ((events & (Event::Reset | Event::ConnectFailed)) != 0) word |= kWrong;
    if ((events & Event::Connected) != 0 && sent < kBytes) {
      std::string more;
      for (u64 i = sent; i < std::min<u64>(kBytes, sent + 500); i++) more.push_back(pattern(i));
      sent += machine.write(socket, more);
    } else if (sent == kBytes && !is_shut) {
      is_shut = machine.call(Method::Shutdown, {socket, 2}).error == kSuccess;
    }
    for (char byte : machine.read(socket)) {
      if (byte != pattern(back++)) word |= kWrong;
    }
    if ((events & Event::PartnerDone) != 0 && back == kBytes) word |= kDone;
    machine.turn();
    line.send(machine.time_ns, machine.take_frames(), word | back);
  }
  _exit(testing::Test::HasFailure());
}

TEST(Crashes, LoseNoByteAndNoConnection) {
  int files[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, files), 0);
  pid_t child = fork();
  if (child == 0) {
    close(files[0]);
    be_partner(files[1]);
  }
  close(files[1]);
  Line line(files[0]);
  KilledMachine machine(1);
  configure(machine, 1);

  // Each turn that has something to do is gone through by single steps, to a place anywhere in it.
  Random random(4711);
  machine.kill_after = [&]() -> std::optional<u64> { return random.below(u64{1} << (10 + random.below(4))); };
  u32 listener = u32(machine.call(Method::Open, {1, 4, 0}).word);
  ASSERT_EQ(machine.call(Method::Bind, {listener}, address(0, kPort)).error, Error::BadAddress);  // 10.0.0.0
  ASSERT_EQ(machine.call(Method::Bind, {listener}, Address{4, kPort, {}, 0, 0}).error, kSuccess);
  ASSERT_EQ(machine.call(Method::Listen, {listener, 4}).error, kSuccess);
  std::optional<u32> accepted;
  std::string back;
  u64 taken = 0, word = 0, steps = 0;
  bool is_shut = false;
  for (; (word & (kDone | kWrong)) == 0 && steps < 20'000 && !testing::Test::HasFailure(); steps++) {
    machine.time_ns += kMillisecond;
    line.send(machine.time_ns, machine.take_frames(), 0);
    std::vector<Frame> frames;
    ASSERT_TRUE(line.receive(machine.time_ns, frames, word));
    for (const Frame& frame : frames) machine.put_frame(frame);
    machine.turn();
    if (!accepted) {
      if ((machine.socket(listener).events & Event::CanAccept) == 0) continue;
      KilledMachine::Answer answer = machine.call(Method::Accept, {listener});
      ASSERT_EQ(answer.error, kSuccess);
      accepted = u32(answer.word);
      RecordProperty("accepted_at", int(steps));
      ASSERT_EQ(machine.call(Method::Accept, {listener}).error, Error::WouldBlock) << "accepted twice";
    }
    for (char byte : machine.read(*accepted, 9000)) {
      ASSERT_EQ(byte, pattern(taken++)) << taken;
      back.push_back(byte);
    }
    back.erase(0, machine.write(*accepted, back));
    u64 events = machine.socket(*accepted).events;
    ASSERT_EQ(events & Event::Reset, 0u);
    if ((events & Event::PartnerDone) != 0 && taken == kBytes && back.empty() && !is_shut) {
      is_shut = machine.call(Method::Shutdown, {*accepted, 2}).error == kSuccess;
    }
    machine.turn();
  }
  EXPECT_EQ(word, kDone | kBytes);
  EXPECT_GT(machine.kills, 300u);
  EXPECT_GT(machine.kills_in_events, 100u);
  EXPECT_GT(machine.kills_with_stores, 80u);
  RecordProperty("kills", int(machine.kills));
  RecordProperty("kills_in_events", int(machine.kills_in_events));
  RecordProperty("kills_with_stores", int(machine.kills_with_stores));
  RecordProperty("most_words_of_an_event", int(machine.most_logged));
  RecordProperty("milliseconds", int(steps));
  close(files[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace pith::network
