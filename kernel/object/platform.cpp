// Device objects, power, diagnostics.
#include "kernel/object/platform.h"

#include "kernel/sched/cpu.h"
#include "kernel/arch/contract/interrupts.h"
#include "kernel/object/capability_space.h"
#include "kernel/object/interrupt.h"
#include "kernel/object/io_ports.h"
#include "kernel/object/page_table.h"
#include "kernel/object/region.h"
#include "kernel/syscall/measure.h"

namespace pith {

namespace {

constexpr u64 kLastPort = 0xffff;

/// Everything that the three kinds of device object check alike; answers the caller's empty slot.
Result<Capability&> check_device_object(Thread& caller, CapabilitySlot region_slot, FrameNumber frame, CapabilitySlot slot) {
  Capability& region = TRY(check_capability(caller, region_slot, ObjectType::Region, right::Region::Use));
  Capability& destination = TRY(empty_slot_of(caller, slot));
  TRY(check_creatable(region.frame, frame));
  return destination;
}

}  // namespace

Result<void> Platform::create_interrupt(Thread& caller, CapabilitySlot region, FrameNumber frame, u64 line, CapabilitySlot slot) {
  Capability& destination = TRY(check_device_object(caller, region, frame, slot));
  bool exists = line < kInterruptLines && (line < arch::line_count() || is_message_line(line));
  if (!exists) return Error::BadArgument;
  if (interrupt_lines[line].raw != 0) return Error::Busy;

  retype(frame, ObjectType::Interrupt);
  view<Interrupt>(frame).line = u32(line);
  interrupt_lines[line] = frame;
  destination = Capability::full(frame, ObjectType::Interrupt);
  return {};
}

Result<void> Platform::create_io_ports(Thread& caller, CapabilitySlot region, FrameNumber frame, u64 first, u64 count, CapabilitySlot slot) {
  if (!arch::has_io_ports()) return Error::NotSupported;
  Capability& destination = TRY(check_device_object(caller, region, frame, slot));
  if (count == 0 || first > kLastPort || count > kLastPort + 1 - first) return Error::BadArgument;

  retype(frame, ObjectType::IoPorts);
  view<IoPorts>(frame).first = u32(first);
  view<IoPorts>(frame).count = u32(count);
  destination = Capability::full(frame, ObjectType::IoPorts);
  return {};
}

[[gnu::noinline]] Result<void> check_device_memory(u64 first, u64 pages) {
  if (arch::is_kernel_memory(first, pages * kPageSize)) return Error::BadArgument;
  for (u64 i = 0; i < pages; i++) {
    u64 number = first / kPageSize + i;
    if (number < frame_count && frames[number].type != ObjectType::Reserved) return Error::BadArgument;
  }
  return {};
}

[[gnu::noinline]] void map_device(Share& share, u64 first, u64 pages) {
  for (u64 i = 0; i < pages; i++) share.entry[i] = arch::PageTableEntry::device(first + i * kPageSize);
}

Result<void> Platform::create_device_share(Thread& caller, CapabilitySlot region, FrameNumber frame, u64 first, u64 pages,
                                           CapabilitySlot slot) {
  Capability& destination = TRY(check_device_object(caller, region, frame, slot));
  if (pages == 0 || pages > kDevicePagesPerShare || first % kPageSize != 0 || first >> 40 != 0) return Error::BadArgument;
  note_heavy_entry();
  TRY(check_device_memory(first, pages));

  retype(frame, ObjectType::Share);
  info(frame).level = 1;
  map_device(view<Share>(frame), first, pages);
  destination = Capability::full(frame, ObjectType::Share);
  return {};
}

Result<void> Platform::write_diagnostic(Thread&, u64 text) {
  for (u32 i = 0; i < 8; i++) {
    char character = char(text >> (8 * i));
    if (character == 0) break;
    arch::diagnose(character);
  }
  return {};
}

Result<void> Platform::power(Thread&, u64 action) {
  if (action > 1) return Error::BadArgument;
  arch::stop_machine(u32(action));
}

Result<PlatformMeasureResult> Platform::measure(Thread&) { return take_measurement(); }

}  // namespace pith
