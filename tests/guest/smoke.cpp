// The smallest proof that the kernel works: objects, a second address space, a call and its answer, a fault and its answer.
#include "tests/guest/machine.h"

using namespace pith;
using namespace pith::guest_test;

namespace {

CapabilitySlot endpoint, fault_endpoint, never;

[[noreturn]] void serve(u64) {
  auto message = ipc::receive(endpoint, 0);
  while (true) {
    Words words = message.words;
    for (u64& word : words.w) word += 1;
    message = ipc::reply_receive(endpoint, words);
  }
}

[[noreturn]] void handle_faults(u64) {
  auto message = ipc::receive(fault_endpoint, 0);
  while (true) {
    print("fault kind ");
    print_number(message.words.w[FaultMessage::Kind]);
    print("\n");
    Words words{};
    words.w[0] = message.words.w[FaultMessage::Instruction] + 2;  // behind ud2
    message = ipc::reply_receive(fault_endpoint, words);
  }
}

volatile bool faulted;

[[noreturn]] void fault(u64) {
  asm volatile("ud2");
  faulted = true;
  while (true) (void)kernel::Notification{never}.wait(0);
}

/// Neither the empty table in frame 0 nor any frame between the kernel's image and the end of what root was given becomes a device share:
/// the kernel's image and tables lie there.
void keep_out_of_kernel_memory() {
  FrameNumber frame = take_frame();
  CapabilitySlot slot = take_slot();
  u32 tried = 0;
  auto refuse = [&](u32 number) {
    auto made = kPlatform.create_device_share(RootSlot::Region, frame, u64{number} * kPageSize, 1, slot);
    if (made || made.error() != Error::BadArgument) fail("the kernel's memory as device memory", Error(number));
    tried++;
  };
  refuse(0);
  u32 next = 0x100;
  for (u32 i = 0; i < information().range_count; i++) {
    const FrameRange& range = information().untyped[i];
    if (range.first < next) continue;
    for (u32 number = next; number < range.first; number++) refuse(number);
    next = range.first + range.count;
  }
  if (tried < 1000) fail("too few frames that are not root's", Error(tried));
}

}  // namespace

void run_test() {
  print("hello from root\n");
  keep_out_of_kernel_memory();
  CapabilitySlot space = clone_space();
  endpoint = make(ObjectType::Endpoint);
  never = make(ObjectType::Notification);
  Made server = make_thread(space, 51);
  REQUIRE(kernel::Endpoint{endpoint}.bind(server.thread));
  REQUIRE(kernel::Thread{server.thread}.start(reinterpret_cast<u64>(&serve), server.stack_top - 8, 0, 0));
  for (u32 round = 0; round < 3; round++) {
    auto answer = ipc::call(endpoint, {{1, 2, 3, 4, 5, 6}});
    if (!answer.ok()) fail("call", answer.error());
    for (u64 i = 0; i < 6; i++) {
      if (answer.words.w[i] != i + 2) fail("answer", Error(0));
    }
  }
  print("call answered\n");
  fault_endpoint = make(ObjectType::Endpoint);
  Made handler = make_thread(space, 52);
  REQUIRE(kernel::Endpoint{fault_endpoint}.bind(handler.thread));
  REQUIRE(kernel::Thread{handler.thread}.start(reinterpret_cast<u64>(&handle_faults), handler.stack_top - 8, 0, 0));
  Made faulter = make_thread(space, 51, fault_endpoint);
  REQUIRE(kernel::Thread{faulter.thread}.start(reinterpret_cast<u64>(&fault), faulter.stack_top - 8, 0, 0));
  if (!faulted) fail("fault answered", Error(0));
  CapabilitySlot notification = make(ObjectType::Notification);
  u64 before = REQUIRE(kernel::System::now());
  auto waited = kernel::Notification{notification}.wait(before + 5'000'000);
  if (waited || waited.error() != Error::TimedOut) fail("wait", waited.error());
  print("waited ");
  print_number(REQUIRE(kernel::System::now()) - before);
  print(" ns\nsmoke passed\n");
}
