// Frames in and out, timers, and the order in which what is due is done.
#include "servers/network/stack.h"

#include <algorithm>
#include <cstring>

#include "abi/error.h"
#include "lib/vault/bulk.h"
#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/init.h"
#include "lwip/pbuf.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"
#include "servers/network/unlogged.h"
#include "servers/network/variables.h"

extern "C" u32_t sys_now() { return u32_t(pith::network::Stack::current().time() / 1'000'000); }

namespace pith::network {

namespace {

constexpr u32 kMostTries = 3;
constexpr u64 kMillisecond = 1'000'000;
constexpr u32 kLeastFrame = 60;
constexpr char kHostName[] = "pith";

u64 load(const u64& word) { return __atomic_load_n(&word, __ATOMIC_ACQUIRE); }
void store(u64& word, u64 value) { __atomic_store_n(&word, value, __ATOMIC_RELEASE); }

err_t send(netif*, pbuf* frame) { return Stack::current().send_frame(*frame) ? ERR_OK : ERR_MEM; }

err_t set_card_up(netif* card) {
  card->name[0] = 'e';
  card->name[1] = 't';
  card->mtu = 1500;
  card->hwaddr_len = 6;
  card->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_MLD6;
  card->linkoutput = send;
  card->output = etharp_output;
  card->output_ip6 = ethip6_output;
  netif_set_hostname(card, kHostName);
  return ERR_OK;
}

std::byte* slots_of(packet::Ring& ring) { return reinterpret_cast<std::byte*>(&ring); }

netif* loopback_due() {
  netif* one;
  NETIF_FOREACH(one) {
    if (one->loop_first != nullptr) return one;
  }
  return nullptr;
}

}  // namespace

void State::begin() {
  for (u32 i = kRecords; i > 0; i--) {
    sockets[i - 1].next = free_sockets;
    free_sockets = &sockets[i - 1];
  }
}

bool State::check() const {
  u32 in_use = 0, listed = 0;
  for (const Socket& socket : sockets) {
    if (socket.kind != Kind::None) in_use++;
    if (socket.kind > Kind::Frame || socket.phase > Phase::Finished || socket.client >= kClients) return false;
  }
  for (const Socket* one = free_sockets; one != nullptr; one = one->next) {
    if (one < sockets || one >= sockets + kRecords || ++listed > kRecords || one->kind != Kind::None) return false;
  }
  return in_use + listed == kRecords;
}

Stack::Stack(State& state, Outside& outside, packet::Ring* frames, const Filter& filter)
    : state_(state), outside_(outside), frames_(frames), filter_(filter) {
  current_ = this;
  use_memory(state.memory);
  for (u32 i = 0; i < kClients; i++) {
    if (state.clients[i].session != 0) memory_[i] = outside.memory_of(state.clients[i].session);
    for (u32 number = 0; number < kSockets; number++) {
      if (const Socket* socket = state.clients[i].sockets[number]) change(*socket);
    }
  }
  look_at_all();
}

Stack::~Stack() { current_ = nullptr; }

void Stack::begin(const u64 (&seed)[4]) {
  load_variables();
  state_.has_begun = 1;
  state_.key[0] = seed[0] ^ seed[2];
  state_.key[1] = seed[1] ^ seed[3];
  state_.generations = u64{network_random()} << 20;  // no generation of an earlier vault comes again
  if (frames_ != nullptr && frames_->magic == packet::Ring::kMagic) {
    state_.frames_taken = load(frames_->received.filled);
    state_.frames_filled = frames_->sent.filled;
  }
  lwip_init();
  if (frames_ == nullptr) return;
  netif_add_noaddr(&state_.card(), nullptr, set_card_up, ethernet_input);
  netif_set_default(&state_.card());
}

void Stack::open_frames() {
  if (frames_ == nullptr) return;
  publish();
  store(frames_->magic, packet::Ring::kMagic);
  outside_.ring_driver();
}

void Stack::look_at_all() {
  for (u32 i = 0; i < kClients; i++) {
    if (state_.clients[i].session != 0) std::fill(std::begin(attention_[i]), std::end(attention_[i]), ~u64{0});
  }
}

Stack::Task Stack::next_task() {
  if (has_news_of_card()) return Task::News;
  if (sys_timeouts_sleeptime() == 0) return Task::Timers;
  if (frames_ != nullptr) {
    u64 waiting = load(frames_->received.filled) - state_.frames_taken;
    if (waiting != 0 && waiting <= packet::kSlots) return Task::Frame;
  }
  if (loopback_due() != nullptr) return Task::Loopback;
  for (const auto& words : attention_) {
    for (u64 word : words) {
      if (word != 0) return Task::Attention;
    }
  }
  return Task::None;
}

bool Stack::is_due() { return left_ != 0 && next_task() != Task::None; }

void Stack::advance() {
  end_unlogged_copies();
  if (left_ != 0) left_--;
  run(next_task());
  u64 none = 0;
  if (state_.tries != 0) vault::store_unlogged(&state_.tries, std::as_bytes(std::span(&none, 1)));
}

void Stack::run(Task task) {
  switch (task) {
    case Task::News:
      return take_news_of_card();
    case Task::Frame:
      return take_frame();
    case Task::Loopback:
      return take_loopback();
    case Task::Attention:
      return attend_one();
    case Task::Timers:
      sys_check_timeouts();
      if (is_short_of_memory_) look_at_all();
      is_short_of_memory_ = false;
      return;
    case Task::None:
      return;
  }
}

u64 Stack::deadline() {
  left_ = kEventsAtOnce;
  if (next_task() != Task::None) return time();
  u32 sleep = sys_timeouts_sleeptime();
  return sleep == 0xffffffff ? 0 : time() + sleep * kMillisecond;
}

/// Counts beyond a crash how often this event has been begun.
bool Stack::is_tried_too_often(u64 event) {
  u64 tried[2] = {event, state_.tried_event == event ? state_.tries + 1 : 1};
  vault::store_unlogged(&state_.tried_event, std::as_bytes(std::span(tried)));
  return tried[1] > kMostTries;
}

void Stack::take_frame() {
  u64 number = state_.frames_taken++;
  bool is_poisonous = is_tried_too_often(number << 2 | 1);
  u32 length = __atomic_load_n(&frames_->received.length[number % packet::kSlots], __ATOMIC_RELAXED);
  if (is_poisonous) {
    state_.counts.poisonous++;
    return;
  }
  if (length < SIZEOF_ETH_HDR || length > packet::kMostBytes) {
    state_.counts.dropped++;
    return;
  }
  pbuf* frame = pbuf_alloc(PBUF_RAW, u16(length), PBUF_POOL);
  if (frame == nullptr) {
    state_.counts.dropped++;
    PBUF_CHECK_FREE_OOSEQ();
    return;
  }
  {
    UnloggedCopies unlogged;
    pbuf_take(frame, slots_of(*frames_) + packet::received_slot(number) + packet::kHeaderBytes, u16(length));
  }
  state_.counts.received_packets++;
  state_.counts.received_bytes += length;
  show_frame(*frame);
  if (state_.card().input(frame, &state_.card()) != ERR_OK) pbuf_free(frame);
}

/// The first packet of an interface's own queue. lwIP's netif_poll would take all of them, and those that come of them: no event is to be
/// that long.
void Stack::take_loopback() {
  netif* from = loopback_due();
  pbuf *first = from->loop_first, *last = first;
  u16 count = 1;
  for (; last->len != last->tot_len; last = last->next) count++;
  from->loop_cnt_current = u16(from->loop_cnt_current - count);
  from->loop_first = last->next;
  if (last == from->loop_last) from->loop_last = nullptr;
  last->next = nullptr;
  first->if_idx = netif_get_index(from);
  if (is_tried_too_often(2)) {
    state_.counts.poisonous++;
    pbuf_free(first);
    return;
  }
  if (ip_input(first, from) != ERR_OK) pbuf_free(first);
}

bool Stack::send_frame(const pbuf& frame) {
  u32 length = frame.tot_len;
  bool has_room = frames_ != nullptr && state_.frames_filled - load(frames_->sent.taken) < packet::kSlots;
  if (!has_room || length > packet::kMostBytes) {
    state_.counts.dropped++;
    return false;
  }
  std::byte* slot = slots_of(*frames_) + packet::sent_slot(state_.frames_filled) + packet::kHeaderBytes;
  pbuf_copy_partial(&frame, slot, u16(length), 0);
  if (length < kLeastFrame) memset(slot + length, 0, kLeastFrame - length);
  frames_->sent.length[state_.frames_filled % packet::kSlots] = std::max(length, kLeastFrame);
  state_.frames_filled++;
  state_.counts.sent_packets++;
  state_.counts.sent_bytes += length;
  return true;
}

bool Stack::has_news_of_card() {
  if (frames_ == nullptr || load(frames_->is_present) != 1) return false;
  return state_.has_card == 0 || state_.has_link != (load(frames_->has_link) != 0);
}

void Stack::take_news_of_card() {
  netif& card = state_.card();
  if (state_.has_card == 0) {
    memcpy(card.hwaddr, frames_->address, sizeof card.hwaddr);
    netif_create_ip6_linklocal_address(&card, 1);
    netif_set_ip6_autoconfig_enabled(&card, 1);
    netif_set_up(&card);
    dhcp_start(&card);
    state_.has_card = 1;
  }
  state_.has_link = load(frames_->has_link) != 0;
  if (state_.has_link != 0) {
    netif_set_link_up(&card);
  } else {
    netif_set_link_down(&card);
  }
}

void Stack::publish() {
  for (u32 i = 0; i < kClients; i++) {
    bool has_changed = false;
    for (u32 word = 0; word < kSockets / 64; word++) {
      for (u64 rest = std::exchange(changed_[i][word], 0); rest != 0; rest &= rest - 1) {
        const Socket* socket = state_.clients[i].sockets[word * 64 + u32(__builtin_ctzll(rest))];
        if (socket == nullptr || memory_[i].empty()) continue;
        publish_socket(*socket);
        has_changed = true;
      }
    }
    if (has_changed) outside_.ring_client(state_.clients[i].session);
  }
  if (frames_ == nullptr) return;
  bool has_sent = state_.frames_filled != published_filled_ || must_publish_frames_;
  bool may_have_waited = load(frames_->received.filled) - published_taken_ > packet::kSlots / 2 && state_.frames_taken != published_taken_;
  published_filled_ = state_.frames_filled;
  published_taken_ = state_.frames_taken;
  must_publish_frames_ = false;
  store(frames_->received.taken, published_taken_);
  store(frames_->sent.filled, published_filled_);
  if (has_sent || may_have_waited) outside_.ring_driver();
}

/// The generation comes last: a client's own indices are reset once, before it can know of the socket.
void Stack::publish_socket(const Socket& socket) {
  SocketState& shared = *shared_state(socket);
  bool is_new = load(shared.generation) != socket.generation;
  if (is_new) {
    store(shared.received_taken, 0);
    store(shared.sent_filled, 0);
  }
  store(shared.received_filled, socket.received_filled);
  store(shared.sent_taken, socket.sent_taken);
  store(shared.error, socket.error);
  store(shared.events, socket.events);
  if (is_new) store(shared.generation, socket.generation);
}

}  // namespace pith::network
