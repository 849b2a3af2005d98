// The kernel and its specification take the same random steps and must agree after each.
#include <gtest/gtest.h>

#include <cstdlib>

#include "spec/test/driver.h"

namespace pith::spec::test {
namespace {

constexpr u32 kFrames = 260;
constexpr u32 kStepsPerRound = 1500;

u64 setting(const char* name, u64 otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 0) : otherwise;
}

// PITH_DIFFERENTIAL_STEPS and PITH_DIFFERENTIAL_SEED change what is done; the seed of a failure is printed.
TEST(Specification, AgreesWithTheKernel) {
  u64 seed = setting("PITH_DIFFERENTIAL_SEED", 1);
  u64 steps = setting("PITH_DIFFERENTIAL_STEPS", 6'000);
  u64 done[grammar::kOperationCount][kErrorLimit] = {};
  for (u64 at = 0; at < steps; at += kStepsPerRound, seed++) {
    RandomSource source(seed);
    Driver driver(source, kFrames);
    for (u32 step = 0; step < kStepsPerRound; step++) {
      std::string found = driver.step();
      ASSERT_EQ(found, "") << "in step " << step << " with PITH_DIFFERENTIAL_SEED=" << seed;
    }
    for (u32 i = 0; i < grammar::kOperationCount; i++) {
      for (u32 error = 0; error < kErrorLimit; error++) done[i][error] += driver.answers[i][error];
    }
  }
  for (u32 i = 0; i < grammar::kOperationCount; i++) {
    std::printf("%-32s", grammar::kOperations[i].name);
    for (u32 error = 0; error < kErrorLimit; error++) {
      if (done[i][error] != 0) std::printf(" %u:%llu", error, static_cast<unsigned long long>(done[i][error]));
    }
    std::printf("\n");
  }
}

}  // namespace
}  // namespace pith::spec::test
