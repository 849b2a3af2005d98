// Carrying queued bytes to a service.
#include "personality/linux/terminal/byte_sink.h"

#include <cstring>

#include "personality/linux/environment.h"

namespace pith::personality {

void ByteSink::flush() {
  constexpr usize kPiece = 448;
  if (busy_) return;
  busy_ = true;
  while (!bytes_.empty()) {
    std::byte piece[kPiece];
    usize length = bytes_.size() < kPiece ? bytes_.size() : kPiece;
    memcpy(piece, bytes_.data(), length);
    Result<u64> sent = u64{0};
    {
      Unlocked unlocked;
      sent = send_({piece, length});
    }
    if (sent)
      bytes_.erase(0, *sent < length ? *sent : length);
    else if (sent.error() != Error::Cancelled)
      bytes_.clear();  // the service refuses: drop rather than hang
    drained.wake_all();
  }
  busy_ = false;
}

}  // namespace pith::personality
