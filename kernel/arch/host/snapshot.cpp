// A copy of the kernel's state, which two-state properties look at when they ask how things were.
#include <algorithm>
#include <cstring>
#include <vector>

#include "kernel/arch/host/hardware.h"
#include "kernel/arch/host/predicates.h"
#include "kernel/object/address_space.h"
#include "kernel/object/capability_space.h"
#include "kernel/object/endpoint.h"
#include "kernel/object/guest.h"
#include "kernel/object/interrupt.h"
#include "kernel/object/io_ports.h"
#include "kernel/object/notification.h"
#include "kernel/object/page_table.h"
#include "kernel/object/platform.h"
#include "kernel/object/region.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/object/thread.h"
#include "kernel/object/vector_state.h"
#include "spec/invariants/property.h"

namespace pith {

namespace {

struct alignas(kPageSize) Page {
  u8 bytes[kPageSize];
};

/// Objects as they were, each seen through the type that it had.
struct Snapshot {
  std::vector<FrameInfo> frames;
  std::vector<u64> epochs;
  std::vector<Page> pages;
  Cpu cpus[kMaximumCpus];
};
Snapshot snapshot;
bool looks_back = false;
const Page kZeroPage = {};

const void* live_page(FrameNumber frame, ObjectType type) {
  switch (type) {
    case ObjectType::PageTable:
      return &page_tables[frame.raw];
    case ObjectType::Region:
      return &regions[frame.raw];
    case ObjectType::AddressSpace:
      return &address_spaces[frame.raw];
    case ObjectType::CapabilitySpace:
      return &capability_spaces[frame.raw];
    case ObjectType::CapabilityTable:
      return &capability_tables[frame.raw];
    case ObjectType::Thread:
      return &threads[frame.raw];
    case ObjectType::SchedulingContext:
      return &scheduling_contexts[frame.raw];
    case ObjectType::Endpoint:
      return &endpoints[frame.raw];
    case ObjectType::Notification:
      return &notifications[frame.raw];
    case ObjectType::Share:
      return &shares[frame.raw];
    case ObjectType::Interrupt:
      return &interrupts[frame.raw];
    case ObjectType::IoPorts:
      return &io_port_ranges[frame.raw];
    case ObjectType::Guest:
      return &guests[frame.raw];
    case ObjectType::VectorState:
      return &vector_states[frame.raw];
    default:  // contents of user memory are nobody's business here
      return &kZeroPage;
  }
}

}  // namespace

extern "C" void verify_old_begin() { looks_back = true; }
extern "C" void verify_old_end() { looks_back = false; }

const void* page_at(FrameNumber frame, ObjectType type) {
  if (!looks_back) return live_page(frame, type);
  return snapshot.frames[frame.raw].type == type ? &snapshot.pages[frame.raw] : &kZeroPage;
}
const FrameInfo& info_at(FrameNumber frame) { return looks_back ? snapshot.frames[frame.raw] : frames[frame.raw]; }
u64 epoch_at(FrameNumber frame) { return looks_back ? snapshot.epochs[frame.raw] : epochs[frame.raw]; }
const Cpu& cpu_at(CpuIndex cpu) { return looks_back ? snapshot.cpus[cpu.raw] : cpus[cpu.raw]; }
const Cpu& this_cpu_at() { return cpu_at({host::hardware.cpu}); }

namespace host {

void take_snapshot() {
  snapshot.frames.assign(frames, frames + frame_count);
  snapshot.epochs.assign(epochs, epochs + frame_count);
  snapshot.pages.resize(std::max<u64>(snapshot.pages.size(), frame_count));
  for (u32 i = 0; i < frame_count; i++) {
    const void* page = live_page(FrameNumber(i), frames[i].type);
    if (page != &kZeroPage) std::memcpy(&snapshot.pages[i], page, kPageSize);
  }
  for (u32 i = 0; i < cpu_count; i++) snapshot.cpus[i] = cpus[i];
}

}  // namespace host
}  // namespace pith
