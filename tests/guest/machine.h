// What a program that runs in root's place needs: printing, frames, slots, and objects made from them.
#pragma once
#include <span>

#include "abi/boot_information.h"
#include "lib/ipc/ipc.h"

namespace pith::guest_test {

/// Prints on the diagnostic port.
void print(const char* text);
void print_number(u64 value);
/// Ends the machine; `./pith` exits with `status`.
[[noreturn]] void finish(u32 status);
/// Prints what failed and ends with status 1.
[[noreturn]] void fail(const char* what, Error error);

#define REQUIRE(expression)                                                                  \
  ({                                                                                         \
    auto result_of_require = (expression);                                                   \
    if (!result_of_require) ::pith::guest_test::fail(#expression, result_of_require.error()); \
    *result_of_require;                                                                      \
  })

/// Of page tables.
inline constexpr u64 kTopLevel = 3;

inline constexpr kernel::Region kRegion{RootSlot::Region};
inline constexpr kernel::AddressSpace kSpace{RootSlot::AddressSpace};
inline constexpr kernel::CapabilitySpace kCapabilities{RootSlot::CapabilitySpace};
inline constexpr kernel::Platform kPlatform{RootSlot::Platform};

/// Reads the boot information; to be called once, first.
void begin(const BootInformation& information);
const BootInformation& information();

/// The next untyped frame of root's region, never handed out before.
FrameNumber take_frame();
/// The next free slot of table 0 or one linked by it.
CapabilitySlot take_slot();

/// Makes an object; `frame` receives its frame where it is not null.
CapabilitySlot make(ObjectType type, u64 argument = 0, FrameNumber* frame = nullptr);
CapabilitySlot make_space();
/// A Data frame mapped at `address` of `space`, with tables made on the way.
FrameNumber map_page(kernel::AddressSpace space, u64 address, Access access);
/// Maps an existing Data frame of root's region.
void map_frame(kernel::AddressSpace space, u64 address, FrameNumber frame, Access access);

/// A thread with its own time in `space`, not started. Its capability space is root's own.
struct Made {
  CapabilitySlot thread, context;
  FrameNumber frame;
  u64 stack_top, buffer;  ///< addresses in its space
};
Made make_thread(CapabilitySlot space, u32 priority, CapabilitySlot fault = kNoSlot);

/// A copy of this program in another address space: its segments, and room for stacks.
CapabilitySlot clone_space();

inline u64 counter() {
  u32 low, high;
  asm volatile("lfence; rdtsc" : "=a"(low), "=d"(high));
  return u64{high} << 32 | low;
}

}  // namespace pith::guest_test

/// The program.
void run_test();
