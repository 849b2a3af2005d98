// Access to I/O ports.
#include "kernel/object/io_ports.h"

#include "kernel/arch/contract/interrupts.h"

namespace pith {

namespace {
bool in_range(const IoPorts& ports, u64 offset, u64 width) {
  bool good_width = width == 1 || width == 2 || width == 4;
  return good_width && offset < ports.count && width <= ports.count - offset;
}
}  // namespace

Result<u64> IoPorts::read(Thread&, u64 offset, u64 width) {
  if (!in_range(*this, offset, width)) return Error::BadArgument;
  return arch::read_port(u16(first + offset), u32(width));
}

Result<void> IoPorts::write(Thread&, u64 offset, u64 width, u64 value) {
  if (!in_range(*this, offset, width)) return Error::BadArgument;
  arch::write_port(u16(first + offset), u32(width), value);
  return {};
}

}  // namespace pith
