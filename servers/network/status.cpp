// `key value` lines about interfaces, packets, sockets and memory.
#include "servers/network/status.h"

#include <algorithm>
#include <cstring>

#include "lwip/ip_addr.h"
#include "lwip/memp.h"
#include "lwip/priv/memp_priv.h"

namespace pith::network {

namespace {

/// Keeps what falls into the room, and counts the rest.
class Text {
 public:
  Text(u64 from, std::span<std::byte> room) : from_(from), room_(room) {}
  usize count() const { return count_; }

  void add(std::string_view text) {
    for (char one : text) {
      if (place_++ >= from_ && count_ < room_.size()) room_[count_++] = std::byte(one);
    }
  }
  void add(u64 number) {
    char digits[20];
    usize length = 0;
    do {
      digits[sizeof digits - ++length] = char('0' + number % 10);
      number /= 10;
    } while (number != 0);
    add(std::string_view(digits + sizeof digits - length, length));
  }
  template <class... Parts>
  void line(Parts... parts) {
    (add(parts), ...);
    add("\n");
  }

 private:
  u64 from_, place_ = 0;
  std::span<std::byte> room_;
  usize count_ = 0;
};

void add_address(Text& text, const u8 (&bytes)[4]) {
  for (u32 i = 0; i < 4; i++) {
    if (i != 0) text.add(".");
    text.add(u64{bytes[i]});
  }
}

void add_interface(Text& text, const Interface& one) {
  text.add(std::string_view(one.name, strnlen(one.name, sizeof one.name)));
  text.add((one.flags & 2) != 0 ? " up " : " down ");
  add_address(text, one.address);
  text.add(" mask ");
  add_address(text, one.mask);
  text.add(" gateway ");
  add_address(text, one.gateway);
  text.add("\n");
  for (u32 i = 0; i < one.address6_count; i++) {
    ip6_addr_t address = {};
    memcpy(address.addr, one.addresses6[i], sizeof one.addresses6[i]);
    char name[48];
    ip6addr_ntoa_r(&address, name, sizeof name);
    text.line("address6 ", std::string_view(name));
  }
  if ((one.flags & 4) != 0) return;
  for (const auto& server : one.name_servers) {
    text.add("name_server ");
    add_address(text, server);
    text.add("\n");
  }
}

}  // namespace

usize write_status(Stack& stack, u64 from, std::span<std::byte> room) {
  Text text(from, room);
  for (u64 number = 0; number < 2; number++) {
    Result<Interface> one = stack.interface_state(number);
    if (one) add_interface(text, *one);
  }
  const State& state = stack.state();
  text.line("received_packets ", state.counts.received_packets);
  text.line("received_bytes ", state.counts.received_bytes);
  text.line("sent_packets ", state.counts.sent_packets);
  text.line("sent_bytes ", state.counts.sent_bytes);
  text.line("dropped ", state.counts.dropped);
  text.line("filtered ", state.counts.filtered);
  text.line("poisonous ", state.counts.poisonous);
  text.line("sockets ", u64(std::count_if(std::begin(state.sockets), std::end(state.sockets),
                                          [](const Socket& one) { return one.kind != Kind::None; })));
  auto pool = [&](std::string_view name, memp_t which) {
    text.line(name, " ", u64{memp_pools[which]->stats->used}, " of ", u64{memp_pools[which]->stats->avail});
  };
  pool("tcp_connections", MEMP_TCP_PCB);
  pool("tcp_segments", MEMP_TCP_SEG);
  pool("received_frames", MEMP_PBUF_POOL);
  for (u32 i = 0; i < kPieceSizes; i++)
    text.line("memory_", u64{kPieceSize[i]}, " ", u64{state.memory.used[i]}, " of ", u64{kPieceCount[i]});
  return text.count();
}

}  // namespace pith::network
