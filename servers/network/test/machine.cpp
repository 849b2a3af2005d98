// Machines of tests.
#include "servers/network/test/machine.h"

#include <cstdlib>
#include <cstring>

#include "lwip/priv/tcp_priv.h"
#include "servers/network/variables.h"

extern "C" std::byte __start_lwip_data[], __stop_lwip_data[], __start_lwip_bss[], __stop_lwip_bss[];
extern "C" const std::byte lwip_initial_begin[], lwip_initial_end[];

namespace pith::network {

namespace {

usize data_size() { return usize(__stop_lwip_data - __start_lwip_data); }
usize bss_size() { return usize(__stop_lwip_bss - __start_lwip_bss); }

}  // namespace

void load_variables() { memcpy(__start_lwip_data, lwip_initial_begin, usize(lwip_initial_end - lwip_initial_begin)); }

Machine::Machine(u8 last_address_byte, std::string_view rules) : hardware{2, 0, 0, 0, 0, last_address_byte} {
  for (auto& one : memory) one.resize(kMemoryBytes);
  frames.resize(packet::kRingBytes);
  Filter::Problem problem;
  EXPECT_TRUE(filter.parse(rules, problem)) << problem.what;
  variables_.resize(data_size() + bss_size());
  enter();
  stack = std::make_unique<Stack>(*state, *this, &ring_of_frames(), filter);
  state->begin();
  stack->begin({1, 2, 3, u64{last_address_byte}});
  stack->open_frames();
  memcpy(ring_of_frames().address, hardware, sizeof hardware);
  ring_of_frames().has_link = 1;
  ring_of_frames().is_present = 1;
}

Machine::~Machine() {
  if (current_ == this) current_ = nullptr;
  for (auto& [place, size] : objects.sizes) free(place);
}

void Machine::enter() {
  if (current_ == this) return;
  if (current_ != nullptr) {
    memcpy(current_->variables_.data(), __start_lwip_data, data_size());
    memcpy(current_->variables_.data() + data_size(), __start_lwip_bss, bss_size());
  }
  memcpy(__start_lwip_data, variables_.data(), data_size());
  memcpy(__start_lwip_bss, variables_.data() + data_size(), bss_size());
  current_ = this;
  if (stack) restart();
}

void Machine::restart() {
  stack = nullptr;
  stack = std::make_unique<Stack>(*state, *this, &ring_of_frames(), filter);
  stack->open_frames();
}

void Machine::run() {
  enter();
  stack->publish();
  for (;;) {
    (void)stack->deadline();
    if (!stack->is_due()) break;
    stack->advance();
    stack->publish();
  }
}

u32 Machine::open_connections() {
  u32 count = 0;
  for (tcp_pcb* list : {tcp_active_pcbs, tcp_tw_pcbs, tcp_bound_pcbs}) {
    for (; list != nullptr; list = list->next) count++;
  }
  return count;
}

std::vector<Frame> Machine::take_frames() {
  std::vector<Frame> taken;
  packet::Queue& queue = ring_of_frames().sent;
  for (; queue.taken != queue.filled; queue.taken++) {
    const auto* frame = reinterpret_cast<const u8*>(frames.data()) + packet::sent_slot(queue.taken) + packet::kHeaderBytes;
    taken.emplace_back(frame, frame + queue.length[queue.taken % packet::kSlots]);
  }
  return taken;
}

bool Machine::put_frame(std::span<const u8> frame) {
  packet::Queue& queue = ring_of_frames().received;
  if (queue.filled - queue.taken >= packet::kSlots) return false;
  memcpy(frames.data() + packet::received_slot(queue.filled) + packet::kHeaderBytes, frame.data(), frame.size());
  queue.length[queue.filled % packet::kSlots] = u32(frame.size());
  queue.filled++;
  return true;
}

u64 Machine::write(u32 number, std::string_view bytes, u64 session) {
  SocketState& state = socket(number, session);
  u64 count = std::min<u64>(bytes.size(), kRingBytes - (state.sent_filled - state.sent_taken));
  std::byte* ring = memory[session % 3].data() + sent_ring(number);
  for (u64 i = 0; i < count; i++) ring[(state.sent_filled + i) % kRingBytes] = std::byte(bytes[i]);
  state.sent_filled += count;
  return count;
}

std::string Machine::read(u32 number, usize most, u64 session) {
  SocketState& state = socket(number, session);
  const std::byte* ring = memory[session % 3].data() + received_ring(number);
  std::string bytes;
  for (; state.received_taken != state.received_filled && bytes.size() < most; state.received_taken++)
    bytes.push_back(char(ring[state.received_taken % kRingBytes]));
  return bytes;
}

void Machine::write_record(u32 number, const Address& to, std::string_view bytes, u64 session) {
  Datagram head = {u32(bytes.size()), 0, to};
  std::string record(reinterpret_cast<const char*>(&head), sizeof head);
  record += bytes;
  record.resize((record.size() + 7) & ~usize{7});
  EXPECT_EQ(write(number, record, session), record.size());
}

std::vector<std::pair<Address, std::string>> Machine::read_records(u32 number, u64 session) {
  std::vector<std::pair<Address, std::string>> records;
  std::string bytes = read(number, kRingBytes, session);
  while (!bytes.empty()) {
    Datagram head;
    memcpy(static_cast<void*>(&head), bytes.data(), sizeof head);
    records.emplace_back(head.address, bytes.substr(sizeof head, head.length));
    bytes.erase(0, sizeof head + ((head.length + 7) & ~u32{7}));
  }
  return records;
}

}  // namespace pith::network
