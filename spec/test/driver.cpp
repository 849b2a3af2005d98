// Random steps of a small system, each taken twice.
#include "spec/test/driver.h"

#include "abi/guest.h"
#include "kernel/arch/host/invariants.h"
#include "kernel/object/capability_space.h"
#include "kernel/object/region.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/sched/cpu.h"
#include "spec/test/abstraction.h"
#include "spec/test/native_oracle.h"

namespace pith::spec::test {

using host::hardware;

namespace {
constexpr u64 kAddresses[] = {0, 0x1000, 0x2000, 0x200000, 0x201000, 0x400000, 0x40000000, 0x40200000, 0x8000000000};
constexpr CapabilitySlot kThreadSlot(300), kContextSlot(301), kSpaceSlot(302), kCapabilitiesSlot(303), kNewSlot(304);
}  // namespace

Driver::Driver(Source& source, u32 count) : source_(source), machine_(count) {
  begin();
  take_over();
}

/// A region with nearly all memory, a capability space for the workers outside it, and workers and objects in it.
void Driver::begin() {
  own_ = machine_.free_slot();
  count_ = frame_count - 60;
  FrameNumber frame = machine_.spare_frame();
  first_ = machine_.spare_frames(count_ - 20).raw;
  count_ -= 20;
  (void)machine_(Operation::RegionCreate, RootSlot::Region, {frame.raw, u64(ObjectType::Region), own_.raw, 40, 0});
  region_ = machine_.frame_in(own_);
  for (u32 i = 0; i < count_; i += 20) {
    u64 most = count_ - i < 20 ? count_ - i : 20;
    (void)machine_(Operation::RegionGive, RootSlot::Region, {own_.raw, first_ + i, most});
  }
  space_ = machine_.frame_in(machine_.make(ObjectType::CapabilitySpace));
  table_ = machine_.frame_in(machine_.make(ObjectType::CapabilityTable));
  view<pith::CapabilitySpace>(space_).table[0] = table_;
  info(table_).parent = space_;
  put(1, region_);
  put(2, machine_.space);
  put(3, space_);
  put(4, machine_.platform);
  for (u32 i = 0; i < kWorkers; i++) make_worker(i);
  for (u32 i = 0; i < 40; i++) make_object();
}

void Driver::put(u32 slot, FrameNumber frame) {
  view<pith::CapabilityTable>(table_).slot[slot] = pith::Capability::full(frame, info(frame).type);
}

FrameNumber Driver::untyped_frame() {
  u32 start = u32(source_.below(count_));
  for (u32 i = 0; i < count_; i++) {
    FrameNumber frame(first_ + (start + i) % count_);
    if (info(frame).type == ObjectType::Untyped && info(frame).owner == region_) return frame;
  }
  return FrameNumber();
}

void Driver::make_worker(u32 index) {
  FrameNumber thread = untyped_frame();
  for (CapabilitySlot slot : {kThreadSlot, kContextSlot}) machine_.capability(slot) = {};
  machine_.grant(kSpaceSlot, machine_.space);
  machine_.grant(kCapabilitiesSlot, space_);
  (void)machine_(Operation::RegionCreate, own_, {thread.raw, u64(ObjectType::Thread), kThreadSlot.raw, 10, 0});
  FrameNumber context = untyped_frame();
  (void)machine_(Operation::RegionCreate, own_, {context.raw, u64(ObjectType::SchedulingContext), kContextSlot.raw, 0, 0});
  FrameNumber buffer = untyped_frame();
  (void)machine_(Operation::RegionCreate, own_, {buffer.raw, u64(ObjectType::Data), 0, 0, 0});
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
                                  ObjectType::CapabilitySpace,
                                  ObjectType::CapabilityTable,
                                  ObjectType::Interrupt,
                                  ObjectType::IoPorts,
                                  ObjectType::Thread,
                                  ObjectType::SchedulingContext};
  ObjectType type = types[source_.below(std::size(types))];
  FrameNumber frame = untyped_frame();
  u32 slot = u32(20 + source_.below(40));
  machine_.capability(kNewSlot) = {};
  bool made;
  if (type == ObjectType::Interrupt) {
    made =
        !machine_(Operation::PlatformCreateInterrupt, RootSlot::Platform, {own_.raw, frame.raw, source_.below(host::kLines), kNewSlot.raw})
             .is_error();
  } else if (type == ObjectType::IoPorts) {
    made = !machine_(Operation::PlatformCreateIoPorts, RootSlot::Platform, {own_.raw, frame.raw, source_.below(65536), 1, kNewSlot.raw})
                .is_error();
  } else {
    FrameNumber second;
    u64 argument = type == ObjectType::PageTable ? source_.below(4) : type == ObjectType::Region || type == ObjectType::Thread ? 10 : 0;
    if (type == ObjectType::AddressSpace) {
      second = untyped_frame();
      (void)machine_(Operation::RegionCreate, own_, {second.raw, u64(ObjectType::PageTable), 0, 3, 0});
      frame = untyped_frame();
    }
    made = !machine_(Operation::RegionCreate, own_, {frame.raw, u64(type), kNewSlot.raw, argument, second.raw}).is_error();
  }
  if (made && type != ObjectType::Data && type != ObjectType::PageTable) put(slot, frame);
}

std::string Driver::compare(const std::string& what) {
  follow_schedule();
  std::string found = difference(machine_);
  if (found.empty()) found = host::broken_invariant();
  return found.empty() ? "" : what + ": " + found;
}

/// As if the scheduler had chosen it before.
void Driver::switch_to(pith::Thread& thread) {
  if (machine_.running() == &thread) return;
  machine_.switch_to(thread);
  state.cpus[0].current = thread.self;
  state.cpus[0].context = pith::cpus[0].context;
  threads[thread.self].trapped = false;
}

std::string Driver::step() {
  u64 what = source_.below(100);
  try {
    if (what < 4) return time();
    if (what < 7) return interrupt();
    pith::Thread* thread = machine_.running();
    bool of_workers = thread != nullptr && thread != &machine_.root() && thread->state == ThreadState::Ready;
    if (!of_workers || source_.one_in(3)) thread = ready_worker();
    if (thread == nullptr || what < 12) return help_out();
    if ((thread->key & Key::kInGuest) != 0) return guest_step(*thread);
    if (what < 15) return fault(*thread);
    return system_call(*thread);
  } catch (const std::exception& problem) {
    return problem.what();
  }
}

pith::Thread* Driver::ready_worker() {
  u32 start = u32(source_.below(count_));
  for (u32 i = 0; i < count_; i++) {
    FrameNumber frame(first_ + (start + i) % count_);
    if (info(frame).type != ObjectType::Thread) continue;
    pith::Thread& thread = view<pith::Thread>(frame);
    if (thread.state == ThreadState::Ready && thread.capabilities.raw != 0 && thread.space.raw != 0) return &thread;
  }
  return nullptr;
}

FrameNumber Driver::some_thread() {
  u32 start = u32(source_.below(count_));
  for (u32 i = 0; i < count_; i++) {
    FrameNumber frame(first_ + (start + i) % count_);
    if (info(frame).type == ObjectType::Thread) return frame;
  }
  return FrameNumber();
}

/// Root interrupts, stops, configures or starts a worker that may be blocked, or makes something new.
std::string Driver::help_out() {
  FrameNumber found = some_thread();
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
  machine_.grant(kCapabilitiesSlot, space_);
  take_over();
  const pith::Thread& thread = view<pith::Thread>(found);
  auto ask = [&](Operation operation, const Words& words) {
    u32 entry = 0;
    while (grammar::kOperations[entry].operation != operation) entry++;
    return system_call(machine_.root(), Handle::operation(u32(operation), kThreadSlot), words, entry);
  };
  if (thread.state != ThreadState::Inactive) return ask(source_.one_in(3) ? Operation::ThreadStop : Operation::ThreadInterrupt, {});
  if (thread.space.raw == 0) return ask(Operation::ThreadConfigure, {{kSpaceSlot.raw, kCapabilitiesSlot.raw, 0, 0, 0, 64}});
  return ask(source_.one_in(2) ? Operation::ThreadStart : Operation::ThreadResume, {{0x1000, 0x2000, 0, 0}});
}

std::string Driver::guest_step(pith::Thread& thread) {
  if (source_.one_in(3)) return fault(thread);
  switch_to(thread);
  machine_.guest_system_call(thread);
  guest_system_call(thread.self);
  forget_answer(thread.self);
  return compare("system call of the guest of " + std::to_string(thread.self.raw));
}

std::string Driver::fault(pith::Thread& thread) {
  FaultKind kind = FaultKind(1 + source_.below(7));
  u64 address = source_.below(1 << 20), code = source_.below(32);
  switch_to(thread);
  forget_answer(thread.self);
  trapped();
  FrameNumber frame = thread.self;
  machine_.fault(thread, kind, address, code);
  fault_raised(frame, kind, address, code);
  return compare("fault of " + std::to_string(frame.raw));
}

std::string Driver::interrupt() {
  u32 line = u32(source_.below(host::kLines));
  if (hardware.masked[line]) return "";
  machine_.interrupt(line);
  trapped();
  interrupt_raised(line);
  return compare("interrupt of line " + std::to_string(line));
}

/// The clock goes on; the timer interrupts where it is due.
std::string Driver::time() {
  u64 end = hardware.now + source_.below(2) * 100'000 + source_.below(3) * 5'000'000;
  for (u32 i = 0; i < 1000 && hardware.timer != 0 && hardware.timer <= end; i++) {
    if (hardware.timer > hardware.now) hardware.now = hardware.timer;
    machine_.timer_interrupt();
    trapped();
    if (std::string found = compare("timer"); !found.empty()) return found;
  }
  if (hardware.now < end) hardware.now = end;
  return "";
}

std::string Driver::system_call(pith::Thread& thread) {
  u32 index = u32(source_.below(grammar::kOperationCount));
  const grammar::OperationEntry& entry = grammar::kOperations[index];
  if (entry.operation == Operation::PlatformPower) return "";
  // Closing and destroying too often would leave nothing to test.
  if (entry.operation == Operation::RegionClose && !source_.one_in(8)) return "";
  Words words{};
  for (u32 i = 0; i < 6; i++) words.w[i] = i < entry.argument_count ? argument(entry.arguments[i]) : word(grammar::WordKind::U64);
  CapabilitySlot slot = slot_of(ObjectType(entry.object));
  // The workers' own region lasts.
  if (entry.operation == Operation::RegionClose && slot.raw < 256 && view<pith::CapabilityTable>(table_).slot[slot.raw].frame == region_)
    return "";
  Handle handle = Handle::operation(u32(entry.operation), slot);
  if (entry.operation == Operation::EndpointCall) handle = Handle::call(slot);
  if (entry.operation == Operation::EndpointReplyReceive) handle = Handle::reply_receive(slot);
  if (entry.operation == Operation::GuestRun) handle = Handle::run_guest(slot);
  if (entry.kind == grammar::OperationKind::Long) {
    handle = Handle::message(u32(entry.operation), slot, u32(source_.below(70)), u32(source_.below(6)));
    fill_buffer(thread);
  }
  return system_call(thread, handle, words, index);
}

std::string Driver::system_call(pith::Thread& thread, Handle handle, const Words& words, u32 index) {
  std::string what = std::string(grammar::kOperations[index].name) + " by " + std::to_string(thread.self.raw) + " slot " +
                     std::to_string(handle.slot().raw);
  for (u64 value : words.w) what += " " + std::to_string(value);
  switch_to(thread);
  FrameNumber caller = thread.self;
  forget_answer(caller);
  for (u32 i = 0; i < kRegisterWords; i++) threads[caller].words[i] = words.w[i];
  host::Answer answer = machine_.invoke(thread, handle, words);
  for (u32 i = 0; i < kRegisterWords; i++) open_answer[i] = answer.words.w[i];
  state.now = hardware.now;
  spec::system_call(caller, handle);
  if (answer.returned) answers[index][u32(answer.error()) % kErrorLimit]++;
  if (grammar::kOperations[index].operation == Operation::EndpointSetAside && answer.returned && !answer.is_error())
    tokens_.push_back(answer[0]);
  return compare(what);
}

void Driver::fill_buffer(pith::Thread& thread) {
  if (thread.buffer.raw == 0) return;
  constexpr u32 kCapabilities = offsetof(MessageBuffer, capabilities) / 8, kDeadline = offsetof(MessageBuffer, deadline) / 8;
  for (u32 i = 0; i < kMessageCapabilities / 2; i++)
    set_user_word(thread.buffer, kCapabilities + i, source_.below(kSlots) | source_.below(kSlots) << 32);
  for (u32 i = kRegisterWords; i < kMessageWords; i += 7) set_user_word(thread.buffer, i, source_.next());
  set_user_word(thread.buffer, kDeadline, source_.one_in(2) ? hardware.now + source_.below(5'000'000) : 0);
}

u64 Driver::word(grammar::WordKind kind) {
  if (source_.one_in(40)) return source_.next();
  switch (kind) {
    case grammar::WordKind::Frame:
      return source_.one_in(20) ? source_.below(frame_count + 5) : first_ + source_.below(count_);
    case grammar::WordKind::Slot:
      return source_.one_in(30) ? source_.below(1024) : source_.below(kSlots);
    case grammar::WordKind::Address:
      return kAddresses[source_.below(std::size(kAddresses))];
    case grammar::WordKind::Type:
      return source_.below(18);
    case grammar::WordKind::U64:
      return number();
  }
  return 0;
}

u64 Driver::number() {
  switch (source_.below(8)) {
    case 0:
      return hardware.now + source_.below(5'000'000);
    case 1:
      return ~u64{0} >> source_.below(64);
    case 2:
      return 1'000'000;
    case 3:
      return source_.below(frame_count);
    case 4:
      return 20 + source_.below(60);
    default:
      return source_.below(6);
  }
}

/// A slot with a live capability of this type, mostly.
CapabilitySlot Driver::slot_of(ObjectType type) {
  u32 start = u32(source_.below(kSlots));
  bool at_random = source_.one_in(15);
  for (u32 i = 0; i < kSlots && !at_random; i++) {
    u32 slot = (start + i) % kSlots;
    const pith::Capability& capability = view<pith::CapabilityTable>(table_).slot[slot];
    if (capability.is_live() && capability.type() == type) return CapabilitySlot(slot);
  }
  return CapabilitySlot(start);
}

/// Arguments mostly make sense; their names say what they are.
u64 Driver::argument(const grammar::Word& described) {
  std::string name = described.name;
  if (described.kind == grammar::WordKind::Slot && !source_.one_in(6)) {
    if (name == "thread") return slot_of(ObjectType::Thread).raw;
    if (name == "region" || name == "child") return slot_of(ObjectType::Region).raw;
    if (name == "share") return slot_of(ObjectType::Share).raw;
    if (name == "table") return slot_of(ObjectType::CapabilityTable).raw;
    if (name == "space") return slot_of(ObjectType::AddressSpace).raw;
    if (name == "capabilities") return slot_of(ObjectType::CapabilitySpace).raw;
    if (name == "fault") return slot_of(ObjectType::Endpoint).raw;
    if (name == "notification") return slot_of(ObjectType::Notification).raw;
    if (name == "state") return slot_of(ObjectType::VectorState).raw;
  }
  if (name == "token" && !tokens_.empty() && !source_.one_in(4)) return tokens_[source_.below(tokens_.size())];
  constexpr u64 accesses[] = {1, 3, 5, 3, 7, 0};
  if (name == "access") return accesses[source_.below(6)];
  return word(described.kind);
}

}  // namespace pith::spec::test
