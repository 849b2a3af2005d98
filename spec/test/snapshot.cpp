// Copies of the kernel's data, one page per frame: the one that its type makes visible.
#include "spec/test/snapshot.h"

#include <cstring>

#include "kernel/object/address_space.h"
#include "kernel/object/endpoint.h"
#include "kernel/object/guest.h"
#include "kernel/object/io_ports.h"
#include "kernel/object/notification.h"
#include "kernel/object/platform.h"
#include "kernel/object/region.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/object/vector_state.h"
#include "spec/test/abstraction.h"

namespace pith::spec::test {

namespace {

template <class T>
void* page(FrameNumber frame) {
  static_assert(sizeof(T) == kPageSize);
  return &view<T>(frame);
}

/// The page that the frame's type makes visible; null if there is none.
void* visible_page(FrameNumber frame) {
  switch (info(frame).type) {
    case ObjectType::Data:
      return page<DataPage>(frame);
    case ObjectType::PageTable:
      return page<pith::PageTable>(frame);
    case ObjectType::Region:
      return page<pith::Region>(frame);
    case ObjectType::AddressSpace:
      return page<pith::AddressSpace>(frame);
    case ObjectType::CapabilitySpace:
      return page<pith::CapabilitySpace>(frame);
    case ObjectType::CapabilityTable:
      return page<pith::CapabilityTable>(frame);
    case ObjectType::Thread:
      return page<pith::Thread>(frame);
    case ObjectType::SchedulingContext:
      return page<pith::SchedulingContext>(frame);
    case ObjectType::Endpoint:
      return page<pith::Endpoint>(frame);
    case ObjectType::Notification:
      return page<pith::Notification>(frame);
    case ObjectType::Share:
      return page<pith::Share>(frame);
    case ObjectType::Interrupt:
      return page<pith::Interrupt>(frame);
    case ObjectType::IoPorts:
      return page<pith::IoPorts>(frame);
    case ObjectType::Guest:
      return page<pith::Guest>(frame);
    case ObjectType::VectorState:
      return page<pith::VectorState>(frame);
    case ObjectType::Platform:
    case ObjectType::Untyped:
    case ObjectType::Reserved:
      return nullptr;
  }
  return nullptr;
}

}  // namespace

void Snapshot::take() {
  frames_.assign(pith::frames, pith::frames + frame_count);
  epochs_.assign(epochs, epochs + frame_count);
  pages_.resize(frame_count);
  for (u32 i = 1; i < frame_count; i++) {
    if (const void* from = visible_page(FrameNumber(i))) std::memcpy(&pages_[i], from, kPageSize);
  }
  cpu_ = cpus[0];
  flushes_ = flushes;
  std::memcpy(lines_, interrupt_lines, sizeof lines_);
  std::memcpy(masked_, host::hardware.masked, sizeof masked_);
  now_ = host::hardware.now;
  timer_ = host::hardware.timer;
  root_ = host::hardware.root;
}

void Snapshot::restore(host::Machine& machine) const {
  for (u32 i = 1; i < frame_count; i++) {
    pith::frames[i] = frames_[i];
    epochs[i] = epochs_[i];
    if (void* to = visible_page(FrameNumber(i))) std::memcpy(to, &pages_[i], kPageSize);
  }
  cpus[0] = cpu_;
  flushes = flushes_;
  std::memcpy(interrupt_lines, lines_, sizeof lines_);
  std::memcpy(host::hardware.masked, masked_, sizeof masked_);
  host::hardware.now = now_;
  host::hardware.timer = timer_;
  host::hardware.root = root_;
  machine.forget_answers();
  take_over();
}

}  // namespace pith::spec::test
