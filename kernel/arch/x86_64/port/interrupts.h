// Interrupt lines (one I/O APIC) and I/O ports on x86-64.
#pragma once
#include "port/registers.h"

namespace pith::arch {

u32 line_count();
void mask_line(u32 line);
void unmask_line(u32 line);
void route_line(u32 line, u32 cpu);
u64 message_address(u32 cpu);
u64 message_data(u32 line);

inline bool has_io_ports() { return true; }
inline u64 read_port(u16 port, u32 width) {
  switch (width) {
    case 1:
      return x86::in8(port);
    case 2:
      return x86::in16(port);
    default:
      return x86::in32(port);
  }
}
inline void write_port(u16 port, u32 width, u64 value) {
  switch (width) {
    case 1:
      x86::out8(port, u8(value));
      break;
    case 2:
      x86::out16(port, u16(value));
      break;
    default:
      x86::out32(port, u32(value));
      break;
  }
}

}  // namespace pith::arch
