// Tests of what a manifest may spell.
#include <gtest/gtest.h>

#include "tools/manifest/test_manifest.h"

namespace pith::manifest {

namespace {

TEST(Reader, ReadsEveryKey) {
  Problems problems("m.toml");
  Manifest manifest = read_manifest(kSystem + component("driver", R"(program = "uart"
memory = {heap = "2 MiB", stack = "64 KiB", vault = "4 KiB", pool = "1 GiB"}
time = {priority = 5, ceiling = 7, budget_us = 10, period_us = 20, share = 70, cpu = 0}
provides = true
uses = ["log"]
devices = {interrupt = [3, 4], ports = [[0x3f8, 8]], memory = [[0xfed00000, 1]]}
restart = "never"
group = "g"
heartbeat_ms = 3
module = "rootfs"
own_memory = true
faults = true
control = true
platform = true
placement = true
arguments = "a b")"),
                                    problems);
  ASSERT_TRUE(problems.is_empty()) << problems.list()[0].reason;
  ASSERT_EQ(manifest.components.size(), 1u);
  const Component& driver = manifest.components[0];
  EXPECT_EQ(driver.program.value, "uart");
  EXPECT_EQ(driver.memory.heap, 512u);
  EXPECT_EQ(driver.memory.stack, 16u);
  EXPECT_EQ(driver.memory.vault, 1u);
  EXPECT_EQ(driver.memory.pool, 262144u);
  EXPECT_EQ(driver.time.priority, 5u);
  EXPECT_EQ(driver.time.ceiling, 7u);
  EXPECT_EQ(driver.time.budget, 10'000u);
  EXPECT_EQ(driver.time.period, 20'000u);
  EXPECT_TRUE(driver.provides);
  EXPECT_EQ(driver.uses.at(0).value, "log");
  EXPECT_EQ(driver.devices.interrupts.size(), 2u);
  EXPECT_EQ(driver.devices.ports.at(0).first, 0x3f8u);
  EXPECT_EQ(driver.devices.ports.at(0).count, 8u);
  EXPECT_EQ(driver.devices.memory.at(0).first, 0xfed00000u);
  EXPECT_EQ(driver.restart, image::Restart::Never);
  EXPECT_EQ(driver.group.value, "g");
  EXPECT_EQ(driver.heartbeat, 3u);
  EXPECT_EQ(driver.module.value, "rootfs");
  EXPECT_EQ(driver.time.share, 70u);
  EXPECT_EQ(driver.time.cpu, 0u);
  EXPECT_EQ(driver.authorities.size(), 5u);
  EXPECT_EQ(driver.arguments, "a b");
}

TEST(Reader, FillsDefaultsIn) {
  Problems problems("m.toml");
  Manifest manifest = read_manifest(kSystem + component("one"), problems);
  ASSERT_TRUE(problems.is_empty());
  const Component& one = manifest.components.at(0);
  EXPECT_EQ(one.program.value, "one");
  EXPECT_EQ(one.memory.total(), 16u);
  EXPECT_EQ(one.time.ceiling, one.time.priority);
  EXPECT_FALSE(one.time.is_limited());
  EXPECT_EQ(one.restart, image::Restart::Always);
}

TEST(Reader, NamesFileLineAndReason) {
  EXPECT_EQ(complaints(kSystem + component("a", "colour = 1")), "m.toml:6: unknown key `colour` in component `a`\n");
  EXPECT_EQ(complaints(kSystem + "speed = 1\n" + component("a")), "m.toml:4: unknown key `speed` in [system]\n");
  EXPECT_EQ(complaints(kSystem + component("a", "time = {speed = 1}")), "m.toml:6: unknown key `speed` in time of component `a`\n");
  EXPECT_EQ(complaints("[other]\n" + kSystem + component("a")), "m.toml:1: unknown key `other` in the manifest\n");
}

TEST(Reader, RefusesWhatIsNoToml) {
  EXPECT_TRUE(complaints("[system\n").starts_with("m.toml:1: "));
  EXPECT_TRUE(complaints(kSystem + "memory = \"1 MiB\"\n").starts_with("m.toml:4: "));
  EXPECT_EQ(complaints(""), "m.toml:1: there is no table [system]\n");
}

TEST(Reader, RefusesWrongForms) {
  const std::vector<std::string> keys{
      "memory = {heap = 1024}",
      "memory = {heap = \"2\"}",
      "memory = {heap = \"2 KiB\"}",
      "memory = {heap = \"-4 KiB\"}",
      "memory = {heap = \"9999999999999 GiB\"}",
      "memory = {heap = \"64  KiB\"}",
      "memory = 3",
      "time = {priority = 64}",
      "time = {priority = -1}",
      "time = {budget_us = 5}",
      "time = {share = 0}",
      "time = {share = 6401}",
      "time = {share = \"5 %\"}",
      "time = {cpu = 64}",
      "time = {period_us = 0, budget_us = 1}",
      "provides = \"yes\"",
      "uses = \"log\"",
      "uses = [1]",
      "devices = {interrupt = \"4\"}",
      "devices = {ports = [0x3f8, 8]}",
      "devices = {ports = [[0x10000, 1]]}",
      "devices = {ports = [[1, 0]]}",
      "devices = {memory = [[1]]}",
      "restart = \"sometimes\"",
      "heartbeat_ms = -1",
      "group = 1",
      "program = 1",
      "arguments = [\"a\"]",
  };
  for (const std::string& key : keys) EXPECT_TRUE(complaints(kSystem + component("a", key)).starts_with("m.toml:6: ")) << key;
  EXPECT_EQ(complaints(kSystem + "[[component]]\nprovides = true\n"), "m.toml:4: a component without a `name`\n");
  EXPECT_EQ(complaints("[system]\nname = \"x\"\n" + component("a")),
            "m.toml:1: [system] has no `memory`: how much the machine must have\n");
}

}  // namespace

}  // namespace pith::manifest
