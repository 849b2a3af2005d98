// The machine that is killed.
#include "servers/network/test/killed_machine.h"

#include <new>

#include "servers/network/variables.h"

namespace pith::network {

namespace {

constexpr u64 kVaultBytes = 4 << 20;  // lwIP's variables follow, in the test's own program
constexpr u64 kLogBytes = 1 << 20;

class TestService final : public Service {
 public:
  using Service::Service;

 private:
  bool may_configure(Session) override { return true; }
};

sigjmp_buf killed;
u64 left;  // instructions until the service is killed

void before_instruction(int) {
  if (vault::is_in_kernel || left-- != 0) return;
  siglongjmp(killed, 1);
}

}  // namespace

struct KilledMachine::Instance {
  Instance(KilledMachine& machine, State& state)
      : stack(state, machine, &machine.ring(), machine.filter_),
        service(vault::kEndpoint, stack),
        loop(service, service, vault::kEndpoint, vault::wants_of<TestService>()) {}

  Stack stack;
  TestService service;
  vault::Loop loop;
};

KilledMachine::KilledMachine(u8 last_address_byte)
    : vault_(vault::kAddress, kVaultBytes), log_(vault::kLogAddress, kLogBytes), client_memory_(kMemoryBytes), frames_(packet::kRingBytes) {
  vault::world = vault::World();
  u8 address[6] = {2, 0, 0, 0, 0, last_address_byte};
  memcpy(ring().address, address, sizeof address);
  ring().has_link = ring().is_present = 1;
  Filter::Problem problem;
  EXPECT_TRUE(filter_.parse("", problem));
  start();
}

State& KilledMachine::state() { return *reinterpret_cast<State*>(vault::kAddress + vault::kStateOffset); }
Stack& KilledMachine::stack() { return instance_->stack; }

/// What main.cpp does.
void KilledMachine::start() {
  vault::note_start(vault::open(kLogBytes));
  EXPECT_TRUE(vault::is_exchange_sound());
  if (vault::header().layout == 0) {
    ASSERT_TRUE(vault::run_event([&]() -> Result<void> {
      state().begin();
      vault::header().layout = State::kLayout;
      return {};
    }));
  }
  EXPECT_TRUE(state().check());
  alignas(Instance) static std::byte place[sizeof(Instance)];
  instance_ = new (place) Instance(*this, state());
  if (!stack().has_begun()) {
    ASSERT_TRUE(vault::run_event([&]() -> Result<void> {
      stack().begin({11, 22, 33, ring().address[5]});
      return {};
    }));
  }
  stack().open_frames();
  instance_->loop.resume();
}

/// What root does, and a new instance.
void KilledMachine::recover() {
  vault::world.server_dies();
  vault::is_in_kernel = false;
  if (vault::is_in_event()) kills_in_events++;
  auto* first = reinterpret_cast<std::byte*>(vault::kAddress);
  auto* log = reinterpret_cast<const std::byte*>(vault::kLogAddress);
  Result<u64> words = vault::roll_back({{first, vault_bytes_needed()}, {log, kLogBytes}});
  ASSERT_TRUE(words);
  if (*words != 0) kills_with_stores++;
  kills++;
  start();
}

void KilledMachine::turn() {
  instance_->service.on_signals(0);
  bool has_work = vault::world.is_anything_queued() || ring().received.filled != ring().received.taken || has_bytes_;
  has_bytes_ = false;
  std::optional<u64> kill = kill_after && has_work ? kill_after() : std::nullopt;
  if (!kill) {
    instance_->loop.run(1);
  } else {
    left = *kill;
    struct sigaction action = {}, before = {};
    action.sa_flags = SA_NODEFER;
    action.sa_handler = before_instruction;
    sigaction(SIGTRAP, &action, &before);
    if (sigsetjmp(killed, 1) == 0) {
      asm volatile("pushf\n\torq $0x100, (%%rsp)\n\tpopf" ::: "cc", "memory");
      instance_->loop.run(1);
      asm volatile("pushf\n\tandq $~0x100, (%%rsp)\n\tpopf" ::: "cc", "memory");
    } else {
      recover();
    }
    sigaction(SIGTRAP, &before, nullptr);
  }
  most_logged = std::max(most_logged, (vault::undo_log().next - vault::kFirstEntry) / sizeof(vault::UndoEntry));
}

KilledMachine::Answer KilledMachine::call(Method method, std::vector<u64> arguments, std::optional<Address> address) {
  vault::Client& client = vault::world.clients[0];
  Words words{{u64(method) | ++number_ << ipc::kNumberShift}};
  if (address) arguments.push_back(sizeof(Address));
  std::copy(arguments.begin(), arguments.end(), words.w + 1);
  client.more.clear();
  if (address) {
    client.more.resize(sizeof(Address) / sizeof(u64));
    memcpy(client.more.data(), &*address, sizeof(Address));
  }
  usize answers = client.answers.size();
  client.call = words;
  client.state = vault::Client::State::Queued;
  // A call that its service dies of three times is refused (lib/vault/ladder.h): that is not what is looked at here.
  u64 kills_before = kills;
  auto kill = kill_after;
  while (client.answers.size() == answers) {
    if (kills != kills_before) kill_after = nullptr;
    turn();
  }
  kill_after = kill;
  EXPECT_EQ(client.answers.size(), answers + 1);
  const Words& answer = client.answers.back();
  return {Error(answer.w[0]), answer.w[1], client.long_words.back()};
}

void KilledMachine::put_frame(const Frame& frame) {
  packet::Queue& queue = ring().received;
  if (queue.filled - queue.taken >= packet::kSlots) return;
  memcpy(frames_.data() + packet::received_slot(queue.filled) + packet::kHeaderBytes, frame.data(), frame.size());
  queue.length[queue.filled % packet::kSlots] = u32(frame.size());
  queue.filled++;
}

std::vector<Frame> KilledMachine::take_frames() {
  std::vector<Frame> taken;
  packet::Queue& queue = ring().sent;
  for (; queue.taken != queue.filled; queue.taken++) {
    const auto* frame = reinterpret_cast<const u8*>(frames_.data()) + packet::sent_slot(queue.taken) + packet::kHeaderBytes;
    taken.emplace_back(frame, frame + queue.length[queue.taken % packet::kSlots]);
  }
  return taken;
}

u64 KilledMachine::write(u32 number, std::string_view bytes) {
  SocketState& state = socket(number);
  u64 count = std::min<u64>(bytes.size(), kRingBytes - (state.sent_filled - state.sent_taken));
  std::byte* ring = client_memory_.data() + sent_ring(number);
  for (u64 i = 0; i < count; i++) ring[(state.sent_filled + i) % kRingBytes] = std::byte(bytes[i]);
  state.sent_filled += count;
  has_bytes_ = has_bytes_ || count != 0;
  return count;
}

std::string KilledMachine::read(u32 number, usize most) {
  SocketState& state = socket(number);
  EXPECT_LE(state.received_filled - state.received_taken, kRingBytes);
  const std::byte* ring = client_memory_.data() + received_ring(number);
  std::string bytes;
  has_bytes_ = has_bytes_ || state.received_taken != state.received_filled;
  for (; state.received_taken != state.received_filled && bytes.size() < most; state.received_taken++)
    bytes.push_back(char(ring[state.received_taken % kRingBytes]));
  return bytes;
}

}  // namespace pith::network
