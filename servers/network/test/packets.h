// Frames that tests make by hand: IPv4 with UDP, TCP or ICMP in Ethernet, checksums included.
#pragma once
#include <cstring>

#include "servers/network/test/machine.h"

namespace pith::network {

inline u16 checksum(std::span<const u8> bytes, u32 sum = 0) {
  for (usize i = 0; i < bytes.size(); i++) sum += i % 2 == 0 ? u32{bytes[i]} << 8 : bytes[i];
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return u16(~sum);
}

inline void put16(Frame& frame, usize place, u32 value) {
  frame[place] = u8(value >> 8);
  frame[place + 1] = u8(value);
}

struct Packet4 {
  u8 hardware[6];
  u32 from, to;  ///< addresses, the first byte highest
  u8 protocol;   ///< 1, 6, 17
  Frame body;    ///< with the transport's header, its checksum 0
};

inline Frame make_frame(const Packet4& packet) {
  constexpr usize kIp = 14, kBody = 34;
  Frame frame(kBody);
  memcpy(frame.data(), packet.hardware, 6);
  frame[6] = 2;
  frame[11] = 99;
  put16(frame, 12, 0x0800);
  frame[kIp] = 0x45;
  put16(frame, kIp + 2, u32(20 + packet.body.size()));
  frame[kIp + 8] = 64;
  frame[kIp + 9] = packet.protocol;
  for (u32 i = 0; i < 4; i++) {
    frame[kIp + 12 + i] = u8(packet.from >> (24 - 8 * i));
    frame[kIp + 16 + i] = u8(packet.to >> (24 - 8 * i));
  }
  put16(frame, kIp + 10, checksum(std::span(frame).subspan(kIp, 20)));
  frame.insert(frame.end(), packet.body.begin(), packet.body.end());
  u32 sum = 0;
  if (packet.protocol != 1) {
    for (usize i = kIp + 12; i < kIp + 20; i += 2) sum += u32{frame[i]} << 8 | frame[i + 1];
    sum += packet.protocol + u32(packet.body.size());
  }
  usize place = packet.protocol == 1 ? 2 : packet.protocol == 6 ? 16 : 6;
  put16(frame, kBody + place, checksum(std::span(frame).subspan(kBody), sum));
  return frame;
}

/// A TCP header without options.
inline Frame make_tcp(u32 from, u32 to, u32 number, u8 flags) {
  Frame header(20);
  put16(header, 0, from);
  put16(header, 2, to);
  put16(header, 4, number >> 16);
  put16(header, 6, number);
  header[12] = 0x50;
  header[13] = flags;
  put16(header, 14, 8192);
  return header;
}

inline Frame make_udp(u32 from, u32 to, const Frame& data) {
  Frame header(8);
  put16(header, 0, from);
  put16(header, 2, to);
  put16(header, 4, u32(8 + data.size()));
  header.insert(header.end(), data.begin(), data.end());
  return header;
}

}  // namespace pith::network
