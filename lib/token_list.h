// Calls that were set aside, as a short list.
#pragma once
#include "abi/error.h"
#include "lib/ipc/server.h"

namespace pith {

/// Lives in the instance's own memory: after a crash the kernel delivers the calls again.
template <u32 kMost>
class TokenList {
 public:
  /// Errors: NoSpace.
  Result<void> add(Token token) {
    if (count_ == kMost) return Error::NoSpace;
    tokens_[count_++] = token;
    return {};
  }
  bool is_empty() const { return count_ == 0; }
  /// Empties it, handing each to `answer`.
  template <class Answer>
  void take_all(Answer answer) {
    u32 count = count_;
    count_ = 0;
    for (u32 i = 0; i < count; i++) answer(tokens_[i]);
  }

 private:
  Token tokens_[kMost];
  u32 count_ = 0;
};

}  // namespace pith
