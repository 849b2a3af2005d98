// Contracts: regions, and who is in which space.
#include "kernel/object/page_table.h"
#include "kernel/object/platform.h"
#include "kernel/sched/crossing.h"
#include "spec/walks.h"
#include "verify/contracts/contract.h"

namespace pith {

extern "C" {

u32 contract_check_below(FrameNumber ancestor, FrameNumber frame) {
  verify_require("owner_is_a_region");
  verify_require("region_parent_is_typed");
  u32 error = u32(spec::spec_walk_below(frame, ancestor));
  verify_promise(error != 0 || (frame.raw != 0 && frame.raw < frame_count && frames[frame.raw].type != ObjectType::Reserved));
  return error;
}
u32 entry_contract_check_below(FrameNumber ancestor, FrameNumber frame) {
  running_cpu();
  return u32(check_below(ancestor, frame).error());
}

u32 contract_check_open(FrameNumber region) {
  verify_require("region_parent_is_typed");
  verify_expect(region.raw == 0 || is<Region>(region));
  u32 error = u32(spec::spec_walk_open(region));
  verify_promise(error != 0 || region.raw == 0 || !regions[region.raw].closing);
  return error;
}
u32 entry_contract_check_open(FrameNumber region) {
  running_cpu();
  return u32(check_open(region).error());
}

/// All of the frames are moved, or none.
u32 contract_move_frames(FrameNumber from, FrameNumber first, u64 count, FrameNumber to) {
  verify_expect(count <= kFramesPerGift && u64{first.raw} + count <= frame_count);
  u32 error = verify_any_word();
  u64 each = verify_each();
  FrameNumber frame = FrameNumber(u32(each));
  bool is_moved = error == 0 && each >= first.raw && each - first.raw < count;
  is_moved = is_moved && info(frame).owner == from && info(frame).type == ObjectType::Untyped;
  write_where(is_moved, each, info(frame).owner, to);
  return error;
}
// Each number of frames by itself.
#define MOVE_FRAMES(least, most)                                                                                         \
  u32 entry_contract_move_frames_of_##most(FrameNumber from, FrameNumber first, u64 count, FrameNumber to) {             \
    running_cpu();                                                                                                       \
    verify_assume(count >= (least) && count <= (most));                                                                  \
    u64 number = (least) + verify_split(u32(count - (least)), (most) - (least) + 1);                                     \
    return u32(move_frames(from, first, number, to).error());                                                            \
  }
MOVE_FRAMES(0, 8)
MOVE_FRAMES(9, 16)
static_assert(kFramesPerGift == 16);

u32 contract_check_device_memory(u64, u64 pages) {
  verify_expect(pages <= kDevicePagesPerShare);
  return verify_any_word();
}
void entry_contract_check_device_memory(u64 first, u64 pages) {
  running_cpu();
  verify_assume(pages <= kDevicePagesPerShare);
  (void)check_device_memory(first, verify_split(u32(pages), kDevicePagesPerShare + 1));  // it may answer anything
}

void contract_map_device(Share& share, u64 first, u64 pages) {
  verify_expect(pages <= kDevicePagesPerShare && is<Share>(frame_of(share)));
  u64 each = verify_each();
  write_where(each < pages, each, share.entry[each], arch::PageTableEntry::device(first + each * kPageSize));
}
void entry_contract_map_device(Of<Share> share, u64 first, u64 pages) {
  running_cpu();
  verify_assume(is<Share>(share));
  map_device(shares[share.raw], first, pages);
}

void contract_attach_thread(Thread& thread, FrameNumber space, FrameNumber capabilities, FrameNumber buffer) {
  forget(threads[0].space_link);
  forget(threads[0].capability_link);
  forget(address_spaces[0].threads);
  forget(capability_spaces[0].threads);
  verify_require("space_top_is_a_table");
  verify_expect(is<Thread>(thread.self) && &thread == &threads[thread.self.raw]);
  verify_expect(thread.space.raw == 0 && thread.capabilities.raw == 0);
  verify_expect(is<AddressSpace>(space) && is<CapabilitySpace>(capabilities));
  verify_expect(buffer.raw < frame_count);
  thread.space = space;
  thread.root = arch::root_of(address_spaces[space.raw].top);
  thread.capabilities = capabilities;
  thread.buffer = buffer;
  if (buffer.raw != 0) frames[buffer.raw].uses++;
}
void entry_contract_attach_thread(Of<Thread> thread, FrameNumber space, FrameNumber capabilities, FrameNumber buffer) {
  running_cpu();
  verify_assume(is<Thread>(thread));
  attach_thread(threads[thread.raw], space, capabilities, buffer);
}

void contract_leave_address_space(Thread& thread) {
  forget(threads[0].space_link);
  forget(address_spaces[0].threads);
  verify_require("thread_space_is_typed");
  verify_expect(is<Thread>(thread.self) && &thread == &threads[thread.self.raw]);
  thread.space = FrameNumber();
  thread.root = 0;
}
void entry_contract_leave_address_space(Of<Thread> thread) {
  running_cpu();
  verify_assume(is<Thread>(thread));
  leave_address_space(threads[thread.raw]);
}

void contract_leave_capability_space(Thread& thread) {
  forget(threads[0].capability_link);
  forget(capability_spaces[0].threads);
  verify_require("thread_capabilities_are_typed");
  verify_expect(is<Thread>(thread.self) && &thread == &threads[thread.self.raw]);
  thread.capabilities = FrameNumber();
}
void entry_contract_leave_capability_space(Of<Thread> thread) {
  running_cpu();
  verify_assume(is<Thread>(thread));
  leave_capability_space(threads[thread.raw]);
}

void contract_detach_thread(Thread& thread) {
  verify_require("thread_buffer_is_data");
  verify_expect(is<Thread>(thread.self) && &thread == &threads[thread.self.raw]);
  contract_leave_address_space(thread);
  contract_leave_capability_space(thread);
  if (thread.buffer.raw != 0) frames[thread.buffer.raw].uses--;
  thread.buffer = FrameNumber();
  thread.fault = {};
}
void entry_contract_detach_thread(Of<Thread> thread) {
  running_cpu();
  verify_assume(is<Thread>(thread));
  detach_thread(threads[thread.raw]);
}

void contract_attach_guest(Guest& guest, FrameNumber space, FrameNumber registers) {
  forget(guests[0].space_link);
  forget(address_spaces[0].guests);
  verify_require("space_top_is_a_table");
  verify_expect(is<Guest>(frame_of(guest)) && guest.space.raw == 0);
  verify_expect(is<AddressSpace>(space) && registers.raw < frame_count);
  guest.space = space;
  guest.root = arch::root_of(address_spaces[space.raw].top);
  guest.registers = registers;
  frames[registers.raw].uses++;
}
void entry_contract_attach_guest(Of<Guest> guest, FrameNumber space, FrameNumber registers) {
  running_cpu();
  verify_assume(is<Guest>(guest));
  attach_guest(guests[guest.raw], space, registers);
}

void contract_take_guest_from_space(Guest& guest) {
  forget(guests[0].space_link);
  forget(address_spaces[0].guests);
  verify_require("guest_space_is_typed");
  verify_expect(is<Guest>(frame_of(guest)));
  guest.space = FrameNumber();
  guest.root = 0;
}
void entry_contract_take_guest_from_space(Of<Guest> guest) {
  running_cpu();
  verify_assume(is<Guest>(guest));
  take_guest_from_space(guests[guest.raw]);
}

bool contract_detach_guest(Guest& guest) {
  verify_require("guest_thread_is_typed");
  verify_require("guest_thread_knows_its_guest");
  verify_require("guest_registers_are_data");
  verify_expect(is_started(this_cpu()) && is<Guest>(frame_of(guest)));
  if (guest.thread.raw != 0) {
    Thread& thread = threads[guest.thread.raw];
    if ((thread.key & Key::kInGuest) != 0 && runs_elsewhere(thread)) {
      guest.root = 0;
      return false;
    }
    part_from_guest(thread);
  }
  contract_take_guest_from_space(guest);
  if (guest.registers.raw != 0) frames[guest.registers.raw].uses--;
  guest.registers = FrameNumber();
  return true;
}
bool entry_contract_detach_guest(Of<Guest> guest) {
  running_cpu();
  verify_assume(is<Guest>(guest));
  return detach_guest(guests[guest.raw]);
}

}  // extern "C"

}  // namespace pith
