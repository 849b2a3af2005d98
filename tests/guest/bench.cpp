// Prices of kernel operations in counter ticks, seen from user space; under `-icount shift=0` a tick is an instruction.
#include "abi/guest.h"
#include "lib/retry.h"
#include "tests/guest/machine.h"

using namespace pith;
using namespace pith::guest_test;

namespace {

constexpr u32 kRounds = 64;
constexpr u32 kBatches = 16;
constexpr u64 kGuestProgram = 0x10000;
constexpr u64 kScratch = 0x0000'0061'0000'0000;
constexpr u64 kGuestRegisters = 0x0000'0062'0000'0000;

CapabilitySlot other_space, never;

u32 low_counter() {
  u32 low, high;
  asm volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
  return low;
}

/// Enters the kernel with whatever the word registers hold: what a minimal stub does.
inline void enter(u64 handle) {
  register u64 status asm("r10") = handle;
  asm volatile("syscall" : "+r"(status)::"rdi", "rsi", "rdx", "r8", "r9", "rax", "rcx", "r11", "memory");
}

/// The same with four words in registers.
inline void enter_with_4(u64 handle) {
  u64 w0 = 1, w1 = 2, w2 = 3;
  register u64 w3 asm("r8") = 4;
  register u64 status asm("r10") = handle;
  asm volatile("syscall" : "+r"(status), "+D"(w0), "+S"(w1), "+d"(w2), "+r"(w3)::"r9", "rax", "rcx", "r11", "memory");
}

/// The same with one word.
inline void enter_with(u64 handle, u64 word) {
  register u64 status asm("r10") = handle;
  asm volatile("syscall" : "+r"(status), "+D"(word)::"rsi", "rdx", "r8", "r9", "rax", "rcx", "r11", "memory");
}

void report(const char* name, u64 value) {
  print("row ");
  print(name);
  print(" ");
  print_number(value);
  print("\n");
}

template <class Body>
[[gnu::noinline]] u64 shortest_batch(Body body) {
  u64 best = ~u64{0};
  for (u32 batch = 0; batch < kBatches; batch++) {
    u32 begin = low_counter();
    for (u32 round = 0; round < kRounds; round++) {
      body();
      asm volatile("" ::: "memory");
    }
    u64 ticks = u32(low_counter() - begin);
    if (ticks < best) best = ticks;
  }
  return best;
}

/// Ticks of one `body`. The shortest batch is the one that no timer interrupt fell into; the price of the empty loop is taken off.
template <class Body>
u64 price(Body body) {
  u64 empty = shortest_batch([] {});
  return (shortest_batch(body) - empty + kRounds / 2) / kRounds;
}

u64 handle_of(Operation operation, CapabilitySlot slot) { return Handle::operation(u32(operation), slot).raw; }

struct Server {
  CapabilitySlot endpoint;
  Made thread;
};

u64 reply_handle, receive_handle;  ///< what the server under test enters the kernel with

[[noreturn]] void serve_short(u64 endpoint) {
  (void)ipc::receive(CapabilitySlot(u32(endpoint)), 0);
  u64 handle = reply_handle;
  while (true) enter(handle);
}

[[noreturn]] void serve_4(u64 endpoint) {
  (void)ipc::receive(CapabilitySlot(u32(endpoint)), 0);
  u64 handle = reply_handle;
  while (true) enter_with_4(handle);
}

[[noreturn]] void serve_long(u64 endpoint) {
  (void)ipc::receive(CapabilitySlot(u32(endpoint)), 0);
  u64 reply = reply_handle, receive = receive_handle;
  while (true) {
    enter(reply);
    enter_with(receive, 0);
  }
}

/// A thread in the other address space that runs `entry` with `argument`, and runs at once when its priority is above root's.
Made start(CapabilitySlot space, void (*entry)(u64), u64 argument, u32 priority, CapabilitySlot fault = kNoSlot) {
  Made made = make_thread(space, priority, fault);
  REQUIRE(kernel::Thread{made.thread}.start(reinterpret_cast<u64>(entry), made.stack_top - 8, 0, argument));
  return made;
}

Server serve(void (*entry)(u64)) {
  Server server{make(ObjectType::Endpoint), {}};
  server.thread = make_thread(other_space, 51);
  REQUIRE(kernel::Endpoint{server.endpoint}.bind(server.thread.thread));
  receive_handle = handle_of(Operation::EndpointReceive, server.endpoint);
  REQUIRE(kernel::Thread{server.thread.thread}.start(reinterpret_cast<u64>(entry), server.thread.stack_top - 8, 0, server.endpoint.raw));
  return server;
}

void stop(const Server& server) { REQUIRE(kernel::Thread{server.thread.thread}.stop()); }

void measure_calls() {
  u64 null = handle_of(Operation::SystemNull, kNoSlot);
  report("null_call", price([=] { enter(null); }));

  Server server = serve(serve_short);
  reply_handle = Handle::reply_receive(server.endpoint).raw;
  if (auto answer = ipc::call(server.endpoint, {}); !answer.ok()) fail("call", answer.error());
  u64 call = Handle::call(server.endpoint).raw;
  report("ipc_0", price([=] { enter(call); }));
  stop(server);

  server = serve(serve_4);
  reply_handle = Handle::reply_receive(server.endpoint).raw;
  call = Handle::call(server.endpoint).raw;
  enter(call);
  report("ipc_4", price([=] { enter_with_4(call); }));
  stop(server);

  for (u32 words : {10u, 64u}) {
    server = serve(serve_long);
    reply_handle = Handle::message(u32(Operation::EndpointReplyMessage), server.endpoint, words, 0).raw;
    auto answer = ipc::call_message(server.endpoint, {}, words);
    if (!answer.ok()) fail("call_message", answer.error());
    if (answer.status.words() != words) fail("length of the answer", Error(0));
    call = Handle::message(u32(Operation::EndpointCallMessage), server.endpoint, words, 0).raw;
    report(words == 10 ? "ipc_10" : "ipc_64", price([=] { enter(call); }));
    stop(server);
  }
}

volatile u32 signalled_at, signal_price = ~0u;

[[noreturn]] void take_signals(u64 notification) {
  u64 handle = handle_of(Operation::NotificationWait, CapabilitySlot(u32(notification)));
  while (true) {
    enter_with(handle, 0);
    u32 ticks = low_counter() - signalled_at;
    if (ticks < signal_price) signal_price = ticks;
  }
}

void measure_signal() {
  CapabilitySlot notification = make(ObjectType::Notification);
  Made waiter = start(other_space, take_signals, notification.raw, 51);
  u64 handle = handle_of(Operation::NotificationSignal, notification);
  u32 between = ~0u;
  for (u32 round = 0; round < kRounds; round++) {
    signalled_at = low_counter();
    enter_with(handle, 1);
  }
  for (u32 round = 0; round < kRounds; round++) {
    signalled_at = low_counter();
    u32 ticks = low_counter() - signalled_at;
    if (ticks < between) between = ticks;
  }
  report("signal", signal_price - between);
  REQUIRE(kernel::Thread{waiter.thread}.stop());
}

[[noreturn]] void handle_faults(u64 endpoint) {
  (void)ipc::receive(CapabilitySlot(u32(endpoint)), 0);
  u64 handle = Handle::reply_receive(CapabilitySlot(u32(endpoint))).raw;
  // Word 3, in r8, is the instruction pointer; the reply's word 0 is where to go on: behind the undefined instruction of two bytes.
  register u64 status asm("r10") = handle;
  while (true) {
    asm volatile("lea 2(%%r8), %%rdi\n mov %1, %%r10\n syscall" : "+r"(status) : "r"(handle) : "rdi", "rsi", "rdx", "r8", "r9", "rax", "rcx", "r11", "memory");
  }
}

volatile u64 fault_price;

[[noreturn]] void fault(u64) {
  asm volatile("ud2");
  fault_price = price([] { asm volatile("ud2" ::: "memory"); });
  while (true) (void)kernel::Notification{never}.wait(0);
}

void measure_fault() {
  CapabilitySlot endpoint = make(ObjectType::Endpoint);
  Made handler = make_thread(other_space, 52);
  REQUIRE(kernel::Endpoint{endpoint}.bind(handler.thread));
  REQUIRE(kernel::Thread{handler.thread}.start(reinterpret_cast<u64>(&handle_faults), handler.stack_top - 8, 0, endpoint.raw));
  start(RootSlot::AddressSpace, fault, 0, 51, endpoint);
  if (fault_price == 0) fail("the faulting thread did not come through", Error(0));
  report("fault", fault_price);
}

void measure_mapping() {
  map_page(kSpace, kScratch, Access::ReadWrite);  // makes the tables
  FrameNumber frame = take_frame();
  REQUIRE(kRegion.create(frame, ObjectType::Data, kNoSlot, 0, FrameNumber()));
  VirtualAddress address(kScratch + kPageSize);
  REQUIRE(kSpace.map(RootSlot::Region, address, frame, u64(Access::ReadWrite)));
  REQUIRE(kSpace.unmap(RootSlot::Region, address));
  u32 map = ~0u, unmap = ~0u, empty = ~0u;
  for (u32 round = 0; round < kRounds; round++) {
    u32 times[4];
    times[0] = low_counter();
    (void)kSpace.map(RootSlot::Region, address, frame, u64(Access::ReadWrite));
    times[1] = low_counter();
    (void)kSpace.unmap(RootSlot::Region, address);
    times[2] = low_counter();
    times[3] = low_counter();
    if (times[1] - times[0] < map) map = times[1] - times[0];
    if (times[2] - times[1] < unmap) unmap = times[2] - times[1];
    if (times[3] - times[2] < empty) empty = times[3] - times[2];
  }
  report("map", map - empty);
  report("unmap", unmap - empty);
}

/// Everything up to runnable, with a time of its own; and taking both objects apart again.
void measure_threads() {
  FrameNumber thread_frame = take_frame(), context_frame = take_frame(), buffer = take_frame();
  kernel::Thread thread{take_slot()};
  kernel::SchedulingContext context{take_slot()};
  REQUIRE(kRegion.create(buffer, ObjectType::Data, kNoSlot, 0, FrameNumber()));
  u32 create = ~0u, destroy = ~0u;
  for (u32 round = 0; round < kRounds; round++) {
    u32 begin = low_counter();
    REQUIRE(kRegion.create(thread_frame, ObjectType::Thread, thread.slot, 10, FrameNumber()));
    REQUIRE(kRegion.create(context_frame, ObjectType::SchedulingContext, context.slot, 0, FrameNumber()));
    REQUIRE(context.configure(10, 10'000'000, 10'000'000, 0));
    REQUIRE(context.bind(thread.slot));
    REQUIRE(thread.configure(other_space, RootSlot::CapabilitySpace, buffer, kNoSlot, 0, kNoSlot));
    REQUIRE(thread.start(reinterpret_cast<u64>(&fault), kScratch, 0, 0));
    u32 made = low_counter();
    REQUIRE(retry([&] { return kRegion.destroy(thread_frame); }));
    REQUIRE(retry([&] { return kRegion.destroy(context_frame); }));
    u32 gone = low_counter();
    REQUIRE(kCapabilities.remove(thread.slot));
    REQUIRE(kCapabilities.remove(context.slot));
    if (made - begin < create) create = made - begin;
    if (gone - made < destroy) destroy = gone - made;
  }
  report("thread_create", create);
  report("thread_destroy", destroy);
}

void measure_guest() {
  CapabilitySlot space = make_space();
  FrameNumber program = map_page({space}, kGuestProgram, Access::ReadExecute);
  map_frame(kSpace, kScratch + 8 * kPageSize, program, Access::ReadWrite);
  const u8 code[] = {0x0f, 0x05, 0xeb, 0xfc};  // syscall; jump back to it
  for (u32 i = 0; i < sizeof code; i++) reinterpret_cast<volatile u8*>(kScratch + 8 * kPageSize)[i] = code[i];
  FrameNumber page = map_page(kSpace, kGuestRegisters, Access::ReadWrite);
  kernel::Guest guest{make(ObjectType::Guest)};
  REQUIRE(guest.configure(space, page));
  auto& registers = *reinterpret_cast<volatile GuestRegisters*>(kGuestRegisters);
  registers.rip = kGuestProgram;
  registers.rsp = kGuestProgram;
  u64 handle = Handle::run_guest(guest.slot).raw;
  Words words{};
  Status status = invoke(handle, words);
  if (status.is_error()) fail("run_guest", Error(status.error_number()));
  if (GuestExit(words.w[0]) != GuestExit::SystemCall || registers.rip != kGuestProgram + 2) fail("the guest's system call", Error(0));
  report("run_guest", price([=] { enter(handle); }));
}

}  // namespace

void run_test() {
  other_space = clone_space();
  never = make(ObjectType::Notification);
  measure_calls();
  measure_signal();
  measure_fault();
  measure_mapping();
  measure_threads();
  measure_guest();
}
