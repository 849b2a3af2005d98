// Random steps of a small system, each taken twice.
#include "spec/test/driver.h"

#include "kernel/object/address_space.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/sched/crossing.h"
#include "kernel/sched/scheduler.h"
#include "spec/test/abstraction.h"

namespace pith::spec::test {

using host::hardware;

namespace {
constexpr CapabilitySlot kThreadSlot(300), kContextSlot(301), kSpaceSlot(302), kCapabilitiesSlot(303), kNewSlot(304);
}  // namespace

Driver::Driver(Source& source, u32 count) : source_(source), lockstep_(count), machine_(lockstep_.machine), arguments_(source, around_) {
  begin();
  if (source.one_in(2)) lower_root();
  take_over();
}

/// Below the workers, root leaves the choice of who runs to their times: these are used, and parked, as soon as they are ready.
void Driver::lower_root() {
  withdraw_context(machine_.root_context);
  view<pith::SchedulingContext>(machine_.root_context).priority = 0;
  enqueue_context(machine_.root_context);
  reschedule_on(pith::cpus[0]);
}

/// A region with nearly all memory, a capability space for the workers outside it, and workers and objects in it.
void Driver::begin() {
  own_ = machine_.free_slot();
  around_.count = frame_count - 80;
  FrameNumber frame = machine_.spare_frame();
  around_.first = machine_.spare_frames(around_.count).raw;
  (void)machine_(Operation::RegionCreate, RootSlot::Region, {frame.raw, u64(ObjectType::Region), own_.raw, 40, 0});
  around_.region = machine_.frame_in(own_);
  for (u32 i = 0; i < around_.count; i += 16) {
    u64 most = around_.count - i < 16 ? around_.count - i : 16;
    (void)machine_(Operation::RegionGive, RootSlot::Region, {own_.raw, around_.first + i, most});
  }
  capabilities_ = machine_.frame_in(machine_.make(ObjectType::CapabilitySpace));
  around_.table = machine_.frame_in(machine_.make(ObjectType::CapabilityTable));
  view<pith::CapabilitySpace>(capabilities_).table[0] = around_.table;
  info(around_.table).parent = capabilities_;
  make_space();
  put(1, around_.region);
  put(2, space_);
  put(3, capabilities_);
  put(4, machine_.platform);
  for (u32 i = 0; i < kWorkers; i++) make_worker(i);
  for (u32 i = 0; i < 40; i++) make_object();
}

/// An address space of the workers' region with tables for its first pages.
void Driver::make_space() {
  FrameNumber tables[kLevels];
  for (u32 level = 0; level < kLevels; level++) {
    tables[level] = arguments_.frame(ObjectType::Untyped);
    create(tables[level], ObjectType::PageTable, kNoSlot, level);
  }
  space_ = arguments_.frame(ObjectType::Untyped);
  FrameNumber spare = arguments_.frame(ObjectType::Untyped);
  create(spare, ObjectType::PageTable, kNoSlot, 0);
  space_ = arguments_.frame(ObjectType::Untyped);
  create(space_, ObjectType::AddressSpace, kSpaceSlot, spare.raw, tables[kLevels - 1]);
  for (u32 level = kLevels - 1; level > 0; level--)
    (void)machine_(Operation::AddressSpaceLinkTable, kSpaceSlot, {0, tables[level - 1].raw});
}

void Driver::put(u32 slot, FrameNumber frame) {
  if (frame.raw == 0) return;  // there was no frame left to make it in
  view<pith::CapabilityTable>(around_.table).slot[slot] = pith::Capability::full(frame, info(frame).type);
}

/// Root makes an object in the workers' region.
bool Driver::create(FrameNumber frame, ObjectType type, CapabilitySlot slot, u64 argument, FrameNumber second) {
  if (slot != kNoSlot) machine_.capability(slot) = {};
  return !machine_(Operation::RegionCreate, own_, {frame.raw, u64(type), slot.raw, argument, second.raw}).is_error();
}

void Driver::make_worker(u32 index) {
  machine_.grant(kSpaceSlot, machine_.space);
  machine_.grant(kCapabilitiesSlot, capabilities_);
  FrameNumber thread = arguments_.frame(ObjectType::Untyped);
  create(thread, ObjectType::Thread, kThreadSlot, 10);
  FrameNumber context = arguments_.frame(ObjectType::Untyped);
  create(context, ObjectType::SchedulingContext, kContextSlot);
  FrameNumber buffer = arguments_.frame(ObjectType::Untyped);
  create(buffer, ObjectType::Data, kNoSlot);
  u64 period = source_.one_in(2) ? 1'000'000 : 3'000'000;
  (void)machine_(Operation::SchedulingContextConfigure, kContextSlot, {10 + source_.below(3), 1'000'000, period, 0});
  u64 window = 64 + 4 * index;
  (void)machine_(Operation::ThreadConfigure, kThreadSlot, {kSpaceSlot.raw, kCapabilitiesSlot.raw, buffer.raw, 0, 0, window});
  (void)machine_(Operation::SchedulingContextBind, kContextSlot, {kThreadSlot.raw});
  (void)machine_(Operation::ThreadStart, kThreadSlot, {0x1000, 0x2000, 0, 0});
  put(8 + 2 * index, thread);
  put(9 + 2 * index, context);
}

/// Root makes an object for the workers, so that there is something to do.
void Driver::make_object() {
  constexpr ObjectType types[] = {ObjectType::Endpoint,
                                  ObjectType::Endpoint,
                                  ObjectType::Endpoint,
                                  ObjectType::Notification,
                                  ObjectType::Notification,
                                  ObjectType::Share,
                                  ObjectType::Guest,
                                  ObjectType::VectorState,
                                  ObjectType::Data,
                                  ObjectType::Data,
                                  ObjectType::PageTable,
                                  ObjectType::Region,
                                  ObjectType::AddressSpace,
                                  ObjectType::Share,
                                  ObjectType::CapabilitySpace,
                                  ObjectType::Interrupt,
                                  ObjectType::CapabilityTable,
                                  ObjectType::IoPorts,
                                  ObjectType::Thread,
                                  ObjectType::SchedulingContext};
  ObjectType type = source_.one_of(types);
  FrameNumber frame = arguments_.frame(ObjectType::Untyped);
  machine_.capability(kNewSlot) = {};
  bool made;
  if (type == ObjectType::Interrupt) {
    u64 line = any_line();
    made = !machine_(Operation::PlatformCreateInterrupt, RootSlot::Platform, {own_.raw, frame.raw, line, kNewSlot.raw}).is_error();
  } else if (type == ObjectType::IoPorts) {
    u64 first = source_.below(65536);
    made = !machine_(Operation::PlatformCreateIoPorts, RootSlot::Platform, {own_.raw, frame.raw, first, 1 + first % 8, kNewSlot.raw})
                .is_error();
  } else {
    FrameNumber second;
    u64 argument = type == ObjectType::PageTable ? source_.below(4) : type == ObjectType::Region || type == ObjectType::Thread ? 10 : 0;
    if (type == ObjectType::AddressSpace) {
      second = frame;
      create(second, ObjectType::PageTable, kNoSlot, 3);
      frame = arguments_.frame(ObjectType::Untyped);
    }
    made = create(frame, type, kNewSlot, argument, second);
  }
  if (made && type != ObjectType::Data && type != ObjectType::PageTable) put(u32(20 + source_.below(40)), frame);
}

std::string Driver::step() {
  u64 what = source_.below(100);
  try {
    if (what < 4) return lockstep_.advance_to(hardware.now + source_.below(2) * 100'000 + source_.below(3) * 5'000'000);
    if (what < 7) return lockstep_.interrupt(any_line());
    pith::Thread* thread = machine_.running();
    bool of_workers = thread != nullptr && thread != &machine_.root() && thread->state == ThreadState::Ready;
    if (!of_workers || source_.one_in(3)) thread = ready_worker();
    if (thread == nullptr || what < 12) return help_out();
    bool in_guest = (thread->key & Key::kInGuest) != 0;
    if (in_guest && !source_.one_in(3)) return lockstep_.guest_system_call(thread->self);
    if (in_guest || what < 14)
      return lockstep_.fault(thread->self, FaultKind(1 + source_.below(7)), source_.below(1 << 20), source_.below(32));
    if (what < 16) return lockstep_.vector_use(thread->self, 4 + source_.below(60), source_.next());
    return system_call(*thread);
  } catch (const std::exception& problem) {
    return problem.what();
  }
}

pith::Thread* Driver::ready_worker() {
  u32 start = u32(source_.below(around_.count));
  for (u32 i = 0; i < around_.count; i++) {
    FrameNumber frame(around_.first + (start + i) % around_.count);
    if (info(frame).type != ObjectType::Thread) continue;
    pith::Thread& thread = view<pith::Thread>(frame);
    if (thread.state == ThreadState::Ready && thread.capabilities.raw != 0 && thread.space.raw != 0) return &thread;
  }
  return nullptr;
}

/// Root interrupts, stops, configures or starts a worker that may be blocked, or makes something new.
std::string Driver::help_out() {
  FrameNumber found = arguments_.frame(ObjectType::Thread);
  if (found.raw == 0 || source_.one_in(3)) {
    if (found.raw == 0 || source_.one_in(4))
      make_worker(u32(source_.below(kWorkers)));
    else
      make_object();
    take_over();
    return "";
  }
  machine_.grant(kThreadSlot, found);
  machine_.grant(kSpaceSlot, machine_.space);
  machine_.grant(kCapabilitiesSlot, capabilities_);
  take_over();
  const pith::Thread& thread = view<pith::Thread>(found);
  auto ask = [&](Operation operation, const Words& words) {
    return system_call(machine_.root().self, handle_of(operation, kThreadSlot), words, index_of(operation));
  };
  if (thread.state != ThreadState::Inactive) return ask(source_.one_in(3) ? Operation::ThreadStop : Operation::ThreadInterrupt, {});
  if (thread.space.raw == 0) return ask(Operation::ThreadConfigure, {{kSpaceSlot.raw, kCapabilitiesSlot.raw, 0, 0, 0, 64}});
  return ask(source_.one_in(2) ? Operation::ThreadStart : Operation::ThreadResume, {{0x1000, 0x2000, 0, 0}});
}

std::string Driver::system_call(pith::Thread& thread) {
  u32 index = arguments_.operation(thread);
  const grammar::OperationEntry& entry = grammar::kOperations[index];
  if (entry.operation == Operation::PlatformPower) return "";
  // Closing and destroying too often would leave nothing to test.
  bool takes_away = entry.operation == Operation::RegionClose || entry.operation == Operation::RegionDestroy ||
                    entry.operation == Operation::CapabilitySpaceRemove || entry.operation == Operation::ThreadStop;
  if (takes_away && !source_.one_in(6)) return "";
  Words words = arguments_.words(entry, thread);
  CapabilitySlot slot = arguments_.object(entry, thread);
  // The workers' own region lasts.
  if (entry.operation == Operation::RegionClose && slot.raw < 256 &&
      view<pith::CapabilityTable>(around_.table).slot[slot.raw].frame == around_.region)
    return "";
  Handle handle = handle_of(entry.operation, slot);
  if (entry.kind == grammar::OperationKind::Long) {
    handle = handle_of(entry.operation, slot, u32(source_.below(70)), u32(source_.below(6)));
    fill_buffer(thread);
  }
  return system_call(thread.self, handle, words, index);
}

std::string Driver::system_call(FrameNumber thread, Handle handle, const Words& words, u32 index) {
  host::Answer answer;
  std::string found = lockstep_.system_call(thread, handle, words, &answer);
  if (answer.returned) answers[index][u32(answer.error()) % kErrorLimit]++;
  if (grammar::kOperations[index].operation == Operation::EndpointSetAside && answer.returned && !answer.is_error())
    arguments_.note_token(answer[0]);
  return found.empty() ? "" : std::string(grammar::kOperations[index].name) + ", " + found;
}

void Driver::fill_buffer(pith::Thread& thread) {
  if (thread.buffer.raw == 0) return;
  constexpr u32 kCapabilities = offsetof(MessageBuffer, capabilities) / 8, kDeadline = offsetof(MessageBuffer, deadline) / 8;
  for (u32 i = 0; i < kMessageCapabilities / 2; i++)
    set_user_word(thread.buffer, kCapabilities + i, source_.below(Surroundings::kSlots) | source_.below(Surroundings::kSlots) << 32);
  for (u32 i = kRegisterWords; i < kMessageWords; i += 7) set_user_word(thread.buffer, i, source_.next());
  set_user_word(thread.buffer, kDeadline, source_.one_in(2) ? hardware.now + source_.below(5'000'000) : 0);
}

}  // namespace pith::spec::test
