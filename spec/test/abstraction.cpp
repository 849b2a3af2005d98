// Every cell of the specification's state beside the kernel's cells that it stands for.
#include "spec/test/abstraction.h"

#include <cstring>
#include <vector>

#include "kernel/arch/host/machine.h"
#include "kernel/memory/flush.h"
#include "kernel/object/address_space.h"
#include "kernel/object/capability_space.h"
#include "kernel/object/endpoint.h"
#include "kernel/object/guest.h"
#include "kernel/object/interrupt.h"
#include "kernel/object/io_ports.h"
#include "kernel/object/notification.h"
#include "kernel/object/region.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/object/thread.h"
#include "kernel/object/vector_state.h"
#include "spec/oracle.h"
#include "spec/test/native_oracle.h"

namespace pith::spec::test {

namespace {

/// Threads that have gone on with what they were answered.
bool has_answer[kSpecFrames];

/// Gives each cell its meaning.
struct TakingOver {
  static constexpr bool kCompares = false;
  FrameNumber frame;
  template <class Cell>
  void operator()(const char*, Cell& cell, u64 meaning) {
    if constexpr (requires { cell.raw; })
      cell.raw = decltype(cell.raw)(meaning);
    else
      cell = Cell(meaning);
  }
  void ordered(const char*, u64& ticket, u64&) { ticket = state.last_ticket++; }
};

/// Finds the first cell that means something else.
struct Comparing {
  static constexpr bool kCompares = true;
  FrameNumber frame;
  std::string found;
  template <class Cell>
  void operator()(const char* name, const Cell& cell, u64 meaning) {
    u64 value;
    if constexpr (requires { cell.raw; })
      value = u64(cell.raw);
    else
      value = u64(cell);
    if (value == meaning || !found.empty()) return;
    if (*name == '~') name++;
    found = std::string(name) + " of frame " + std::to_string(frame.raw) + " (type " + std::to_string(u32(pith::frames[frame.raw].type)) +
            ") is " + std::to_string(meaning) + ", should be " + std::to_string(value);
  }
  void ordered(const char* name, const u64& ticket, u64& last) {
    if (ticket <= last && found.empty()) found = std::string(name) + ": wrong order at frame " + std::to_string(frame.raw);
    last = ticket;
  }
};

/// Makes one number of what everything means, without counters that only ever grow (`~`).
struct Hashing {
  static constexpr bool kCompares = true;
  FrameNumber frame;
  u64 value = 1;
  void mix(u64 more) {
    value = (value ^ more) * 0x9e37'79b9'7f4a'7c15;
    value ^= value >> 29;
  }
  template <class Cell>
  void operator()(const char* name, const Cell&, u64 meaning) {
    if (*name != '~') mix(meaning);
  }
  void ordered(const char*, const u64&, u64&) { mix(frame.raw); }
};

template <class Visit>
void relate_capability(Visit& visit, Capability& meant, const pith::Capability& real) {
  visit("capability type", meant.type, u64(real.type()));
  if (real.is_empty()) return;
  if constexpr (std::is_same_v<Visit, Hashing>) visit.mix(real.is_live());
  visit("capability frame", meant.frame, real.frame.raw);
  visit("capability badge", meant.badge, real.badge.raw);
  visit("~capability epoch", meant.epoch, real.word >> 16);
  visit("capability rights", meant.rights, real.rights());
}

template <class Visit>
void relate_table(Visit& visit, const arch::PageTableEntry* real, u32 count, bool is_leaf) {
  for (u32 i = 0; i < count; i++) {
    Entry& meant = page_tables[visit.frame].entry[i];
    bool present = real[i].is_present();
    visit("entry present", meant.present, present);
    if (!present) continue;
    visit("entry frame", meant.frame, real[i].frame().raw);
    visit("entry of a device", meant.device, real[i].is_device());
    visit("entry access", meant.access, is_leaf ? u64(real[i].access()) : 0);
  }
}

u64 armed(const TimerNode& node) {
  if (!node.armed) return 0;
  return node.tick > ~u64{0} >> kTimerTickShift ? ~u64{0} : node.tick << kTimerTickShift;
}

/// The wheel rounds up and never goes back: armed or not is what counts, and not before.
template <class Visit>
void relate_timer(Visit& visit, const char* name, u64& meant, const TimerNode& node) {
  if constexpr (Visit::kCompares) {
    visit(name, meant != 0, node.armed);
    if (node.armed) visit(name, meant >> kTimerTickShift <= node.tick, true);
  } else {
    visit(name, meant, armed(node));
  }
}

template <class Visit>
void relate_thread(Visit& visit, const pith::Thread& real) {
  Thread& meant = threads[visit.frame];
  visit("state", meant.state, u64(real.state));
  visit("waiting_at", meant.waiting_at, real.state == ThreadState::Ready ? meant.waiting_at.raw : real.waiting_at.raw);
  visit("client", meant.client, real.client.raw);
  visit("callee", meant.callee, real.callee.raw);
  visit("endpoint", meant.endpoint, real.endpoint.raw);
  visit("space", meant.space, real.space.raw);
  visit("capabilities", meant.capabilities, real.capabilities.raw);
  visit("buffer", meant.buffer, real.buffer.raw);
  visit("notification", meant.notification, real.notification.raw);
  visit("scheduling_context", meant.scheduling_context, real.scheduling_context.raw);
  visit("vector_state", meant.vector_state, real.vector_state.raw);
  visit("guest", meant.guest, real.guest.raw);
  visit("window", meant.window, real.window.raw);
  relate_capability(visit, meant.fault, real.fault);
  visit("cpu", meant.cpu, real.key & Key::kCpuMask);
  visit("priority_ceiling", meant.priority_ceiling, real.priority_ceiling);
  visit("interrupted", meant.interrupted, (real.key & Key::kInterrupted) != 0);
  visit("faulted", meant.faulted, (real.key & Key::kFaulted) != 0);
  visit("in_guest", meant.in_guest, (real.key & Key::kInGuest) != 0);
  visit("stopping", meant.stopping, (real.key & Key::kStopping) != 0);
  visit("trapped", meant.trapped, (real.key & Key::kFullFrame) != 0);
  visit("~set_aside_number", meant.set_aside_number, real.set_aside_number);
  visit("pointer", meant.pointer, real.pointer);
  for (u32 i = 0; i < kRegisters; i++) visit("register", meant.registers[i], real.registers.value[i]);
  relate_timer(visit, "deadline", meant.deadline, real.timer);
  bool in_call = meant.state == ThreadState::Calling || meant.state == ThreadState::WaitingForReply || meant.state == ThreadState::SetAside;
  if (meant.state == ThreadState::Calling) visit("level", meant.level, real.level);
  if (in_call) {
    bool is_short = Handle{real.handle}.kind() == Handle::Call;  // such a handle says nothing of its message
    visit("message_words", meant.message_words, is_short ? kRegisterWords : Handle{real.handle}.words());
    visit("message_capabilities", meant.message_capabilities, is_short ? 0 : Handle{real.handle}.capabilities());
    visit("caller_badge", meant.caller_badge, real.caller_badge.raw);
  }
  for (u32 i = 0; i < kRegisterWords && (in_call || !Visit::kCompares); i++) visit("message word", meant.words[i], real.words.w[i]);
  if (!Visit::kCompares) visit("result", meant.result, real.result);
}

/// When the next part of a budget comes back, 0: all of it is left.
u64 comes_back_at(const pith::SchedulingContext& real) { return real.pending_count == 0 ? 0 : next_replenishment(real); }

template <class Visit>
void relate_context(Visit& visit, const pith::SchedulingContext& real) {
  SchedulingContext& meant = scheduling_contexts[visit.frame];
  visit("thread", meant.thread, real.thread.raw);
  visit("priority", meant.priority, real.priority);
  visit("cpu", meant.cpu, real.cpu);
  visit("configured", meant.configured, real.configured);
  visit("budget", meant.budget, real.budget);
  visit("period", meant.period, real.period);
  visit("~left", meant.left, real.left);
  visit("~used", meant.used, real.used);
  visit("share", meant.share, real.share);
  visit("~comes_back_at", meant.comes_back_at, comes_back_at(real));
  relate_timer(visit, "replenished_at", meant.replenished_at, real.timer);
}

template <class Visit>
void relate_object(Visit& visit, ObjectType type) {
  FrameNumber frame = visit.frame;
  switch (type) {
    case ObjectType::Region: {
      const pith::Region& real = view<pith::Region>(frame);
      visit("parent region", regions[frame].parent, real.parent.raw);
      visit("depth", regions[frame].depth, real.depth);
      visit("closing", regions[frame].closing, real.closing);
      visit("priority_ceiling", regions[frame].priority_ceiling, real.priority_ceiling);
      visit("frames", regions[frame].frames, real.frames);
      visit("is_limited", regions[frame].is_limited, real.is_limited);
      visit("time_share", regions[frame].time_share, real.time_share);
      visit("time_given", regions[frame].time_given, real.time_given);
      return;
    }
    case ObjectType::PageTable: {
      u32 level = info(frame).level;
      u32 count = level == kLevels - 1 ? kUserTopEntries : kEntries;
      return relate_table(visit, view<pith::PageTable>(frame).entry, count, level == 0);
    }
    case ObjectType::Share:
      return relate_table(visit, view<pith::Share>(frame).entry, kEntries, true);
    case ObjectType::CapabilitySpace:
      for (u32 i = 0; i < kTablesPerSpace; i++)
        visit("table", capability_spaces[frame].table[i], view<pith::CapabilitySpace>(frame).table[i].raw);
      return;
    case ObjectType::CapabilityTable:
      for (u32 i = 0; i < kSlotsPerTable; i++)
        relate_capability(visit, capability_tables[frame].slot[i], view<pith::CapabilityTable>(frame).slot[i]);
      return;
    case ObjectType::AddressSpace:
      visit("top", address_spaces[frame].top, view<pith::AddressSpace>(frame).top.raw);
      visit("spare", address_spaces[frame].spare, view<pith::AddressSpace>(frame).spare.raw);
      return;
    case ObjectType::Thread:
      return relate_thread(visit, view<pith::Thread>(frame));
    case ObjectType::SchedulingContext:
      return relate_context(visit, view<pith::SchedulingContext>(frame));
    case ObjectType::Endpoint:
      visit("server", endpoints[frame].server, view<pith::Endpoint>(frame).server.raw);
      return;
    case ObjectType::Notification:
      visit("bits", notifications[frame].bits, view<pith::Notification>(frame).bits);
      visit("waiter", notifications[frame].waiter, view<pith::Notification>(frame).waiter.raw);
      visit("bound", notifications[frame].bound, view<pith::Notification>(frame).bound.raw);
      return;
    case ObjectType::Interrupt:
      visit("line", interrupts[frame].line, view<pith::Interrupt>(frame).line);
      visit("bits", interrupts[frame].bits, view<pith::Interrupt>(frame).bits);
      return relate_capability(visit, interrupts[frame].notification, view<pith::Interrupt>(frame).notification);
    case ObjectType::IoPorts:
      visit("first port", io_ports[frame].first, view<pith::IoPorts>(frame).first);
      visit("count of ports", io_ports[frame].count, view<pith::IoPorts>(frame).count);
      return;
    case ObjectType::Guest: {
      const pith::Guest& real = view<pith::Guest>(frame);
      visit("space", guests[frame].space, real.space.raw);
      visit("register page", guests[frame].registers, real.registers.raw);
      visit("thread", guests[frame].thread, real.thread.raw);
      visit("vector_state", guests[frame].vector_state, real.vector_state.raw);
      visit("barred", guests[frame].is_barred, real.space.raw != 0 && real.root == 0);
      return;
    }
    case ObjectType::VectorState: {
      pith::VectorState& real = view<pith::VectorState>(frame);
      bool is_loaded = real.holder != 0;
      const arch::VectorImage& image = is_loaded ? host::hardware.vector : real.image;
      visit("holder", vector_states[frame].holder, real.holder);
      visit("user", vector_states[frame].user, real.user.raw);
      for (u32 i = 0; i < kVectorWords; i++) visit("vector word", vector_states[frame].word[i], image.word(i));
      return;
    }
    default:
      return;
  }
}

template <class Visit>
void relate_frame(Visit& visit) {
  const FrameInfo& real = info(visit.frame);
  Frame& meant = frames[visit.frame];
  visit("type", meant.type, u64(real.type));
  visit("~epoch", meant.epoch, epochs[visit.frame.raw] >> 16);
  visit("owner", meant.owner, real.owner.raw);
  visit("~generation", meant.generation, real.generation);
  if (real.type == ObjectType::Untyped || real.type == ObjectType::Reserved) return;
  visit("level", meant.level, real.level);
  visit("parent", meant.parent, real.parent.raw);
  if (real.parent.raw != 0) visit("index", meant.index, real.index);
  visit("uses", meant.uses, real.uses);
  visit("cursor", meant.cursor, real.cursor);
  relate_object(visit, real.type);
}

/// Members of the kernel's lists come in the order of their tickets.
template <class Visit, class LinkOf, class TicketOf>
void relate_list(Visit& visit, const char* name, const List& list, LinkOf link, TicketOf ticket) {
  u64 last = 0;
  for (FrameNumber at = list.first; at.raw != 0; at = link(at).next) {
    visit.frame = at;
    visit.ordered(name, ticket(at), last);
  }
}

template <class Visit>
void relate_lists(Visit& visit, FrameNumber frame, ObjectType type) {
  auto queue_link = [](FrameNumber at) { return view<pith::Thread>(at).queue_link; };
  auto ticket = [](FrameNumber at) -> u64& { return threads[at].ticket; };
  if (type == ObjectType::Endpoint) {
    const pith::Endpoint& endpoint = view<pith::Endpoint>(frame);
    for (const List& queue : endpoint.queue) relate_list(visit, "queue of calls", queue, queue_link, ticket);
    relate_list(visit, "calls set aside", endpoint.set_aside_calls, queue_link, ticket);
  }
  if (type == ObjectType::AddressSpace) {
    const pith::AddressSpace& space = view<pith::AddressSpace>(frame);
    relate_list(
        visit, "threads of a space", space.threads, [](FrameNumber at) { return view<pith::Thread>(at).space_link; },
        [](FrameNumber at) -> u64& { return threads[at].space_ticket; });
    relate_list(
        visit, "guests of a space", space.guests, [](FrameNumber at) { return view<pith::Guest>(at).space_link; },
        [](FrameNumber at) -> u64& { return guests[at].space_ticket; });
  }
  if (type == ObjectType::CapabilitySpace)
    relate_list(
        visit, "threads of a capability space", view<pith::CapabilitySpace>(frame).threads,
        [](FrameNumber at) { return view<pith::Thread>(at).capability_link; },
        [](FrameNumber at) -> u64& { return threads[at].capability_ticket; });
}

template <class Visit>
void relate(Visit& visit) {
  for (u32 i = 1; i < frame_count; i++) {
    visit.frame = FrameNumber(i);
    relate_frame(visit);
  }
  for (u32 i = 1; i < frame_count; i++) relate_lists(visit, FrameNumber(i), pith::frames[i].type);
  visit.frame = FrameNumber();
  visit("CPUs", state.cpu_count, pith::cpu_count);
  for (u32 i = 0; i < pith::cpu_count; i++) {
    Cpu& meant = state.cpus[i];
    visit("idle", meant.idle, pith::cpus[i].idle);
    visit("vector_owner", meant.vector_owner, pith::cpus[i].vector_owner.raw);
    visit("current", meant.current, pith::cpus[i].current != nullptr ? pith::cpus[i].current->self.raw : 0);
    visit("context", meant.context, pith::cpus[i].context.raw);
    visit("~charged", meant.charged, pith::cpus[i].last_accounted);
    if (!meant.idle) visit("~flushed_generation", meant.flushed_generation, pith::cpus[i].flushed_generation);
  }
  for (u32 i = 0; i < host::kAllLines; i++) {
    visit("interrupt of a line", state.lines[i].interrupt, interrupt_lines[i].raw);
    visit("masked", state.lines[i].masked, host::hardware.masked[i]);
  }
  visit("~generation", state.generation, current_generation());
}

/// What threads that go on find in their registers.
std::string wrong_answer(const host::Machine& machine, FrameNumber frame, const pith::Thread& real) {
  Thread& meant = threads[frame];
  if (meant.state != ThreadState::Ready || meant.trapped || meant.in_guest || has_answer[frame.raw]) return "";
  host::Answer answer = machine.answer_of(real);
  std::string who = " of thread " + std::to_string(frame.raw);
  if (answer.status != meant.result)
    return "result" + who + " is " + std::to_string(answer.status) + ", should be " + std::to_string(meant.result);
  if (answer.is_error()) return "";
  for (u32 i = 0; i < kRegisterWords; i++) {
    if (answer.words.w[i] != meant.words[i])
      return "word " + std::to_string(i) + who + " is " + std::to_string(answer.words.w[i]) + ", should be " +
             std::to_string(meant.words[i]);
  }
  return "";
}

std::string wrong_memory() {
  for (u32 i = 1; i < frame_count; i++) {
    if (pith::frames[i].type != ObjectType::Data) continue;
    const u64* real = const_cast<const u64*>(data_pages[i].words);
    if (std::memcmp(real, user_memory[i], kPageSize) == 0) continue;
    for (u32 word = 0; word < kPageSize / 8; word++) {
      if (real[word] != user_memory[i][word])
        return "word " + std::to_string(word) + " of user frame " + std::to_string(i) + " is " + std::to_string(real[word]) +
               ", should be " + std::to_string(user_memory[i][word]);
    }
  }
  u32 port = last_port_write.port;
  if (last_port_write.width != 0 &&
      spec_read_port(port, last_port_write.width) != last_port_write.value % (u64{1} << 8 * last_port_write.width))
    return "port " + std::to_string(port) + " holds something else than was written";
  last_port_write = {};
  return "";
}

}  // namespace

void take_over() {
  new (&specification) State();
  state.frame_count = frame_count;
  state.line_count = host::kLines;
  state.has_io_ports = host::hardware.has_io_ports;
  TakingOver visit;
  relate(visit);
  for (u32 i = 0; i < frame_count; i++) {
    has_answer[i] = true;
    std::memcpy(user_memory[i], const_cast<const u64*>(data_pages[i].words), kPageSize);
  }
}

std::string difference(const host::Machine& machine) {
  Comparing visit;
  relate(visit);
  if (!visit.found.empty()) return visit.found;
  std::string wrong = wrong_memory();
  for (u32 i = 1; i < frame_count && wrong.empty(); i++) {
    if (pith::frames[i].type != ObjectType::Thread) continue;
    const pith::Thread& thread = view<pith::Thread>(FrameNumber(i));
    wrong = wrong_answer(machine, FrameNumber(i), thread);
    if (pith::cpus[0].current == &thread && !threads.row[i].in_guest) has_answer[i] = true;
  }
  return wrong;
}

/// The thread that runs does so on time that leads to it; a test may have made it run otherwise.
static bool was_right_choice = false;

void note_choice() {
  const Cpu& cpu = state.cpus[0];
  was_right_choice = cpu.context.raw != 0 && cpu.current.raw != 0 && may_run(cpu.context, cpu.current);
}

/// What is wrong with the kernel's choice of who runs, if anything.
static std::string wrong_choice(FrameNumber before, FrameNumber context, FrameNumber thread) {
  if (context.raw == 0 || (context == before && !was_right_choice)) return "";
  if (!may_run(context, thread)) return "thread " + std::to_string(thread.raw) + " runs on the time of " + std::to_string(context.raw);
  if (context == before) return "";  // on the fast path, where nobody else has become ready
  for (u32 i = 1; i < frame_count; i++) {
    if (frames.row[i].type == ObjectType::SchedulingContext && !is_passed_over_rightly(FrameNumber(i), context))
      return "time of " + std::to_string(i) + " is higher than that of " + std::to_string(context.raw) + " and is not used";
  }
  return "";
}

u64 fingerprint() {
  Hashing visit;
  relate(visit);
  for (u32 i = 1; i < frame_count; i++) {
    if (pith::frames[i].type == ObjectType::SchedulingContext) visit.mix(u64(view<pith::SchedulingContext>(FrameNumber(i)).place));
  }
  for (const List& queue : pith::cpus[0].queue)
    for (FrameNumber at = queue.first; at.raw != 0; at = view<pith::SchedulingContext>(at).queue_link.next) visit.mix(at.raw);
  return visit.value;
}

std::string follow_schedule() {
  const pith::Cpu& cpu = pith::cpus[0];
  FrameNumber before = state.cpus[0].current;
  state.now = host::hardware.now;
  state.cpus[0].charged = cpu.last_accounted;
  for (u32 i = 1; i < frame_count; i++) {
    FrameNumber frame(i);
    if (pith::frames[i].type == ObjectType::Thread && frames[frame].type == ObjectType::Thread) {
      u64 deadline = threads[frame].deadline;
      if (deadline != 0 && deadline <= state.now && !view<pith::Thread>(frame).timer.armed) spec::timer_fired(frame);
    }
    if (pith::frames[i].type == ObjectType::SchedulingContext && frames[frame].type == ObjectType::SchedulingContext) {
      const pith::SchedulingContext& real = view<pith::SchedulingContext>(frame);
      SchedulingContext& meant = scheduling_contexts[frame];
      meant.left = real.left;
      meant.used = real.used;
      meant.comes_back_at = comes_back_at(real);
      meant.replenished_at = armed(real.timer);
    }
  }
  FrameNumber current = cpu.current != nullptr ? cpu.current->self : FrameNumber();
  std::string wrong = current != before ? wrong_choice(state.cpus[0].context, cpu.context, current) : "";
  run(cpu.context, current);
  note_choice();
  return wrong;
}

void set_user_word(FrameNumber frame, u32 index, u64 value) {
  view<DataPage>(frame).words[index] = value;
  user_memory[frame.raw][index] = value;
}

void forget_answer(FrameNumber thread) { has_answer[thread.raw] = false; }

}  // namespace pith::spec::test
