// Where a test's decisions come from: a generator, or the input of a fuzzer.
#pragma once
#include <random>
#include <string>
#include <vector>

#include "base/types.h"

namespace pith::spec::test {

class Source {
 public:
  virtual ~Source() = default;
  virtual u64 next() = 0;
  /// No more decisions: the run is over.
  virtual bool is_exhausted() const { return false; }

  u64 below(u64 limit) { return next() % limit; }
  bool one_in(u64 chance) { return below(chance) == 0; }
  template <class T, size_t kCount>
  T one_of(const T (&values)[kCount]) {
    return values[below(kCount)];
  }
};

class RandomSource : public Source {
 public:
  explicit RandomSource(u64 seed) : random_(seed) {}
  u64 next() override { return random_(); }

 private:
  std::mt19937_64 random_;
};

}  // namespace pith::spec::test
