// lwIP's errors as ours, and those that clients see in a socket.
#pragma once
#include "abi/error.h"
#include "base/result.h"
#include "lwip/err.h"

namespace pith::network {

// As Linux numbers them, in SocketState::error.
inline constexpr u64 kConnectionRefused = 111, kTimedOut = 110, kConnectionReset = 104, kNoRoute = 113, kNoNetwork = 101, kTooLong = 90, kNotPermitted = 1;

inline Result<void> result_of(err_t error) {
  switch (error) {
    case ERR_OK:
    case ERR_INPROGRESS:
      return {};
    case ERR_MEM:
    case ERR_BUF:
      return Error::NoMemory;
    case ERR_USE:
      return Error::Occupied;
    case ERR_RTE:
      return Error::BadAddress;
    case ERR_VAL:
    case ERR_ARG:
      return Error::BadArgument;
    default:
      return Error::BadState;
  }
}

}  // namespace pith::network
