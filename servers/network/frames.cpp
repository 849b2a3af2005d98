// Sockets of frames: what the card receives, shown beside lwIP, and frames with the card's own address as sender. For whoever configures the interface.
#include <algorithm>
#include <cstring>

#include "abi/error.h"
#include "lwip/pbuf.h"
#include "lwip/prot/ethernet.h"
#include "servers/network/lwip_error.h"
#include "servers/network/stack.h"
#include "servers/network/unlogged.h"

namespace pith::network {

namespace {

constexpr u32 kMostPayload = 1500;

}  // namespace

/// Which frames it sees from now on.
Result<void> Stack::bind_frames(Socket& socket, const Address& address) {
  if (address.family != kLinkFamily || address.port > 0xffff) return Error::BadArgument;
  if (address.scope != 0 && address.scope != u32{state_.card().num} + 1) return Error::BadAddress;
  socket.own = address;
  memcpy(socket.own.bytes, state_.card().hwaddr, sizeof state_.card().hwaddr);
  return {};
}

/// One that has come from the card.
void Stack::show_frame(const pbuf& frame) {
  if (state_.frame_sockets == 0) return;
  eth_hdr header;
  if (pbuf_copy_partial(&frame, &header, sizeof header, 0) != sizeof header) return;
  u32 type = lwip_ntohs(header.type);
  for (Socket& socket : state_.sockets) {
    if (socket.kind != Kind::Frame || (socket.own.port != type && socket.own.port != kEveryType)) continue;
    Address from = {kLinkFamily, type, {}, u32{state_.card().num} + 1, 0};
    memcpy(from.bytes, &header.src, sizeof header.src);
    take_record(socket, frame, 0, from);
  }
}

/// A record of the client's: the payload; its address says to whom and of which type.
void Stack::send_frame_record(Socket& socket, const Datagram& head, u64 position) {
  if (head.address.family != kLinkFamily || head.address.port > 0xffff) return refuse_record(socket, kNoRoute);
  if (head.length > kMostPayload) return refuse_record(socket, kTooLong);
  if (state_.has_card == 0) return refuse_record(socket, kNoNetwork);
  pbuf* frame = pbuf_alloc(PBUF_RAW, u16(SIZEOF_ETH_HDR + head.length), PBUF_POOL);
  if (frame == nullptr) {
    state_.counts.dropped++;
    return;
  }
  eth_hdr header = {};
  memcpy(&header.dest, head.address.bytes, sizeof header.dest);
  memcpy(&header.src, state_.card().hwaddr, sizeof header.src);
  header.type = lwip_htons(u16(head.address.port));
  std::span<const std::byte> ring = sent_ring_of(socket);
  u64 place = position % kRingBytes;
  u32 first = u32(std::min<u64>(head.length, kRingBytes - place));
  {
    UnloggedCopies unlogged;
    pbuf_take(frame, &header, sizeof header);
    if (first != 0) pbuf_take_at(frame, ring.data() + place, u16(first), SIZEOF_ETH_HDR);
    if (first < head.length) pbuf_take_at(frame, ring.data(), u16(head.length - first), u16(SIZEOF_ETH_HDR + first));
  }
  send_frame(*frame);
  pbuf_free(frame);
}

}  // namespace pith::network
