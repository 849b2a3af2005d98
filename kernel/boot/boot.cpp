// The first region, the root component, and its first capabilities.
#include "kernel/boot/boot.h"

#include "kernel/arch/contract/memory.h"
#include "kernel/boot/boot_image.h"
#include "kernel/object/address_space.h"
#include "kernel/object/capability_space.h"
#include "kernel/object/platform.h"
#include "kernel/object/region.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/object/thread.h"
#include "kernel/sched/scheduler.h"

namespace pith {

namespace {

constexpr u32 kRootPriority = 50;
constexpr u64 kRootTurn = 10'000'000;  // ns

/// Hands out frames to root while there is no root to ask; they end up owned by the first region like all others.
class Builder {
 public:
  explicit Builder(FrameNumber region) : region_(region) {}

  FrameNumber take() {
    while (next_ < frame_count && (frames[next_].type != ObjectType::Untyped || frames[next_].owner != region_)) next_++;
    ASSERT(next_ < frame_count);
    return FrameNumber(next_++);
  }
  FrameNumber make(ObjectType type) {
    FrameNumber frame = take();
    retype(frame, type);
    return frame;
  }
  /// Leaf entry for `address`, with tables made on the way.
  arch::PageTableEntry& entry_for(FrameNumber top, u64 address) {
    FrameNumber table = top;
    for (u32 level = arch::kPageTableLevels - 1; level > 0; level--) {
      u32 index = entry_index(address, level);
      if (!view<PageTable>(table).entry[index].is_present()) {
        FrameNumber below = make(ObjectType::PageTable);
        info(below).level = u8(level - 1);
        info(below).parent = table;
        info(below).index = u16(index);
        view<PageTable>(table).entry[index] = arch::PageTableEntry::table(below);
      }
      table = view<PageTable>(table).entry[index].frame();
    }
    return view<PageTable>(table).entry[entry_index(address, 0)];
  }
  void map(FrameNumber top, u64 address, FrameNumber frame, Access access) {
    entry_for(top, address) = arch::PageTableEntry::leaf(frame, access);
    info(frame).uses++;
  }

 private:
  FrameNumber region_;
  u32 next_ = 1;
};

FrameNumber make_first_region() {
  u32 first = 1;
  while (first < frame_count && frames[first].type != ObjectType::Untyped) first++;
  if (first == frame_count) return FrameNumber();
  FrameNumber region(first);
  retype(region, ObjectType::Region);
  view<Region>(region).priority_ceiling = kPriorities - 1;
  for (u32 i = 1; i < frame_count; i++) {
    if (frames[i].type == ObjectType::Untyped) change_owner(FrameNumber(i), region);
  }
  return region;
}

void map_segments(Builder& builder, FrameNumber top, const image::Component& root, u32 image_frame) {
  for (u32 i = 0; i < root.segment_count; i++) {
    const image::Segment& segment = root.segments[i];
    for (u32 page = 0; page < segment.memory_pages; page++) {
      bool from_file = page < segment.file_pages;
      FrameNumber frame = from_file ? FrameNumber(u32(image_frame + segment.offset / kPageSize + page)) : builder.make(ObjectType::Data);
      builder.map(top, segment.address + page * kPageSize, frame, Access(segment.access));
    }
  }
}

void fill_ranges(BootInformation& information, FrameNumber region) {
  u32 count = 0;
  for (u32 i = 1; i < frame_count && count < BootInformation::kRanges; i++) {
    if (frames[i].type != ObjectType::Untyped || frames[i].owner != region) continue;
    u32 first = i;
    while (i < frame_count && frames[i].type == ObjectType::Untyped && frames[i].owner == region) i++;
    information.untyped[count++] = {first, i - first};
  }
  information.range_count = count;
}

void give_capability(FrameNumber table, CapabilitySlot slot, FrameNumber frame, ObjectType type) {
  view<CapabilityTable>(table).slot[slot.raw] = Capability::full(frame, type);
}

}  // namespace

const char* start_root(const BootFacts& facts) {
  if (facts.image_size == 0) return "there is no boot image (QEMU: -initrd)";
  if (facts.image_start % kPageSize != 0) return "the boot image does not begin on a page";
  u32 image_frame = u32(facts.image_start / kPageSize);
  u64 image_pages = pages_for(facts.image_size);
  if (image_frame + image_pages > frame_count) return "the boot image lies outside memory";
  const u8* base = reinterpret_cast<const u8*>(&data_pages[image_frame]);
  if (const char* problem = check_image(base, facts.image_size)) return problem;
  const image::Header& header = *reinterpret_cast<const image::Header*>(base);
  const image::Component& root = *reinterpret_cast<const image::Component*>(base + header.components_offset);

  for (u64 i = 0; i < image_pages; i++) frames[image_frame + i].type = ObjectType::Reserved;
  FrameNumber region = make_first_region();
  if (region.raw == 0 || view<Region>(region).frames < 4096) return "there is too little memory";
  for (u64 i = 0; i < image_pages; i++) {
    frames[image_frame + i].type = ObjectType::Data;
    change_owner(FrameNumber(u32(image_frame + i)), region);
  }

  Builder builder(region);
  FrameNumber space = builder.make(ObjectType::AddressSpace);
  FrameNumber top = builder.make(ObjectType::PageTable);
  info(top).level = arch::kPageTableLevels - 1;
  arch::initialise_top_table(top);
  initialise_address_space(space, FrameNumber(), top);
  map_segments(builder, top, root, image_frame);
  for (u64 i = 0; i < image_pages; i++)
    builder.map(top, kRootImage + i * kPageSize, FrameNumber(u32(image_frame + i)), Access::Read);
  for (u64 i = 1; i <= kRootStackPages; i++) builder.map(top, kRootStackTop - i * kPageSize, builder.make(ObjectType::Data), Access::ReadWrite);
  FrameNumber buffer = builder.make(ObjectType::Data);
  builder.map(top, kRootMessageBuffer, buffer, Access::ReadWrite);
  FrameNumber information_frame = builder.make(ObjectType::Data);
  builder.map(top, kRootBootInformation, information_frame, Access::Read);

  FrameNumber capabilities = builder.make(ObjectType::CapabilitySpace);
  FrameNumber table = builder.make(ObjectType::CapabilityTable);
  view<CapabilitySpace>(capabilities).table[0] = table;
  info(table).parent = capabilities;
  FrameNumber thread_frame = builder.make(ObjectType::Thread);
  initialise_thread(thread_frame, kPriorities - 1);
  FrameNumber context_frame = builder.make(ObjectType::SchedulingContext);
  FrameNumber platform = builder.make(ObjectType::Platform);
  give_capability(table, RootSlot::Region, region, ObjectType::Region);
  give_capability(table, RootSlot::AddressSpace, space, ObjectType::AddressSpace);
  give_capability(table, RootSlot::CapabilitySpace, capabilities, ObjectType::CapabilitySpace);
  give_capability(table, RootSlot::Thread, thread_frame, ObjectType::Thread);
  give_capability(table, RootSlot::SchedulingContext, context_frame, ObjectType::SchedulingContext);
  give_capability(table, RootSlot::Platform, platform, ObjectType::Platform);

  BootInformation& information = *reinterpret_cast<BootInformation*>(&data_pages[information_frame.raw]);
  information = facts.information;
  information.magic = BootInformation::kMagic;
  information.image_address = kRootImage;
  information.image_size = header.size;
  information.image_first_frame = image_frame;
  fill_ranges(information, region);

  Thread& thread = view<Thread>(thread_frame);
  attach_thread(thread, space, capabilities, buffer);
  thread.registers.start(root.entry, kRootStackTop, kRootBootInformation);
  thread.key |= Key::kFullFrame;
  SchedulingContext& context = view<SchedulingContext>(context_frame);
  context.priority = kRootPriority;
  context.budget = context.period = context.left = kRootTurn;
  context.configured = true;
  context.thread = thread_frame;
  thread.scheduling_context = context_frame;
  this_cpu().last_accounted = arch::now();
  enqueue_context(context_frame);
  wake(thread);
  return nullptr;
}

}  // namespace pith
