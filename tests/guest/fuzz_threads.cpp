// Every documented outcome, on purpose: threads, time, calls, signals, guests, vector registers.
#include "abi/guest.h"
#include "abi/registers.h"
#include "tests/guest/fuzz.h"

namespace pith::fuzz {

namespace {

using enum Operation;

u64 word(CapabilitySlot slot) { return slot.raw; }
u64 word(FrameNumber frame) { return frame.raw; }
CapabilitySlot good(ObjectType type) { return round.good.slot[u32(type)]; }
CapabilitySlot closed(ObjectType type) { return round.closed.slot[u32(type)]; }

constexpr u64 kBeyond = u64{1} << 47;
constexpr u64 kTurn = 1'000'000;
constexpr u32 kHelpers = 44;
constexpr u32 kClients = 20;
constexpr u32 kStackWords = 256;
constexpr u64 kNowhere = 0x1000;

/// What a helper thread does: some operations one after the other, then it faults and, having no fault handler, stops.
struct Step {
  Operation operation;
  CapabilitySlot slot;
  Words words{};
  u32 length = kRegisterWords;
  bool takes_token = false;  ///< word 0 is the answer of the step before
};
struct Script {
  Step steps[4];
  u32 count;
  Error outcomes[4];
  u32 done;
};
struct Helper {
  CapabilitySlot thread, context;
  FrameNumber frame;
  Script* script;
};

alignas(16) u64 stacks[kHelpers][kStackWords];
Script scripts[kHelpers];
u32 helpers_used;

[[noreturn]] void stop_here() {
  while (true) asm volatile("ud2");
}

[[noreturn]] void follow(u64 index) {
  Script& script = scripts[index];
  Outcome last{};
  for (u32 i = 0; i < script.count; i++) {
    Step& step = script.steps[i];
    if (step.takes_token) step.words.w[0] = last.words.w[0];
    last = perform(step.operation, step.slot, step.words, step.length);
    script.outcomes[i] = last.error;
    script.done = i + 1;
  }
  stop_here();
}

/// Receives calls and sets them aside, until that fails.
[[noreturn]] void collect(u64 endpoint) {
  CapabilitySlot slot{u32(endpoint)};
  while (perform(EndpointReceive, slot).error == kSuccess && perform(EndpointSetAside, slot).error == kSuccess) {
  }
  stop_here();
}

/// A thread with time of its own in the component's space, not started.
Helper make_helper(u32 priority, FrameNumber buffer = {}) {
  Helper helper{};
  helper.thread = make(round.region, ObjectType::Thread, kCeiling, &helper.frame);
  helper.context = make(round.region, ObjectType::SchedulingContext);
  ok(SchedulingContextConfigure, helper.context, {{priority, kTurn, kTurn, 0}});
  ok(SchedulingContextBind, helper.context, {{word(helper.thread)}});
  ok(ThreadConfigure, helper.thread,
     {{word(HostileSlot::AddressSpace), word(HostileSlot::CapabilitySpace), word(buffer), 0, 0, 0}});
  return helper;
}

void start(Helper& helper, void (*entry)(u64), u64 argument) {
  u64 index = helpers_used++ % kHelpers;
  helper.script = &scripts[index];
  ok(ThreadStart, helper.thread, {{reinterpret_cast<u64>(entry), reinterpret_cast<u64>(&stacks[index][kStackWords - 1]), 0, argument}});
}

/// Lets the helper do the steps; it runs before this returns, until it blocks or is through.
void run(Helper& helper, std::initializer_list<Step> steps) {
  Script& script = scripts[helpers_used % kHelpers];
  script = {};
  for (const Step& step : steps) script.steps[script.count++] = step;
  start(helper, follow, helpers_used % kHelpers);
}

void expect(const Helper& helper, u32 step, Error error) {
  Error got = step < helper.script->done ? helper.script->outcomes[step] : Error::BadState;
  if (got != error) mistake(helper.script->steps[step].operation, error, got, step < helper.script->done ? "in a helper" : "in a helper that is still at it");
}

void refuse_argument(Operation operation, CapabilitySlot slot, Words words, u32 index, ObjectType type) {
  CapabilitySlot other = good(type == ObjectType::Endpoint ? ObjectType::Notification : ObjectType::Endpoint);
  const CapabilitySlot bad[] = {HostileSlot::Unlinked, HostileSlot::Empty, round.stale[u32(type)], other, round.weak[u32(type)]};
  const Error errors[] = {Error::BadSlot, Error::EmptySlot, Error::Stale, Error::WrongType, Error::MissingRight};
  for (u32 i = 0; i < 5; i++) {
    words.w[index] = word(bad[i]);
    want(errors[i], operation, slot, words);
  }
}

void interrupt_self() { ok(ThreadInterrupt, HostileSlot::Thread); }

void threads() {
  CapabilitySlot thread = good(ObjectType::Thread), fresh = make(round.region, ObjectType::Thread, 0);
  Words configuration{{word(HostileSlot::AddressSpace), word(HostileSlot::CapabilitySpace), 0, 0, 0, 0}};
  refuse_argument(ThreadConfigure, thread, configuration, 0, ObjectType::AddressSpace);
  refuse_argument(ThreadConfigure, thread, configuration, 1, ObjectType::CapabilitySpace);
  Words faults = configuration;
  faults.w[3] = word(round.stale[u32(ObjectType::Endpoint)]);
  want(Error::Stale, ThreadConfigure, thread, faults);
  Words changed = configuration;
  changed.w[2] = word(shared.foreign_frame);
  want(Error::BadFrame, ThreadConfigure, thread, changed);
  changed = configuration;
  changed.w[5] = 0xffffffff;
  want(Error::BadArgument, ThreadConfigure, thread, changed);
  want(Error::Closing, ThreadConfigure, closed(ObjectType::Thread), configuration);

  want(Error::NotConfigured, ThreadStart, fresh, {{kNowhere}});
  want(Error::NotConfigured, ThreadResume, fresh);
  want(Error::BadAddress, ThreadStart, thread, {{kBeyond}});
  want(Error::Closing, ThreadStart, closed(ObjectType::Thread), {{kNowhere}});
  want(Error::Closing, ThreadResume, closed(ObjectType::Thread));
  ok(ThreadStart, thread, {{kNowhere, 0, 0, 7}});  // it has no time yet: ready, and stays where it is
  want(Error::BadState, ThreadStart, thread, {{kNowhere}});
  want(Error::BadState, ThreadConfigure, thread, configuration);
  want(Error::BadState, ThreadResume, thread);
  want(Error::BadState, ThreadReadRegisters, thread, {{0}});
  want(Error::BadState, ThreadWriteRegister, thread, {{0, 1}});
  ok(ThreadStop, thread);
  want(Error::BadArgument, ThreadReadRegisters, thread, {{kRegisters}});
  want(Error::BadArgument, ThreadWriteRegister, thread, {{kRegisters, 1}});
  want(Error::BadAddress, ThreadWriteRegister, thread, {{u64(Register::Rip), kBeyond}});
  ok(ThreadWriteRegister, thread, {{u64(Register::Rbx), 99}});
  if (ok(ThreadReadRegisters, thread, {{u64(Register::Rbx)}}).words.w[0] != 99) mistake(ThreadReadRegisters, kSuccess, Error::BadState, "another value");
  ok(ThreadResume, thread);
  ok(ThreadStop, thread);
  ok(ThreadInterrupt, fresh);
  want(Error::BadAddress, ThreadSetPointer, thread, {{kBeyond}});
  ok(ThreadSetPointer, thread, {{kNowhere}});
  ok(ThreadStatus, thread);

  CapabilitySlot vector = good(ObjectType::VectorState), guest = good(ObjectType::Guest);
  refuse_argument(ThreadSetVectorState, thread, {}, 0, ObjectType::VectorState);
  refuse_argument(GuestSetVectorState, guest, {}, 0, ObjectType::VectorState);
  ok(ThreadSetVectorState, thread, {{word(vector)}});
  want(Error::Busy, ThreadSetVectorState, fresh, {{word(vector)}});
  want(Error::Busy, GuestSetVectorState, guest, {{word(vector)}});
  CapabilitySlot another = make(round.region, ObjectType::VectorState);
  ok(GuestSetVectorState, guest, {{word(another)}});
  want(Error::BadFrame, VectorStateSave, vector, {{word(shared.foreign_frame)}});
  want(Error::BadFrame, VectorStateLoad, vector, {{word(shared.foreign_frame)}});
  want(Error::WrongType, VectorStateSave, vector, {{word(round.good.frame[u32(ObjectType::Thread)])}});
  want(Error::WrongType, VectorStateLoad, vector, {{word(round.good.frame[u32(ObjectType::Thread)])}});
  ok(VectorStateSave, vector, {{word(round.good.data)}});
  ok(VectorStateLoad, vector, {{word(round.good.data)}});
  refuse_argument(VectorStateCopy, vector, {}, 0, ObjectType::VectorState);
  ok(VectorStateCopy, vector, {{word(another)}});
}

void contexts() {
  CapabilitySlot context = good(ObjectType::SchedulingContext), fresh = make(round.region, ObjectType::SchedulingContext);
  CapabilitySlot thread = good(ObjectType::Thread);
  want(Error::BadArgument, SchedulingContextConfigure, context, {{64, kTurn, kTurn, 0}});
  want(Error::BadArgument, SchedulingContextConfigure, context, {{1, 2 * kTurn, kTurn, 0}});
  want(Error::BadArgument, SchedulingContextConfigure, context, {{1, kTurn, kTurn, 63}});
  want(Error::Limit, SchedulingContextConfigure, context, {{kCeiling + 1, kTurn, kTurn, 0}});
  refuse_argument(SchedulingContextBind, context, {}, 0, ObjectType::Thread);
  want(Error::NotConfigured, SchedulingContextBind, fresh, {{word(thread)}});
  want(Error::Closing, SchedulingContextBind, closed(ObjectType::SchedulingContext), {{word(thread)}});
  want(Error::BadState, SchedulingContextUnbind, context);
  ok(SchedulingContextBind, context, {{word(thread)}});
  want(Error::Busy, SchedulingContextBind, context, {{word(thread)}});
  want(Error::Busy, SchedulingContextConfigure, context, {{1, kTurn, kTurn, 0}});
  ok(SchedulingContextStatus, context);
  ok(SchedulingContextUnbind, context);
}

void notifications() {
  CapabilitySlot notification = good(ObjectType::Notification), second = make(round.region, ObjectType::Notification);
  CapabilitySlot self = HostileSlot::Thread;
  ok(NotificationSignal, notification, {{5}});
  if (ok(NotificationWait, notification).words.w[0] != 5) mistake(NotificationWait, kSuccess, Error::BadState, "other bits");
  ok(NotificationPoll, notification);
  want(Error::TimedOut, NotificationWait, notification, {{1}});
  want(Error::TimedOut, NotificationWait, notification, {{ok(SystemNow, kNoSlot).words.w[0] + 20'000}});
  interrupt_self();
  want(Error::Cancelled, NotificationWait, notification);
  Helper helper = make_helper(kHelperPriority);
  run(helper, {{NotificationWait, notification}});
  want(Error::Busy, NotificationWait, notification);
  want(Error::Busy, NotificationBind, notification, {{word(self)}});
  ok(ThreadInterrupt, helper.thread);
  expect(helper, 0, Error::Cancelled);
  refuse_argument(NotificationBind, notification, {}, 0, ObjectType::Thread);
  want(Error::Closing, NotificationBind, closed(ObjectType::Notification), {{word(self)}});
  ok(NotificationBind, notification, {{word(self)}});
  want(Error::BadState, NotificationWait, notification);
  want(Error::Busy, NotificationBind, second, {{word(self)}});
  ok(NotificationBind, notification, {{0}});
}

void calls() {
  CapabilitySlot endpoint = good(ObjectType::Endpoint), self = HostileSlot::Thread;
  CapabilitySlot own = make(round.region, ObjectType::Endpoint), second = make(round.region, ObjectType::Endpoint);
  refuse_argument(EndpointBind, endpoint, {}, 0, ObjectType::Thread);
  want(Error::Closing, EndpointBind, closed(ObjectType::Endpoint), {{word(self)}});
  ok(EndpointBind, own, {{word(self)}});
  want(Error::Busy, EndpointBind, second, {{word(self)}});
  ok(EndpointStatus, own);

  // As the server of its own endpoint.
  want(Error::Deadlock, EndpointCall, own);
  want(Error::Deadlock, EndpointCallMessage, own);
  want(Error::BadState, EndpointReceive, endpoint);
  want(Error::BadState, EndpointReplyReceive, endpoint);
  want(Error::BadState, EndpointReplyMessage, endpoint);
  want(Error::BadState, EndpointSetAside, own);
  want(Error::BadState, EndpointReplyToken, endpoint);
  want(Error::BadArgument, EndpointReplyToken, own, {{0}});
  want(Error::BadArgument, EndpointReplyToken, own, {{word(round.good.data)}});
  want(Error::BadState, EndpointReplyToken, own, {{word(round.good.frame[u32(ObjectType::Thread)])}});
  want(Error::BadArgument, EndpointReplyMessage, own, {}, 100);
  want(Error::BadArgument, EndpointReplyMessage, own, {}, 6, 5);
  want(Error::BadArgument, EndpointCallMessage, endpoint, {}, 100);
  ok(EndpointReplyMessage, own);
  want(Error::TimedOut, EndpointReceive, own, {{1}});
  interrupt_self();
  want(Error::Cancelled, EndpointReceive, own);
  interrupt_self();
  want(Error::Cancelled, EndpointReplyReceive, own);
  interrupt_self();
  want(Error::Cancelled, EndpointCall, endpoint);
  interrupt_self();
  want(Error::Cancelled, EndpointCallMessage, endpoint);
  shared.buffer->deadline = 1;
  want(Error::TimedOut, EndpointCallMessage, endpoint, {}, 10);
  shared.buffer->deadline = 0;
  ok(EndpointBind, own, {{0}});

  // A helper serves: fast answers, long ones, answers by token.
  Helper server = make_helper(kHelperPriority, round.good.data);
  ok(EndpointBind, endpoint, {{word(server.thread)}});
  run(server, {{EndpointReceive, endpoint}, {EndpointReplyReceive, endpoint}, {EndpointReplyReceive, endpoint}});
  ok(EndpointCall, endpoint, {{1, 2, 3, 4, 5, 6}});
  ok(EndpointCall, endpoint, {{1, 2, 3, 4, 5, 6}});
  ok(ThreadInterrupt, server.thread);
  expect(server, 0, kSuccess);
  expect(server, 1, kSuccess);
  expect(server, 2, Error::Cancelled);
  run(server, {{EndpointReceive, endpoint}, {EndpointReplyMessage, endpoint, {}, 64}});
  if (want(kSuccess, EndpointCallMessage, endpoint, {}, 64).status.words() != 64) mistake(EndpointCallMessage, kSuccess, Error::BadMessage, "another length");
  run(server, {{EndpointReceive, endpoint}, {EndpointSetAside, endpoint}, {EndpointReplyToken, endpoint, {{0, 1, 2}}, 6, true}});
  ok(EndpointCall, endpoint);
  expect(server, 2, kSuccess);
  // Without a message buffer nothing long can be sent.
  Helper bare = make_helper(kHelperPriority);
  ok(EndpointBind, second, {{word(bare.thread)}});
  run(bare, {{EndpointReplyMessage, second, {}, 10}, {EndpointCallMessage, endpoint, {}, 10}});
  expect(bare, 0, Error::NotConfigured);
  expect(bare, 1, Error::NotConfigured);
}

/// Each of a row of servers calls the next one: the ninth call is refused.
void chains() {
  constexpr u32 kLinks = 8;
  CapabilitySlot endpoint[kLinks + 1];
  for (CapabilitySlot& slot : endpoint) slot = make(round.region, ObjectType::Endpoint);
  Helper helper[kLinks];
  for (u32 i = kLinks; i-- > 0;) {
    helper[i] = make_helper(kHelperPriority);
    ok(EndpointBind, endpoint[i], {{word(helper[i].thread)}});
    if (i != kLinks - 1) run(helper[i], {{EndpointCall, endpoint[i + 1]}});
  }
  want(Error::TooDeep, EndpointCall, endpoint[0]);
  want(Error::TooDeep, EndpointCallMessage, endpoint[0]);
}

/// More calls are set aside than one entry puts back.
void requeues() {
  CapabilitySlot endpoint = make(round.region, ObjectType::Endpoint);
  Helper server = make_helper(kHelperPriority);
  ok(EndpointBind, endpoint, {{word(server.thread)}});
  start(server, collect, word(endpoint));
  for (u32 i = 0; i < kClients; i++) {
    Helper client = make_helper(kHelperPriority);
    run(client, {{EndpointCall, endpoint}});
  }
  ok(ThreadStop, server.thread);
  for (u32 i = 0; i + 1 < kClients; i++) want(Error::Again, EndpointRequeue, endpoint);
  ok(EndpointRequeue, endpoint);
}

void guests() {
  CapabilitySlot guest = good(ObjectType::Guest), space = good(ObjectType::AddressSpace), region = round.region;
  FrameNumber page = make_frame(region, ObjectType::Data);
  refuse_argument(GuestConfigure, guest, {{0, word(page)}}, 0, ObjectType::AddressSpace);
  want(Error::BadFrame, GuestConfigure, guest, {{word(space), word(shared.foreign_frame)}});
  want(Error::Closing, GuestConfigure, closed(ObjectType::Guest), {{word(space), word(round.closed.data)}});
  want(Error::NotConfigured, GuestRun, guest);
  ok(GuestConfigure, guest, {{word(space), word(page)}});
  Outcome outcome = ok(GuestRun, guest);  // all registers are zero: it faults at address 0
  if (GuestExit(outcome.words.w[0]) != GuestExit::Fault) mistake(GuestRun, kSuccess, Error::BadState, "another reason");
  interrupt_self();
  want(Error::Cancelled, GuestRun, guest);

  // A guest that never comes back: its code is the program page of `spin`, copied into a frame of the region.
  FrameNumber code = make_frame(region, ObjectType::Data);
  constexpr u64 kWindow = 0x0000'0034'0000'0000;
  for (u64 level = 2; level-- > 0;) ok(AddressSpaceLinkTable, HostileSlot::AddressSpace, {{kWindow, word(make_frame(region, ObjectType::PageTable, level))}});
  ok(AddressSpaceMap, HostileSlot::AddressSpace, {{word(region), kWindow, word(code), 3}});
  ok(AddressSpaceMap, HostileSlot::AddressSpace, {{word(region), kWindow + kPageSize, word(page), 3}});
  *reinterpret_cast<volatile u16*>(kWindow) = 0xfeeb;  // jump to itself
  ok(AddressSpaceMap, space, {{word(region), kSetBase + 3 * kPageSize, word(code), 5}});
  auto& registers = *reinterpret_cast<volatile GuestRegisters*>(kWindow + kPageSize);
  registers.rip = kSetBase + 3 * kPageSize;
  Helper helper = make_helper(kIdlePriority);
  run(helper, {{GuestRun, guest}});
  // However slow the machine is: the helper is in there as soon as the guest cannot be configured any more.
  for (u32 i = 0; i < 10'000 && perform(GuestConfigure, guest, {{word(space), word(page)}}).error != Error::Busy; i++) {
    u64 soon = ok(SystemNow, kNoSlot).words.w[0] + 50'000;
    want(Error::TimedOut, NotificationWait, good(ObjectType::Notification), {{soon}});
  }
  want(Error::Busy, GuestRun, guest);
  want(Error::Busy, GuestConfigure, guest, {{word(space), word(page)}});
  ok(ThreadStop, helper.thread);
}

}  // namespace

void directed_threads() {
  helpers_used = 0;
  ok(SystemNull, kNoSlot);
  ok(SystemYield, kNoSlot);
  threads();
  contexts();
  notifications();
  calls();
  chains();
  requeues();
  guests();
}

}  // namespace pith::fuzz
