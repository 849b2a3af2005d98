// Tests when crashed components start again.
#include "servers/supervisor/policy.h"

#include <gtest/gtest.h>

namespace pith::supervisor {
namespace {

using Decision = RestartPolicy::Decision;

TEST(RestartPolicy, FirstCrashRestartsAtOnce) {
  RestartPolicy policy;
  policy.initialize(image::Restart::Always, 3);
  Decision decision = policy.crashed(kSecond);
  EXPECT_EQ(decision.kind, Decision::Start);
  EXPECT_EQ(decision.at, kSecond);
}

TEST(RestartPolicy, WaitsDoubleAndEnd) {
  RestartPolicy policy;
  policy.initialize(image::Restart::Always, 4);
  EXPECT_EQ(policy.crashed(100).at, 100u);
  EXPECT_EQ(policy.crashed(200).at, 200u + kMillisecond);
  EXPECT_EQ(policy.crashed(300).at, 300u + 2 * kMillisecond);
  EXPECT_EQ(policy.crashed(400).at, 400u + 4 * kMillisecond);
  EXPECT_EQ(policy.crashed(500).kind, Decision::GiveUp);
}

TEST(RestartPolicy, QuietTimeForgets) {
  RestartPolicy policy;
  policy.initialize(image::Restart::Always, 1);
  EXPECT_EQ(policy.crashed(5).kind, Decision::Start);
  EXPECT_EQ(policy.crashed(6).kind, Decision::GiveUp);
  EXPECT_EQ(policy.crashed(6 + 2 * RestartPolicy::kWindow).kind, Decision::Start);
}

TEST(RestartPolicy, NeverMeansNever) {
  RestartPolicy policy;
  policy.initialize(image::Restart::Never, 5);
  EXPECT_EQ(policy.crashed(1).kind, Decision::GiveUp);
}

}  // namespace
}  // namespace pith::supervisor
