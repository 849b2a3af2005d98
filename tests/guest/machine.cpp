// Frames, slots and objects for programs that run in root's place.
#include "tests/guest/machine.h"

#include "abi/boot_image.h"

namespace pith {

MessageBuffer& ipc::message_buffer() { return *reinterpret_cast<MessageBuffer*>(kRootMessageBuffer); }

namespace guest_test {

namespace {

const BootInformation* boot;
u32 range, offset;
u32 next_slot = RootSlot::FirstFree.raw;
u64 next_stack = 0x0000'0021'0000'0000;

const image::Component& program() {
  const auto& header = *reinterpret_cast<const image::Header*>(boot->image_address);
  return *reinterpret_cast<const image::Component*>(boot->image_address + header.components_offset);
}

}  // namespace

void begin(const BootInformation& given) { boot = &given; }
const BootInformation& information() { return *boot; }

void print(const char* text) {
  while (*text != 0) {
    u64 word = 0;
    for (u32 i = 0; i < 8 && *text != 0; i++) word |= u64(u8(*text++)) << (8 * i);
    (void)kPlatform.write_diagnostic(word);
  }
}

void print_number(u64 value) {
  char digits[24];
  u32 at = sizeof digits - 1;
  digits[at] = 0;
  do {
    digits[--at] = char('0' + value % 10);
    value /= 10;
  } while (value != 0);
  print(digits + at);
}

void finish(u32 status) {
  print("\n\x1epith-exit ");
  print_number(status);
  print("\n");
  (void)kPlatform.power(0);
  while (true) {
  }
}

void fail(const char* what, Error error) {
  print("FAILED: ");
  print(what);
  print(": ");
  print(error_name(error));
  print("\n");
  finish(1);
}

FrameNumber take_frame() {
  while (range < boot->range_count) {
    const FrameRange& here = boot->untyped[range];
    if (offset < here.count) return FrameNumber(here.first + offset++);
    range++;
    offset = 0;
  }
  fail("take_frame", Error::NoMemory);
}

CapabilitySlot take_slot() {
  if (next_slot % kSlotsPerTable == 0) {
    // The table's own capability needs a slot too: the last one of table 0 is used for it, over and over.
    constexpr CapabilitySlot temporary{255};
    (void)kCapabilities.remove(temporary);
    REQUIRE(kRegion.create(take_frame(), ObjectType::CapabilityTable, temporary, 0, FrameNumber()));
    REQUIRE(kCapabilities.link(next_slot / kSlotsPerTable, temporary));
  }
  if (next_slot == 255) {
    next_slot++;
    return take_slot();
  }
  return CapabilitySlot(next_slot++);
}

CapabilitySlot make(ObjectType type, u64 argument, FrameNumber* frame) {
  FrameNumber chosen = take_frame();
  CapabilitySlot slot = take_slot();
  REQUIRE(kRegion.create(chosen, type, slot, argument, FrameNumber()));
  if (frame != nullptr) *frame = chosen;
  return slot;
}

CapabilitySlot make_space() {
  CapabilitySlot slot = take_slot();
  FrameNumber top = take_frame();
  REQUIRE(kRegion.create(top, ObjectType::PageTable, kNoSlot, kTopLevel, FrameNumber()));
  REQUIRE(kRegion.create(take_frame(), ObjectType::AddressSpace, slot, 0, top));
  return slot;
}

void map_frame(kernel::AddressSpace space, u64 address, FrameNumber frame, Access access) {
  while (true) {
    auto mapped = space.map(RootSlot::Region, VirtualAddress(address), frame, u64(access));
    if (mapped) return;
    if (mapped.error() != Error::NoTable) fail("map", mapped.error());
    for (u64 level = 2;; level--) {
      FrameNumber table = take_frame();
      REQUIRE(kRegion.create(table, ObjectType::PageTable, kNoSlot, level, FrameNumber()));
      u64 span = u64{1} << (12 + 9 * (level + 1));
      auto linked = space.link_table(VirtualAddress(address & ~(span - 1)), table);
      if (!linked && linked.error() != Error::Occupied) fail("link_table", linked.error());
      if (level == 0) break;
    }
  }
}

FrameNumber map_page(kernel::AddressSpace space, u64 address, Access access) {
  FrameNumber frame = take_frame();
  REQUIRE(kRegion.create(frame, ObjectType::Data, kNoSlot, 0, FrameNumber()));
  map_frame(space, address, frame, access);
  return frame;
}

Made make_thread(CapabilitySlot space, u32 priority, CapabilitySlot fault) {
  Made made{};
  made.thread = make(ObjectType::Thread, priority, &made.frame);
  made.context = make(ObjectType::SchedulingContext);
  made.stack_top = next_stack + 2 * kPageSize;
  for (u64 i = 0; i < 2; i++) map_page({space}, next_stack + i * kPageSize, Access::ReadWrite);
  made.buffer = next_stack + 3 * kPageSize;
  FrameNumber buffer = map_page({space}, made.buffer, Access::ReadWrite);
  next_stack += 8 * kPageSize;
  REQUIRE(kernel::Thread{made.thread}.configure(space, RootSlot::CapabilitySpace, buffer, fault, made.frame.raw, kNoSlot));
  REQUIRE(kernel::SchedulingContext{made.context}.configure(priority, 10'000'000, 10'000'000, 0));
  REQUIRE(kernel::SchedulingContext{made.context}.bind(made.thread));
  return made;
}

CapabilitySlot clone_space() {
  CapabilitySlot space = make_space();
  const image::Component& self = program();
  for (u32 i = 0; i < self.segment_count; i++) {
    const image::Segment& segment = self.segments[i];
    for (u32 page = 0; page < segment.memory_pages; page++) {
      u64 address = segment.address + page * kPageSize;
      // Text and data alike are shared with this program: the very same frames.
      FrameNumber frame = REQUIRE(kSpace.query(VirtualAddress(address))).frame;
      map_frame({space}, address, frame, Access(segment.access));
    }
  }
  return space;
}

}  // namespace guest_test

void assertion_failed(const char* condition, const char*, int) { guest_test::fail(condition, Error(0)); }

}  // namespace pith

// What the compiler may call by itself.
extern "C" {
void* memcpy(void* to, const void* from, usize count) {
  void* result = to;
  asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count)::"memory");
  return result;
}

void* memset(void* to, int value, usize count) {
  void* result = to;
  asm volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(value) : "memory");
  return result;
}

int memcmp(const void* left, const void* right, usize count) {
  const u8* a = static_cast<const u8*>(left);
  const u8* b = static_cast<const u8*>(right);
  for (usize i = 0; i < count; i++) {
    if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
    asm volatile("" ::: "memory");  // stays a loop
  }
  return 0;
}
}

extern "C" [[noreturn]] void test_start(const pith::BootInformation* information) {
  pith::guest_test::begin(*information);
  run_test();
  pith::guest_test::finish(0);
}

/// The kernel enters here with the boot information's address in the first argument register and an aligned stack.
asm(".globl _start\n_start:\n  xor %ebp, %ebp\n  call test_start\n");
