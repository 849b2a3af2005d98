// The one place that knows errno.
#include "personality/linux/errors.h"

namespace pith::personality {

u32 errno_of(Error error) {
  if (u32(error) >= kLinuxErrors) return is_restart(error) ? 4 : u32(error) - kLinuxErrors;
  switch (error) {
    case Error::NoMemory:
      return 12;
    case Error::BadAddress:
    case Error::NotMapped:
      return 14;
    case Error::Busy:
    case Error::BadState:
      return 16;
    case Error::AlreadyExists:
    case Error::Occupied:
      return 17;
    case Error::BadArgument:
    case Error::BadMessage:
      return 22;
    case Error::NoSpace:
      return 28;
    case Error::NotFound:
      return 2;
    case Error::Denied:
    case Error::MissingRight:
      return 1;
    case Error::Again:
    case Error::WouldBlock:
      return 11;
    case Error::Cancelled:
      return 4;
    case Error::TimedOut:
      return 110;
    case Error::NotSupported:
      return 95;
    case Error::Limit:
    case Error::Exhausted:
      return 12;
    default:
      return 5;
  }
}

}  // namespace pith::personality
