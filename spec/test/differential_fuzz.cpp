// libFuzzer decides the steps that kernel and specification take; a difference, a broken invariant or a sanitizer's complaint ends it.
#include <cstdio>
#include <cstdlib>

#include "spec/test/driver.h"

namespace pith::spec::test {
namespace {

constexpr u32 kFrames = 190;

/// The system is built from a seed, the first byte; then two bytes are a decision.
class Input : public Source {
 public:
  Input(const u8* data, size_t size) : data_(data), size_(size), random_(size != 0 ? data[0] : 0) {}
  void begin_steps() { at_ = 1; }
  bool is_exhausted() const override { return at_ != 0 && at_ + 1 >= size_; }
  u64 next() override {
    if (at_ == 0) return random_.next();
    if (is_exhausted()) return 0;
    at_ += 2;
    return u64{data_[at_ - 2]} | u64{data_[at_ - 1]} << 8;
  }

 private:
  const u8* data_;
  size_t size_, at_ = 0;
  RandomSource random_;
};

}  // namespace
}  // namespace pith::spec::test

extern "C" int LLVMFuzzerTestOneInput(const u8* data, size_t size) {
  using namespace pith::spec::test;
  Input input(data, size);
  Driver driver(input, kFrames);
  input.begin_steps();
  for (u32 step = 0; !input.is_exhausted(); step++) {
    std::string found = driver.step();
    if (found.empty()) continue;
    std::fprintf(stderr, "DIFFERENCE in step %u: %s\n", step, found.c_str());
    std::abort();
  }
  return 0;
}
