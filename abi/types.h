// The strong types that kernel and user space share.
#pragma once
#include "base/strong.h"

namespace pith {

/// Physical address divided by 4096; 0 names nothing.
using FrameNumber = Strong<struct FrameNumberTag, u32>;
/// table * 256 + index, tables 0…511; table 0 slot 0 is never used.
using CapabilitySlot = Strong<struct CapabilitySlotTag, u32>;
/// An address in the user half.
using VirtualAddress = Strong<struct VirtualAddressTag, u64>;
/// Who calls: chosen by whoever handed out the capability.
using Badge = Strong<struct BadgeTag, u32>;

inline constexpr CapabilitySlot kNoSlot{0};
inline constexpr u32 kSlotsPerTable = 256;
inline constexpr u32 kTablesPerSpace = 512;
inline constexpr u32 kPriorities = 64;

/// What a frame is.
enum class ObjectType : u32 {
  Untyped = 0,
  Data = 1,
  PageTable = 2,
  Region = 3,
  AddressSpace = 4,
  CapabilitySpace = 5,
  CapabilityTable = 6,
  Thread = 7,
  SchedulingContext = 8,
  Endpoint = 9,
  Notification = 10,
  Share = 11,
  Interrupt = 12,
  IoPorts = 13,
  Guest = 14,
  VectorState = 15,
  Platform = 16,
  Reserved = 30,  ///< kernel image, device memory, holes: never handed out
};

/// Interrupt lines from this one on are messages (MSI, MSI-X): no wire, but a word that the device writes to an address of a CPU.
inline constexpr u32 kFirstMessageLine = 64, kMessageLines = 64;
constexpr bool is_message_line(u64 line) { return line >= kFirstMessageLine && line < kFirstMessageLine + kMessageLines; }

/// Access of a mapping.
enum class Access : u32 { Read = 1, ReadWrite = 3, ReadExecute = 5 };

/// What a thread is doing.
enum class ThreadState : u32 {
  Inactive = 0,         ///< never started, or stopped
  Ready = 1,            ///< runs as soon as it is picked
  Calling = 2,          ///< waits in an endpoint's queue
  WaitingForReply = 3,  ///< its call is being handled
  Receiving = 4,        ///< waits for a call
  Waiting = 5,          ///< waits for a notification
  SetAside = 6,         ///< its call was set aside by the server
};

/// The bit of a rights mask that lets a capability be handed on and badged; the other bits are each object's own.
inline constexpr u32 kRightGrant = 0x80;
inline constexpr u32 kAllRights = 0xff;

}  // namespace pith
