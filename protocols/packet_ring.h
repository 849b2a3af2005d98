// What a network driver and the stack share: frames of Ethernet in slots of the stack's memory, which the device reads and fills itself.
#pragma once
#include "base/types.h"

namespace pith::packet {

inline constexpr u32 kSlots = 128;
/// Of a slot: room for a frame without checksum, behind room for the device's own header.
inline constexpr u32 kSlotBytes = 2048;
inline constexpr u32 kHeaderBytes = 64;
inline constexpr u32 kMostBytes = 1514;

/// One direction. `filled` and `taken` count slots since the beginning; slot number N is N % kSlots. Each index is stored with release order
/// by its one writer; the other side reads it once and checks that filled - taken is at most kSlots.
struct Queue {
  u64 filled;  ///< slots that hold a frame: stored by the sender (received frames: by the driver)
  u64 taken;   ///< slots whose frame has been taken: stored by the receiver (sent frames: by the driver, when the device has read them)
  u64 reserved[6];
  u32 length[kSlots];  ///< of the frame
};

/// At the beginning of a [[memory]] of the stack's that only it and the driver share; slots follow from the next page boundary on: those of
/// `received`, then those of `sent`. A frame begins at kHeaderBytes of its slot.
struct Ring {
  static constexpr u64 kMagic = 0x474e4952'54454b43;  // "CKETRING"

  u64 magic;       ///< kMagic: the stack has set the queues up and takes part
  u64 is_present;  ///< 1: the driver has told what follows; 2: there is no such device
  u8 address[8];   ///< the card's, 6 bytes
  u64 has_link;
  u64 reserved[4];
  Queue received, sent;
};

inline constexpr u64 kSlotsOffset = (sizeof(Ring) + kPageSize - 1) / kPageSize * kPageSize;
inline constexpr u64 kRingBytes = kSlotsOffset + u64{2} * kSlots * kSlotBytes;
constexpr u64 received_slot(u64 number) { return kSlotsOffset + number % kSlots * kSlotBytes; }
constexpr u64 sent_slot(u64 number) { return kSlotsOffset + (kSlots + number % kSlots) * kSlotBytes; }

}  // namespace pith::packet
