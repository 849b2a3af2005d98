// What a client that knows the right answers has found, as lines for tools/torture.
#pragma once
#include <string_view>

#include "base/types.h"

namespace pith::torture {

/// How an answer is wrong.
enum class Finding : u32 {
  Lost,     ///< an operation was answered and is not done
  Doubled,  ///< one is done twice
  Wrong,    ///< anything else
};

/// Counts, and logs the first hundred findings: `check: SERVICE lost|doubled|wrong: TEXT`.
class Findings {
 public:
  /// `client`: who looks. `often`: after how many operations it says how far it has come.
  explicit Findings(const char* client, u64 often = 500) : client_(client), often_(often) {}

  void add(const char* service, Finding finding, const char* text);
  /// One operation more. From time to time logs `check: CLIENT operations=N lost=N doubled=N wrong=N`.
  void count_operation();
  void log_counts() const;

  u64 operations() const { return operations_; }
  u64 total() const { return counts_[0] + counts_[1] + counts_[2]; }

 private:
  const char* client_;
  u64 often_, operations_ = 0;
  u64 counts_[3] = {};
};

}  // namespace pith::torture
