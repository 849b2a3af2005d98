// The machine itself: device objects and I/O ports.
#include "spec/parts.h"

namespace pith::spec {

namespace {

constexpr u64 kDevicePagesPerShare = 32;
constexpr u64 kLastPort = 0xffff;

/// What the three kinds of device object check alike; answers the caller's empty slot.
Result<Slot> check_device_object(FrameNumber caller, CapabilitySlot region_slot, FrameNumber frame, CapabilitySlot slot) {
  FrameNumber region = TRY(lookup(caller, region_slot, ObjectType::Region, right::Region::Use)).frame;
  Slot destination = TRY(empty_slot_of(threads[caller].capabilities, slot));
  if (Error error = check_creatable(region, frame); error != kSuccess) return error;
  return destination;
}

bool in_range(const IoPorts& ports, u64 offset, u64 width) {
  bool good_width = width == 1 || width == 2 || width == 4;
  return good_width && offset < ports.count && width <= ports.count - offset;
}

}  // namespace

Error platform_create_interrupt(FrameNumber caller, FrameNumber, CapabilitySlot region, FrameNumber frame, u64 line, CapabilitySlot slot) {
  Slot destination = TRY(check_device_object(caller, region, frame, slot));
  bool exists = line < kLines && (line < state.line_count || is_message_line(line));
  if (!exists) return Error::BadArgument;
  if (state.lines[line].interrupt.raw != 0) return Error::Busy;

  become(frame, ObjectType::Interrupt);
  interrupts[frame] = {.line = u32(line), .notification = {}, .bits = 0};
  state.lines[line].interrupt = frame;
  at(destination) = full(frame, ObjectType::Interrupt);
  return kSuccess;
}

Error platform_create_io_ports(FrameNumber caller, FrameNumber, CapabilitySlot region, FrameNumber frame, u64 first, u64 count,
                               CapabilitySlot slot) {
  if (!state.has_io_ports) return Error::NotSupported;
  Slot destination = TRY(check_device_object(caller, region, frame, slot));
  if (count == 0 || first > kLastPort || count > kLastPort + 1 - first) return Error::BadArgument;

  become(frame, ObjectType::IoPorts);
  io_ports[frame] = {u32(first), u32(count)};
  at(destination) = full(frame, ObjectType::IoPorts);
  return kSuccess;
}

Error platform_create_device_share(FrameNumber caller, FrameNumber, CapabilitySlot region, FrameNumber frame, u64 first, u64 pages,
                                   CapabilitySlot slot) {
  Slot destination = TRY(check_device_object(caller, region, frame, slot));
  if (pages == 0 || pages > kDevicePagesPerShare || first % kPageSize != 0 || first >> 40 != 0) return Error::BadArgument;
  u32 page = u32(first / kPageSize);
  for (u32 i = 0; i < pages; i++) {
    bool is_memory = page + i < state.frame_count && frames[FrameNumber(page + i)].type != ObjectType::Reserved;
    if (is_memory || spec_is_kernel_page(page + i)) return Error::BadArgument;
  }

  become(frame, ObjectType::Share);
  frames[frame].level = 1;
  page_tables[frame] = {};
  for (u32 i = 0; i < pages; i++) {
    page_tables[frame].entry[i] = {.present = true, .device = true, .access = Access::ReadWrite, .frame = FrameNumber(page + i)};
  }
  at(destination) = full(frame, ObjectType::Share);
  return kSuccess;
}

/// The text is not part of this state.
Error platform_write_diagnostic(FrameNumber, FrameNumber, u64) { return kSuccess; }

/// There is no state after success.
Error platform_power(FrameNumber, FrameNumber, u64 action) { return action > 1 ? Error::BadArgument : kSuccess; }

/// Measurements are what they are.
Error platform_measure(FrameNumber, FrameNumber, Results& results) {
  for (u32 i = 0; i < 3; i++) results.word[i] = spec_measured(i);
  return kSuccess;
}

Error io_ports_read(FrameNumber, FrameNumber self, u64 offset, u64 width, Results& results) {
  if (!in_range(io_ports[self], offset, width)) return Error::BadArgument;
  results = {{spec_read_port(io_ports[self].first + u32(offset), u32(width))}};
  return kSuccess;
}

Error io_ports_write(FrameNumber, FrameNumber self, u64 offset, u64 width, u64 value) {
  if (!in_range(io_ports[self], offset, width)) return Error::BadArgument;
  spec_write_port(io_ports[self].first + u32(offset), u32(width), value);
  return kSuccess;
}

}  // namespace pith::spec
