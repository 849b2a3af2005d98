// Interrupt lines and I/O ports of the fake machine.
#pragma once
#include "base/types.h"

namespace pith::arch {

u32 line_count();
void mask_line(u32 line);
void unmask_line(u32 line);
void route_line(u32 line, u32 cpu);
u64 message_address(u32 cpu);
u64 message_data(u32 line);

bool has_io_ports();
u64 read_port(u16 port, u32 width);
void write_port(u16 port, u32 width, u64 value);

}  // namespace pith::arch
