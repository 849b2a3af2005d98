// What the parts of the fuzz test share: performing operations with every outcome counted, and the hostile component's surroundings.
#pragma once
#include "abi/grammar.h"
#include "tests/guest/machine.h"

namespace pith::fuzz {

/// Slots that the hostile component starts with, in its own capability space.
struct HostileSlot {
  static constexpr CapabilitySlot Region{1}, AddressSpace{2}, CapabilitySpace{3}, Thread{4}, Platform{5}, StalePlatform{6};
  static constexpr CapabilitySlot WeakRegion{7};  ///< without the right to close: for random operations
  static constexpr CapabilitySlot Notification{8};  ///< nobody else's
  static constexpr CapabilitySlot Empty{200};
  static constexpr CapabilitySlot Unlinked{300 * kSlotsPerTable};
  static constexpr CapabilitySlot FirstDynamic{kSlotsPerTable};  ///< tables 1 and 2 are for the objects of a round
  static constexpr CapabilitySlot EndDynamic{3 * kSlotsPerTable};
};

/// Priorities: root above the helpers of the hostile component, those above the component itself.
inline constexpr u32 kDriverPriority = 60, kHelperPriority = 35, kHostilePriority = 30, kIdlePriority = 5, kCeiling = 40;

/// What both sides see; it lies in the program's data, which the two address spaces share.
/// Kinds of kernel entries whose length is noted: each operation, then what traps do.
constexpr u32 kFirstTrap = grammar::kOperationCount;
inline constexpr const char* kTrapNames[] = {"trap.fault", "trap.vector", "trap.timer", "trap.cpu", "trap.line"};
constexpr u32 kEntryKinds = kFirstTrap + 5;

struct Shared {
  FrameNumber first_frame;  ///< of the hostile region's own frames
  u32 frame_count;
  FrameNumber foreign_frame;  ///< a frame of somebody else
  MessageBuffer* buffer;      ///< the hostile thread's
  u64 random_state;
  u32 rounds;
  volatile u32 round;
  volatile bool is_random;  ///< the driver may interrupt and stop the hostile thread now
  volatile bool done;
  u64 longest[kEntryKinds];  ///< kernel entry of each kind, in ticks
  volatile u64 progress;
  volatile u32 latest;  ///< operation code that somebody entered the kernel with last
  volatile u32 mistakes;
};
extern Shared shared;

struct Count {
  u32 successes;
  u32 errors[kErrorLimit];
};
extern Count counts[grammar::kOperationCount];

/// Index of an operation in the grammar.
u32 index_of(Operation operation);

struct Outcome {
  Error error;
  Status status;
  Words words;
};

/// Enters the kernel with an operation, by its fast entry where it has one, and counts what comes back. An error that the grammar does not name is a mistake.
Outcome perform(Operation operation, CapabilitySlot slot, Words words = {}, u32 length = kRegisterWords, u32 capabilities = 0);

/// Performs it and demands an outcome; anything else is a mistake.
Outcome want(Error expected, Operation operation, CapabilitySlot slot, Words words = {}, u32 length = kRegisterWords, u32 capabilities = 0);
inline Outcome ok(Operation operation, CapabilitySlot slot, Words words = {}) { return want(kSuccess, operation, slot, words); }

void mistake(Operation operation, Error expected, Error got, const char* text);

u64 random_number();
inline u64 random_below(u64 limit) { return random_number() % limit; }

/// The hostile component: rounds of valid sequences, of every error on purpose, and of random operations.
[[noreturn]] void hostile(u64);

/// One object of each kind and what is needed to use it, all owned by one region.
struct Set {
  CapabilitySlot region;
  CapabilitySlot slot[17];  ///< by ObjectType
  FrameNumber frame[17];
  FrameNumber data, table, raw;  ///< a Data frame, a leaf table that is not linked, an untyped frame
};

/// A round's objects.
struct Round {
  CapabilitySlot region;
  FrameNumber region_frame;
  FrameNumber next, end;
  CapabilitySlot next_slot;
  Set good, closed;
  CapabilitySlot closed_region;  ///< a live capability to the closed region
  CapabilitySlot weak[17], stale[17];
};
extern Round round;

/// Where sets have page tables down to a leaf, in their own address spaces.
inline constexpr u64 kSetBase = 0x0000'1200'0000'0000;

FrameNumber new_frames(u32 count = 1);
CapabilitySlot new_slot();
CapabilitySlot make(CapabilitySlot region, ObjectType type, u64 argument = 0, FrameNumber* frame = nullptr);
FrameNumber make_frame(CapabilitySlot region, ObjectType type, u64 argument = 0);

void begin_round();
void end_round();
void refuse_everywhere();
void directed_objects();
void directed_threads();
void random_operations();

}  // namespace pith::fuzz
