// Calls that are to be answered later, as a short list in a vault.
#pragma once
#include "abi/error.h"
#include "lib/ipc/server.h"

namespace pith {

/// All zero is a valid, empty list.
template <u32 kMost>
struct TokenList {
  Token tokens[kMost];
  u32 count;

  bool is_valid() const { return count <= kMost; }
  bool is_empty() const { return count == 0; }
  /// Errors: NoSpace.
  Result<void> add(Token token) {
    if (count == kMost) return Error::NoSpace;
    tokens[count++] = token;
    return {};
  }
  /// Empties it, handing each to `answer`.
  template <class Answer>
  void take_all(Answer answer) {
    for (u32 i = 0; i < count; i++) answer(tokens[i]);
    count = 0;
  }
};

}  // namespace pith
