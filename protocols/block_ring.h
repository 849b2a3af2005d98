// What a block device's client and driver share: requests in memory of the client's, done in any order.
#pragma once
#include "base/types.h"

namespace pith::block {

/// How far a request has come. Only the client turns Free into Submitted and Done into Free, only the driver turns Submitted into Done; each
/// stores it last, with release order.
enum class State : u32 { Free = 0, Submitted = 1, Done = 2 };

enum class Operation : u32 {
  Read = 1,
  Write = 2,
  Flush = 3,    ///< answers when all writes that were Done before it was submitted are on the medium
  Discard = 4,  ///< the sectors' contents do not matter any more
};

enum class Outcome : u32 {
  Good = 0,
  Failed = 1,        ///< the device says that it could not
  OutOfRange = 2,    ///< sectors that the device does not have
  Malformed = 3,     ///< a length that is no multiple of the sector size, memory that one of both does not share
  ReadOnly = 4,
  NotSupported = 5,
  Gone = 6,          ///< there is no device, or not any more
};

inline constexpr u32 kSectorSize = 512;
inline constexpr u32 kMostRequests = 62;
/// Bytes of one request.
inline constexpr u32 kMostBytes = 1024 * 1024;

struct Request {
  State state;
  Operation operation;
  Outcome outcome;     ///< valid when Done
  u32 length;          ///< bytes
  u64 sector;          ///< first one, in units of 512 bytes
  u32 memory;          ///< number of a [[memory]] that both client and driver are parties of
  u32 force_unit_access;  ///< 1: a write is Done when it is on the medium
  u64 offset;          ///< of the bytes in it; a multiple of 512
  u64 cookie;          ///< the client's
  u64 reserved[2];
};
static_assert(sizeof(Request) == 64);

/// At the beginning of a [[memory]] of the client's that only it and the driver share.
struct Ring {
  static constexpr u64 kMagic = 0x474e4952'4b434f4c;  // "LOCKRING"

  u64 magic;         ///< kMagic: the client has cleared the requests and takes part
  u64 is_present;    ///< 1: the driver has told what follows; 2: there is no such device
  u64 sectors;       ///< of 512 bytes
  u64 is_read_only, can_flush, can_discard;
  u64 reserved[10];
  Request requests[kMostRequests];
};
static_assert(sizeof(Ring) <= kPageSize);

}  // namespace pith::block
