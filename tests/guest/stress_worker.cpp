// A worker of the stress test: its component, whose threads run on all CPUs, and what is done to them at random.
#include "tests/guest/stress.h"

using namespace pith::guest_test;

/// The program of a component's threads, copied to a page of the component: rdi is the address of its Parameters.
asm(R"(
.globl stress_program, stress_program_end
stress_program:
  mov %rdi, %rbx
  mov $1, %eax
  movq %rax, %xmm6
  movq 8(%rbx), %xmm7
  xor %r12d, %r12d
1:mov 16(%rbx), %rcx
  mov 24(%rbx), %rdx
  mov %rdx, (%rcx)
  incq 8(%rbx)
  paddq %xmm6, %xmm7
  movq %xmm7, %rax
  cmp %rax, 8(%rbx)
  je 2f
  incq 40(%rbx)
  movq 8(%rbx), %xmm7
2:inc %r12d
  test $0x3fff, %r12d
  jnz 1b
  mov 48(%rbx), %r10
  test %r10, %r10
  jz 3f
  syscall
  add $300000, %rdi
  mov 56(%rbx), %r10
  syscall
3:mov (%rbx), %r10
  test %r10, %r10
  jz 1b
  syscall
  incq 32(%rbx)
  jmp 1b
stress_program_end:
)");
extern "C" const char stress_program[], stress_program_end[];

namespace pith::stress {

namespace {

constexpr u64 kComponent = 0x0000'1100'0000'0000;  // where a component's pages are in its own space
constexpr u64 kWindows = 0x0000'1000'0000'0000;    // and, one worker behind the other, in root's
constexpr u64 kLargePage = 2 << 20;
constexpr u32 kCode = 0, kParameters = 1, kTargets = kParameters + kThreads, kPages = kTargets + kThreads;
constexpr u64 kEveryRight = 0xff;
constexpr u64 kMark = 0xbadbadbad;  // what components write

/// Slots of a component's objects, behind the worker's first.
enum Slot : u32 { RegionSlot, SpaceSlot, CapabilitiesSlot, TableSlot, EndpointSlot, ShareSlot, ThreadSlot, ContextSlot = ThreadSlot + kThreads,
                  VectorSlot = ContextSlot + kThreads, TimerSlot = VectorSlot + kThreads, SlotCount = TimerSlot + kThreads };

struct Component {
  u32 worker;
  Random random;
  FrameNumber region, first;  ///< frames: the region's own, and kFrames that it is given
  u32 used;
  CapabilitySlot slots;
  CapabilitySlot timer;
  FrameNumber page[kPages];

  CapabilitySlot slot(u32 which) const { return CapabilitySlot(slots.raw + which); }
  u64 window(u32 which) const { return kWindows + worker * kLargePage + which * kPageSize; }
  volatile u64* words(u32 which) const { return reinterpret_cast<volatile u64*>(window(which)); }
  Parameters& parameters(u32 thread) const { return *reinterpret_cast<Parameters*>(window(kParameters + thread)); }
  u64 address(u32 which) const { return kComponent + which * kPageSize; }
};
Component components[kWorkers];

FrameNumber create(Component& own, ObjectType type, CapabilitySlot slot, u64 argument = 0, FrameNumber second = FrameNumber()) {
  FrameNumber frame(own.first.raw + own.used++);
  kernel::Region region{own.slot(RegionSlot)};
  EXPECT_OK(own.worker, insist(own.timer, [&] { return region.create(frame, type, slot, argument, second); }));
  return frame;
}

void map_page(Component& own, u32 which) {
  kernel::AddressSpace space{own.slot(SpaceSlot)};
  Access access = which == kCode ? Access::ReadExecute : Access::ReadWrite;
  EXPECT_OK(own.worker, space.map(own.slot(RegionSlot), VirtualAddress(own.address(which)), own.page[which], u64(access)));
}

void map_window(Component& own, u32 which) {
  EXPECT_OK(own.worker, kSpace.map(own.slot(RegionSlot), VirtualAddress(own.window(which)), own.page[which], u64(Access::ReadWrite)));
}

void build_memory(Component& own) {
  FrameNumber top = create(own, ObjectType::PageTable, kNoSlot, kTopLevel);
  create(own, ObjectType::AddressSpace, own.slot(SpaceSlot), 0, top);
  kernel::AddressSpace space{own.slot(SpaceSlot)};
  for (u64 level = kTopLevel; level-- > 0;)
    EXPECT_OK(own.worker, space.link_table(VirtualAddress(kComponent), create(own, ObjectType::PageTable, kNoSlot, level)));
  EXPECT_OK(own.worker, kSpace.link_table(VirtualAddress(own.window(0)), create(own, ObjectType::PageTable, kNoSlot, 0)));
  for (u32 i = 0; i < kPages; i++) {
    own.page[i] = create(own, ObjectType::Data, kNoSlot);
    map_window(own, i);
    map_page(own, i);
  }
  volatile char* code = reinterpret_cast<volatile char*>(own.window(kCode));
  for (u64 i = 0; stress_program + i < stress_program_end; i++) code[i] = stress_program[i];
}

/// Threads: 0 only computes, 1 calls the worker's own endpoint or a server, 2 serves that endpoint.
void build_threads(Component& own) {
  constexpr CapabilitySlot kOwnEndpoint{1}, kServer{2}, kTimer{3};
  create(own, ObjectType::CapabilitySpace, own.slot(CapabilitiesSlot));
  create(own, ObjectType::CapabilityTable, own.slot(TableSlot));
  create(own, ObjectType::Endpoint, own.slot(EndpointSlot));
  kernel::CapabilitySpace capabilities{own.slot(CapabilitiesSlot)};
  EXPECT_OK(own.worker, capabilities.link(0, own.slot(TableSlot)));
  EXPECT_OK(own.worker, capabilities.install(kOwnEndpoint, own.slot(EndpointSlot), kEveryRight, 0));
  EXPECT_OK(own.worker, capabilities.install(kServer, partners[own.random.below(kWorkers)].endpoint, kEveryRight, 0));
  u64 handles[kThreads] = {0, Handle::call(own.random.below(2) != 0 ? kOwnEndpoint : kServer).raw, Handle::reply_receive(kOwnEndpoint).raw};
  for (u32 i = 0; i < kThreads; i++) {
    Parameters& parameters = own.parameters(i);
    parameters.handle = handles[i];
    parameters.clock = Handle::operation(u32(Operation::SystemNow), kNoSlot).raw;
    parameters.pause = Handle::operation(u32(Operation::NotificationWait), CapabilitySlot(kTimer.raw + i)).raw;
    create(own, ObjectType::Notification, own.slot(TimerSlot + i));
    EXPECT_OK(own.worker, capabilities.install(CapabilitySlot(kTimer.raw + i), own.slot(TimerSlot + i), kEveryRight, 0));
    parameters.target = own.address(kTargets + i);
    parameters.value = kMark;
    create(own, ObjectType::Thread, own.slot(ThreadSlot + i), kComponentPriority);
    create(own, ObjectType::SchedulingContext, own.slot(ContextSlot + i));
    create(own, ObjectType::VectorState, own.slot(VectorSlot + i));
    kernel::Thread thread{own.slot(ThreadSlot + i)};
    EXPECT_OK(own.worker, thread.configure(own.slot(SpaceSlot), own.slot(CapabilitiesSlot), FrameNumber(), kNoSlot, 0, kNoSlot));
    EXPECT_OK(own.worker, thread.set_vector_state(own.slot(VectorSlot + i)));
    if (i == 2) EXPECT_OK(own.worker, kernel::Endpoint{own.slot(EndpointSlot)}.bind(own.slot(ThreadSlot + i)));
    if (!move(own.slot(ContextSlot + i), own.slot(ThreadSlot + i), kComponentPriority, own.random.below(cpus)))
      mistake(own.worker, "time cannot be given", i);
    EXPECT_OK(own.worker, thread.start(own.address(kCode), 0, 0, own.address(kParameters + i)));
  }
}

void build(Component& own) {
  own.used = 0;
  EXPECT_OK(own.worker, insist(own.timer, [&] { return kRegion.create(own.region, ObjectType::Region, own.slot(RegionSlot), kWorkerPriority, FrameNumber()); }));
  for (u32 i = 0; i < kFrames; i += 16) EXPECT_OK(own.worker, kRegion.give(own.slot(RegionSlot), FrameNumber(own.first.raw + i), 16));
  build_memory(own);
  build_threads(own);
  count(Kind::Build);
}

/// Closes the component while its threads run on all CPUs and takes every frame back.
void reclaim(Component& own) {
  for (u32 i = 0; i < kThreads; i++) {
    if (own.parameters(i).mismatches != 0) mistake(own.worker, "vector registers changed, rounds", own.parameters(i).mismatches);
  }
  EXPECT_OK(own.worker, kernel::Region{own.slot(RegionSlot)}.close());
  for (bool again = true; again;) {
    again = false;
    for (u32 done = 0; done < kFrames;) {
      auto step = EXPECT_OK(own.worker, kRegion.reclaim(FrameNumber(own.first.raw + done), kFrames - done));
      if (step.done == 0 && step.state == 1 && own.random.below(4) == 0) sleep(own.timer, 50'000);
      again = again || step.state == 2;
      done += u32(step.done);
    }
  }
  EXPECT_OK(own.worker, insist(own.timer, [&] { return kRegion.destroy(own.region); }));
  for (u32 i = 0; i < SlotCount; i++) EXPECT_OK(own.worker, kCapabilities.remove(own.slot(i)));
  for (u32 i = 0; i < kFrames; i++) {
    auto frame = EXPECT_OK(own.worker, kRegion.inspect(FrameNumber(own.first.raw + i)));
    if (frame.type != u64(ObjectType::Untyped) || frame.uses != 0) mistake(own.worker, "a frame is not free after reclaim: type", frame.type);
  }
  count(Kind::Reclaim);
}

void linger(u32 rounds) {
  for (u32 i = 0; i < rounds; i++) asm volatile("pause" ::: "memory");
}

/// A thread that has been stopped does nothing more.
void stop(Component& own, u32 which) {
  EXPECT_OK(own.worker, insist(own.timer, [&] { return kernel::Thread{own.slot(ThreadSlot + which)}.stop(); }));
  volatile u64& loops = own.parameters(which).loops;
  u64 before = loops;
  linger(u32(own.random.below(3000)));
  if (loops != before) mistake(own.worker, "a stopped thread went on, rounds", loops - before);
  count(Kind::Stop);
}

void resume(Component& own, u32 which) {
  if (kernel::Thread{own.slot(ThreadSlot + which)}.resume()) count(Kind::Resume);
}

/// The page that a thread keeps writing to becomes another page: nobody may write to it any more.
void reuse(Component& own, u32 which) {
  u32 page = kTargets + which;
  kernel::Region region{own.slot(RegionSlot)};
  // It is in the middle of its work, on another CPU, and does not rest: that CPU remembers the page.
  volatile Parameters& parameters = own.parameters(which);
  u64 clock = parameters.clock;
  parameters.clock = 0;
  resume(own, which);
  u64 before = parameters.loops;
  for (u32 i = 0; i < (which == 0 ? 100u : 5u) && parameters.loops == before; i++) sleep(own.timer, 50'000);
  EXPECT_OK(own.worker, kernel::AddressSpace{own.slot(SpaceSlot)}.unmap(own.slot(RegionSlot), VirtualAddress(own.address(page))));
  EXPECT_OK(own.worker, kSpace.unmap(own.slot(RegionSlot), VirtualAddress(own.window(page))));
  EXPECT_OK(own.worker, insist(own.timer, [&] { return region.destroy(own.page[page]); }));
  EXPECT_OK(own.worker, insist(own.timer, [&] { return region.create(own.page[page], ObjectType::Data, kNoSlot, 0, FrameNumber()); }));
  map_window(own, page);
  linger(u32(own.random.below(10'000)));
  if (own.words(page)[0] != 0) mistake(own.worker, "a frame was written to after it had changed hands", own.words(page)[0]);
  map_page(own, page);
  parameters.clock = clock;
  resume(own, which);
  count(Kind::Reuse);
}

/// Memory of the component is lent to root's space and taken back.
void share(Component& own) {
  u64 window = kWindows + (kWorkers + own.worker) * kLargePage;
  FrameNumber frame = create(own, ObjectType::Share, own.slot(ShareSlot));
  kernel::Share shared{own.slot(ShareSlot)};
  EXPECT_OK(own.worker, shared.map(5, own.page[kParameters], u64(Access::Read)));
  EXPECT_OK(own.worker, kSpace.link_share(VirtualAddress(window), own.slot(ShareSlot)));
  if (reinterpret_cast<volatile Parameters*>(window + 5 * kPageSize)->value != kMark) mistake(own.worker, "a share shows something else", 0);
  count(Kind::Share);
  EXPECT_OK(own.worker, shared.revoke());
  count(Kind::Revoke);
  EXPECT_OK(own.worker, insist(own.timer, [&] { return kernel::Region{own.slot(RegionSlot)}.destroy(frame); }));
  EXPECT_OK(own.worker, kCapabilities.remove(own.slot(ShareSlot)));
  own.used--;
}

/// A server is stopped in the middle of whatever it does, its calls go back, and it starts anew.
void restart(Component& own) {
  Partners& pair = partners[own.worker];
  EXPECT_OK(own.worker, insist(own.timer, [&] { return kernel::Thread{pair.server.thread}.stop(); }));
  u64 before = pair.beats;
  linger(u32(own.random.below(3000)));
  if (pair.beats != before) mistake(own.worker, "a stopped server went on, beats", pair.beats - before);
  EXPECT_OK(own.worker, insist(own.timer, [&] { return kernel::Endpoint{pair.endpoint}.requeue(); }));
  EXPECT_OK(own.worker, kernel::Thread{pair.server.thread}.start(reinterpret_cast<u64>(&serve), pair.server.stack_top - 8, 0, own.worker));
  count(Kind::Restart);
}

void rebind(Component& own) {
  Partners& pair = partners[own.worker];
  EXPECT_OK(own.worker, kernel::Endpoint{pair.endpoint}.bind(kNoSlot));
  linger(u32(own.random.below(300)));
  EXPECT_OK(own.worker, kernel::Endpoint{pair.endpoint}.bind(pair.server.thread));
  count(Kind::Rebind);
}

void migrate(Component& own) {
  u32 which = u32(own.random.below(kThreads + 2));
  Partners& pair = partners[own.worker];
  bool moved = which < kThreads    ? move(own.slot(ContextSlot + which), own.slot(ThreadSlot + which), kComponentPriority, own.random.below(cpus))
               : which == kThreads ? move(pair.server.context, pair.server.thread, kServerPriority, own.random.below(cpus))
                                   : move(pair.client.context, pair.client.thread, kClientPriority, own.random.below(cpus));
  if (!moved) mistake(own.worker, "time cannot be given to a thread", which);
  count(Kind::Migrate);
}

void act(Component& own) {
  u32 which = u32(own.random.below(kThreads));
  switch (own.random.below(15)) {
    case 0: return stop(own, which);
    case 1:
    case 2: return resume(own, which);
    case 3:
    case 4:
    case 5: return migrate(own);
    case 6:
    case 7: return reuse(own, which);
    case 8: return share(own);
    case 9:
      EXPECT_OK(own.worker, kernel::Notification{partners[own.random.below(kWorkers)].notification}.signal(1));
      return count(Kind::Signal);
    case 10:
      EXPECT_OK(own.worker, kernel::Thread{partners[own.random.below(kWorkers)].client.thread}.interrupt());
      return count(Kind::Cancel);
    case 11:
      EXPECT_OK(own.worker, insist(own.timer, [&] { return kernel::AddressSpace{own.slot(SpaceSlot)}.flush(); }));
      return count(Kind::Flush);
    case 12: return restart(own);
    case 13: return rebind(own);
    default:
      reclaim(own);
      return build(own);
  }
}

}  // namespace

void prepare_worker(u32 worker, u64 seed) {
  Component& own = components[worker];
  own.worker = worker;
  own.random.state = seed * 1'000'003 + worker + 1;
  own.region = take_frame();
  own.first = take_frame();
  for (u32 i = 1; i < kFrames; i++) {
    FrameNumber next = take_frame();
    if (next.raw != own.first.raw + i) fail("frames are not in a row", Error::BadFrame);
  }
  own.timer = guest_test::make(ObjectType::Notification);
  own.slots = take_slot();
  for (u32 i = 1; i < SlotCount; i++) {
    CapabilitySlot next = take_slot();
    if (next.raw != own.slots.raw + i) own.slots = next, i = 0;  // a table's end: from here on in a row
  }
  if (worker == 0) {
    for (u64 level = kTopLevel; level-- > 1;) {
      FrameNumber table = take_frame();
      REQUIRE(kRegion.create(table, ObjectType::PageTable, kNoSlot, level, FrameNumber()));
      auto linked = kSpace.link_table(VirtualAddress(kWindows), table);
      if (!linked && linked.error() != Error::Occupied) fail("link_table", linked.error());
    }
  }
}

void work(u64 worker) {
  Component& own = components[worker];
  build(own);
  while (!is_over) {
    act(own);
    sleep(own.timer, 1000 * own.random.below(300) + 1);
  }
  reclaim(own);
  partners[worker].has_ended = true;
  while (true) sleep(own.timer, 0);
}

void check_worker(u32 worker) {
  const Component& own = components[worker];
  if (REQUIRE(kRegion.inspect(own.region)).type != u64(ObjectType::Untyped)) fail("a region was left", Error::FrameInUse);
  for (u32 i = 0; i < kFrames; i++) {
    if (REQUIRE(kRegion.inspect(FrameNumber(own.first.raw + i))).type != u64(ObjectType::Untyped)) fail("a frame was left", Error::FrameInUse);
  }
}

}  // namespace pith::stress
