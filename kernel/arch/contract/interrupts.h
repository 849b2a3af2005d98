// What a port promises about interrupt lines and I/O ports.
#pragma once
#include "port/interrupts.h"

// Every port defines, in port/interrupts.h:
//   u32 line_count()                    interrupt lines of this machine
//   void mask_line(u32), unmask_line(u32)   messages (is_message_line) are not masked
//   void route_line(u32 line, u32 cpu)  the line's interrupts go to that CPU
//   u64 message_address(u32 cpu), message_data(u32 line)   what a device writes where for that message
//   bool has_io_ports()                 false: Platform::create_io_ports answers NotSupported
//   u64 read_port(u16 port, u32 width), void write_port(u16 port, u32 width, u64 value)   width 1, 2 or 4 bytes
