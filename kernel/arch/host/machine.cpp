// Building the simulated machine and entering its kernel.
#include "kernel/arch/host/machine.h"

#include <stdexcept>

#include "abi/guest.h"
#include "kernel/ipc/fast.h"
#include "kernel/memory/flush.h"
#include "kernel/object/address_space.h"
#include "kernel/object/guest.h"
#include "kernel/object/interrupt.h"
#include "kernel/object/platform.h"
#include "kernel/object/region.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/sched/scheduler.h"
#include "kernel/sync/lock.h"
#include "kernel/syscall/measure.h"
#include "kernel/syscall/syscall.h"

namespace pith {

namespace host {
namespace {
/// What each thread that has gone on since its last system call found in its registers.
Answer answers[kFrames];
}  // namespace
}  // namespace host

extern "C" PITH_FAST_CALL void fast_resume(PITH_FAST_PARAMETERS) {
  this_cpu().current = current;
  kernel_lock.release();
  host::hardware.root = current->root;
  host::answers[current->self.raw] = {true, handle, Words{{w0, w1, w2, w3, w4, w5}}};
  throw host::Left{};
}

extern "C" PITH_FAST_CALL void fast_go_on(PITH_FAST_PARAMETERS) {
  ASSERT(this_cpu().current == current);
  fast_resume(PITH_FAST_ARGUMENTS(handle, current));
}

extern "C" PITH_FAST_CALL void fast_return(PITH_FAST_PARAMETERS) {
  this_cpu().current = current;
  kernel_lock.release();
  host::hardware.root = current->root;
  host::answers[current->self.raw] = {true, current->result, current->words};
  throw host::Left{};
}

namespace arch {

using host::hardware;

void leave_to_caller(Thread& caller) {
  ASSERT(this_cpu().current == &caller);
  leave(this_cpu());
}

void leave(Cpu& cpu) {
  cpu.idle = cpu.current == nullptr;
  if (cpu.idle) {
    hardware.root = 0;
    kernel_lock.release();
    throw host::Left{};
  }
  Thread& thread = *cpu.current;
  ASSERT(info(thread.self).type == ObjectType::Thread && thread.state == ThreadState::Ready);
  if ((thread.key & Key::kInGuest) != 0) {
    Guest& guest = view<Guest>(thread.guest);
    u64 instruction = guest.root == 0 ? 0 : u64(view<DataPage>(guest.registers).words[offsetof(GuestRegisters, rip) / 8]);
    if ((thread.key & Key::kInterrupted) != 0 || guest.root == 0) {
      thread.key &= ~Key::kInterrupted;
      leave_guest(thread, GuestExit::Interrupted, 0, 0, 0);
    } else if (instruction >= kUserEnd) {
      leave_guest(thread, GuestExit::Fault, u64(FaultKind::Memory), kUserEnd, 0);
    } else {
      hardware.root = guest.root;
      kernel_lock.release();
      throw host::Left{};
    }
  }
  ASSERT(thread.root != 0);
  hardware.root = thread.root;
  if ((thread.key & Key::kFullFrame) == 0) host::answers[thread.self.raw] = {true, thread.result, thread.words};
  thread.key &= ~Key::kFullFrame;
  kernel_lock.release();
  throw host::Left{};
}

}  // namespace arch

namespace host {

template <class Entry>
void Machine::enter(Entry entry) {
  try {
    entry();
    throw std::logic_error("the kernel was left by an ordinary return");
  } catch (const Left&) {
  }
  // What one entry left to the next one: the timer interrupts the idle CPU at once.
  constexpr u32 kMostInterrupts = 1000;
  for (u32 i = 0; i < kMostInterrupts && cpus[0].current == nullptr && hardware.timer != 0 && hardware.timer <= hardware.now; i++) {
    try {
      begin_trap();
      timer_interrupted(cpus[0]);
      finish_entry(cpus[0], 0);
    } catch (const Left&) {
    }
  }
}

FrameNumber Machine::take(ObjectType type) {
  FrameNumber frame(next_frame_++);
  retype(frame, type);
  return frame;
}

Machine::Machine(u32 count) {
  reset_memory();
  forget_answers();
  for (FrameNumber& line : interrupt_lines) line = FrameNumber();
  frame_count = count;
  for (u32 i = 1; i < count; i++) frames[i].type = ObjectType::Untyped;
  cpus[0].self = &cpus[0];
  end_idleness(cpus[0]);
  for (u32 i = 0; i < kMaximumCpus; i++) cpus[i].number = i;
  hardware.now = 1'000'000;
  cpus[0].last_accounted = hardware.now;

  region = take(ObjectType::Region);
  view<Region>(region).priority_ceiling = kPriorities - 1;
  for (u32 i = next_frame_; i < count; i++) change_owner(FrameNumber(i), region);
  space = take(ObjectType::AddressSpace);
  top = take(ObjectType::PageTable);
  info(top).level = arch::kPageTableLevels - 1;
  arch::initialise_top_table(top);
  initialise_address_space(space, FrameNumber(), top);
  capabilities = take(ObjectType::CapabilitySpace);
  FrameNumber tables[kRootTables];
  for (u32 i = 0; i < kRootTables; i++) {
    tables[i] = take(ObjectType::CapabilityTable);
    view<CapabilitySpace>(capabilities).table[i] = tables[i];
    info(tables[i]).parent = capabilities;
    info(tables[i]).index = u16(i);
  }
  buffer = take(ObjectType::Data);
  platform = take(ObjectType::Platform);
  root_frame = take(ObjectType::Thread);
  initialise_thread(root_frame, kPriorities - 1);
  root_context = take(ObjectType::SchedulingContext);
  const FrameNumber given[] = {region, space, capabilities, root_frame, root_context, platform};
  for (u32 i = 0; i < 6; i++) grant(CapabilitySlot(1 + i), given[i]);

  attach_thread(root(), space, capabilities, buffer);
  SchedulingContext& context = view<SchedulingContext>(root_context);
  context.priority = kRootPriority;
  context.budget = context.period = context.left = kTurn;
  context.configured = true;
  context.thread = root_frame;
  root().scheduling_context = root_context;
  enqueue_context(root_context);
  wake(root());
  schedule(cpus[0]);
}

void Machine::grant(CapabilitySlot slot, FrameNumber frame, u32 rights, Badge badge) {
  Capability given = Capability::full(frame, info(frame).type);
  given.word &= rights | ~Capability::kRightsMask;
  given.badge = badge;
  capability(slot) = given;
}

void Machine::switch_to(Thread& thread) {
  Cpu& cpu = cpus[0];
  if (cpu.current == &thread) return;
  if (thread.state != ThreadState::Ready) throw std::logic_error("the thread cannot run");
  if (cpu.idle) end_idleness(cpu);
  if (cpu.current != nullptr && (cpu.current->key & Key::kLentTime) != 0) end_lent_time(cpu);
  cpu.current = &thread;
  // Nobody runs without time: a thread that has none of its own runs on the root thread's.
  cpu.context = root_context;
  if (thread.scheduling_context.raw != 0 && view<SchedulingContext>(thread.scheduling_context).place == Whereabouts::Queued)
    cpu.context = thread.scheduling_context;
  cpu.last_accounted = hardware.now;
  // As the scheduler's run(): on time of its own, replies go the slow way.
  thread.key &= ~Key::kSlowReply;
  if (thread.client.raw != 0) thread.key |= Key::kSlowReply;
  thread.key &= ~Key::kFullFrame;
}

Answer Machine::invoke(Thread& thread, Handle handle, const Words& words) {
  switch_to(thread);
  FrameNumber frame = thread.self;
  answers[frame.raw] = {};
  const u64* w = words.w;
  enter([&] {
    kernel_lock.acquire();
    if (handle.kind() == Handle::Call) {
      fast_call(handle.raw, w[0], w[1], w[2], w[3], w[4], w[5], &thread);
    } else if (handle.kind() == Handle::ReplyReceive) {
      fast_reply_receive(handle.raw, w[0], w[1], w[2], w[3], w[4], w[5], &thread);
    } else if (handle.kind() == Handle::Operation) {
      fast_operation(handle.raw, w[0], w[1], w[2], w[3], w[4], w[5], &thread);
    } else {
      slow_call(handle.raw, w[0], w[1], w[2], w[3], w[4], w[5], &thread);
    }
  });
  if (info(frame).type != ObjectType::Thread) return {};
  return answer_of(thread);
}

namespace {
Words words_of(std::initializer_list<u64> given) {
  Words words{};
  u32 i = 0;
  for (u64 word : given) words.w[i++ % 6] = word;
  return words;
}
}  // namespace

Answer Machine::invoke(Thread& thread, Operation operation, CapabilitySlot slot, std::initializer_list<u64> words) {
  return invoke(thread, Handle::operation(u32(operation), slot), words_of(words));
}

Answer Machine::call(Thread& thread, CapabilitySlot endpoint, std::initializer_list<u64> words) {
  return invoke(thread, Handle::call(endpoint), words_of(words));
}

Answer Machine::reply_receive(Thread& thread, CapabilitySlot endpoint, std::initializer_list<u64> words) {
  return invoke(thread, Handle::reply_receive(endpoint), words_of(words));
}

Answer Machine::call_message(Thread& thread, CapabilitySlot endpoint, u32 words, u32 sent, u64 deadline) {
  if (thread.buffer.raw != 0) view<DataPage>(thread.buffer).words[offsetof(MessageBuffer, deadline) / 8] = deadline;
  return invoke(thread, Handle::message(u32(Operation::EndpointCallMessage), endpoint, words, sent));
}

Answer Machine::answer_of(const Thread& thread) const {
  const Answer& seen = answers[thread.self.raw];
  if (seen.returned) return seen;
  if (thread.state == ThreadState::Ready && (thread.key & Key::kInGuest) == 0) return {true, thread.result, thread.words};
  return {};
}

void Machine::forget_answers() {
  for (Answer& answer : answers) answer = {};
}

void Machine::begin_trap() {
  kernel_lock.acquire();
  Cpu& cpu = cpus[0];
  cpu.entered = arch::counter();
  if (cpu.idle) end_idleness(cpu);
  if (cpu.current != nullptr && (cpu.current->key & Key::kInGuest) == 0) cpu.current->key |= Key::kFullFrame;
}

void Machine::interrupt(u32 line) {
  if (!is_message_line(line) && hardware.masked[line % kAllLines]) return;
  begin_trap();
  arch::current_cpu();
  if (!is_message_line(line)) hardware.masked[line % kAllLines] = true;
  interrupt_raised(line);
  enter([] { finish_entry(cpus[0], 0); });
}

void Machine::timer_interrupt() {
  begin_trap();
  enter([] {
    timer_interrupted(cpus[0]);
    finish_entry(cpus[0], 0);
  });
}

void Machine::fault(Thread& thread, FaultKind kind, u64 address, u64 code) {
  switch_to(thread);
  answers[thread.self.raw] = {};  // what it found after its last system call, it finds no more
  begin_trap();
  fault_raised(thread, kind, address, code);
  enter([] { finish_entry(cpus[0], 0); });
}

void Machine::guest_system_call(Thread& thread) {
  switch_to(thread);
  if ((thread.key & Key::kInGuest) == 0) throw std::logic_error("the thread is in no guest");
  thread.key &= ~Key::kInGuest;
  hardware.root = thread.root;
  answers[thread.self.raw] = {true, 0, {}};
}

void Machine::advance_to(u64 time) {
  for (u32 i = 0; i < 10'000; i++) {
    if (hardware.timer == 0 || hardware.timer > time) break;
    if (hardware.timer > hardware.now) hardware.now = hardware.timer;
    timer_interrupt();
  }
  if (hardware.now < time) hardware.now = time;
}

FrameNumber Machine::spare_frame() { return spare_frames(1); }

FrameNumber Machine::spare_frames(u32 count) {
  while (next_frame_ + count <= frame_count) {
    bool good = true;
    for (u32 i = 0; i < count; i++) {
      const FrameInfo& entry = frames[next_frame_ + i];
      good = good && entry.type == ObjectType::Untyped && entry.owner == region;
    }
    if (good) {
      next_frame_ += count;
      return FrameNumber(next_frame_ - count);
    }
    next_frame_++;
  }
  throw std::logic_error("no spare frames");
}

void Machine::create(std::initializer_list<u64> words) {
  for (u32 looks = 0; looks < kMaximumCpus; looks++) {  // each entry looks at one CPU
    Answer answer = (*this)(Operation::RegionCreate, RootSlot::Region, words);
    if (answer.returned && !answer.is_error()) return;
    if (answer.error() != Error::Again) throw std::logic_error("an object cannot be made: error " + std::to_string(u32(answer.error())));
  }
  throw std::logic_error("an object cannot be made: a CPU remembers its frame");
}

CapabilitySlot Machine::make(ObjectType type, u64 argument, FrameNumber second) {
  CapabilitySlot slot = free_slot();
  if (type == ObjectType::AddressSpace && second.raw == 0) second = make_frame(ObjectType::PageTable, arch::kPageTableLevels - 1);
  FrameNumber frame = spare_frame();
  create({frame.raw, u64(type), slot.raw, argument, second.raw});
  return slot;
}

FrameNumber Machine::make_frame(ObjectType type, u64 argument) {
  FrameNumber frame = spare_frame();
  create({frame.raw, u64(type), 0, argument, 0});
  return frame;
}

Made Machine::make_thread(u32 priority, FaultKind) {
  Made made;
  made.slot = make(ObjectType::Thread, kPriorities - 1);
  made.frame = frame_in(made.slot);
  made.context = make(ObjectType::SchedulingContext);
  made.context_frame = frame_in(made.context);
  made.buffer = make_frame(ObjectType::Data);
  bool good = !(*this)(Operation::SchedulingContextConfigure, made.context, {priority, kTurn, kTurn, 0}).is_error();
  u64 address_space = RootSlot::AddressSpace.raw, table = RootSlot::CapabilitySpace.raw;
  good = good && !(*this)(Operation::ThreadConfigure, made.slot, {address_space, table, made.buffer.raw, 0, 0, 0}).is_error();
  good = good && !(*this)(Operation::SchedulingContextBind, made.context, {made.slot.raw}).is_error();
  good = good && !(*this)(Operation::ThreadStart, made.slot, {0x400000, 0x500000, 0, 0}).is_error();
  if (!good) throw std::logic_error("a thread cannot be made");
  // As if it had begun to run: what follows are its system calls.
  (*made).key &= ~Key::kFullFrame;
  return made;
}

void Machine::serve(const Made& server, CapabilitySlot endpoint) {
  if ((*this)(Operation::EndpointBind, endpoint, {server.slot.raw}).is_error()) throw std::logic_error("the endpoint cannot be bound");
  invoke(*server, Operation::EndpointReceive, endpoint);
  if (running() != nullptr) switch_to(root());
}

bool Machine::reclaim_all(CapabilitySlot above, u32 passes, bool (*check)()) {
  for (u32 pass = 0; pass < passes; pass++) {
    bool blocked = false;
    for (u64 first = 1; first < frame_count;) {
      u64 count = frame_count - first < 64 ? frame_count - first : 64;
      Answer answer = (*this)(Operation::RegionReclaim, above, {first, count});
      if (!answer.returned || answer.is_error() || (check != nullptr && !check())) return false;
      first += answer[0];
      blocked = blocked || answer[1] == 2;
    }
    if (!blocked) return true;
  }
  return false;
}

}  // namespace host
}  // namespace pith
