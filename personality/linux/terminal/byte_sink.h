// Output to a service: a queue of bytes that whoever writes also carries out, without holding the lock during the service's calls.
#pragma once
#include <functional>
#include <span>
#include <string>

#include "base/result.h"
#include "personality/linux/process/task.h"
#include "personality/linux/process/wait_list.h"

namespace pith::personality {

/// Bytes on their way to a service. Guarded by the environment's lock.
class ByteSink {
 public:
  using Send = std::function<Result<u64>(std::span<const std::byte>)>;
  explicit ByteSink(Send send) : send_(std::move(send)) {}

  /// Whether more may be added; else wait on `drained`.
  bool has_room() const { return bytes_.size() < kEnough; }
  void add(std::string_view text) { bytes_ += text; }
  /// Carries out what is queued unless somebody else is at it. Lets the lock go meanwhile.
  void flush();
  WaitList drained;

 private:
  static constexpr usize kEnough = 8192;
  Send send_;
  std::string bytes_;
  bool busy_ = false;
};

}  // namespace pith::personality
