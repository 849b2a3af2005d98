// What the specification says of each entry of verify/entries.cpp: specified_NAME takes what entry_NAME takes.
#include "spec/events.h"
#include "spec/invariants/property.h"
#include "verify/refinement/meaning.h"

namespace pith {

extern "C" u64 answer_of_now;

namespace {

/// The caller's registers are what the kernel's way in stored of them.
void take_words(FrameNumber caller) {
  for (u32 i = 0; i < kRegisterWords; i++) spec::threads[caller].words[i] = old([=] { return at<Thread>(caller).words.w[i]; });
}

}  // namespace

extern "C" {

void specified_operation(u64 operation, FrameNumber caller, CapabilitySlot slot, u64 length) {
  take_words(caller);
  spec::state.now = answer_of_now;
  spec::system_call(caller, Handle{(length << 32) | Handle::operation(u32(operation), slot).raw});
}

#define CREATION_OF(type)                                                           \
  void specified_RegionCreate_of_##type(FrameNumber caller, CapabilitySlot slot) { \
    specified_operation(u64(Operation::RegionCreate), caller, slot, 0);             \
  }
CREATION_OF(Data)
CREATION_OF(PageTable)
CREATION_OF(Region)
CREATION_OF(AddressSpace)
CREATION_OF(CapabilitySpace)
CREATION_OF(CapabilityTable)
CREATION_OF(Thread)
CREATION_OF(SchedulingContext)
CREATION_OF(Endpoint)
CREATION_OF(Notification)
CREATION_OF(Share)
CREATION_OF(Guest)
CREATION_OF(VectorState)
CREATION_OF(others)

void specified_interrupt_raised(u32 line) { spec::interrupt_raised(line); }
void specified_interruption_received() { spec::interruption_received(); }
void specified_vector_used(FrameNumber thread) { (void)spec::use_vector_registers(thread); }

}  // extern "C"

}  // namespace pith
