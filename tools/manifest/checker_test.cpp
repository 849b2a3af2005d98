// Tests of everything that makes a manifest meaningless: each refusal with its line and reason.
#include <gtest/gtest.h>

#include "tools/manifest/test_manifest.h"

namespace pith::manifest {

namespace {

/// One component for each of the keys, called a, b, c…; the keys of the first stand in line 6, of the second in line 9.
std::string system_of(const std::vector<std::string>& keys) {
  std::string source = kSystem;
  char name = 'a';
  for (const std::string& key : keys) source += component(std::string(1, name++), key);
  return complaints(source);
}

TEST(Checker, AcceptsWhatIsRight) {
  EXPECT_EQ(system_of({"provides = true", "uses = [\"a\"]", "uses = [\"a\"]\nown_memory = true\nmemory = {pool = \"1 MiB\"}"}), "");
}

TEST(Checker, RefusesBadNames) {
  EXPECT_EQ(complaints(kSystem + component("Log")),
            "m.toml:5: component name `Log` must be 1 to 23 characters a-z 0-9 _ - and begin with a letter\n"
            "m.toml:5: program name `Log` must be 1 to 23 characters a-z 0-9 _ - and begin with a letter\n");
  EXPECT_NE(complaints(kSystem + component("a234567890123456789012345")), "");
  EXPECT_NE(complaints(kSystem + component("../a")), "");
  EXPECT_NE(complaints(kSystem + component("root")), "");
  EXPECT_EQ(complaints(kSystem), "m.toml: no [[component]]: a system of root alone does nothing\n");
  EXPECT_EQ(complaints(kSystem + "root = \"bench\"\n"), "");
  EXPECT_NE(complaints(kSystem + "root = \"..\"\n"), "");
  EXPECT_EQ(complaints(kSystem + component("a") + component("a")), "m.toml:8: two components are called `a` (the other in line 5)\n");
  EXPECT_NE(system_of({"arguments = \"" + std::string(256, 'x') + "\""}), "");
}

TEST(Checker, RefusesServicesThatNobodyProvides) {
  EXPECT_EQ(system_of({"uses = [\"x\"]"}), "m.toml:6: `a` uses `x`, and no component is called so\n");
  EXPECT_EQ(system_of({"", "uses = [\"a\"]"}), "m.toml:9: `b` uses `a`, which provides no service that could be granted\n");
  EXPECT_EQ(system_of({"provides = true", "uses = [\"a\", \"a\"]"}), "m.toml:9: `b` uses `a` twice\n");
}

TEST(Checker, RefusesCircles) {
  EXPECT_EQ(system_of({"provides = true\nuses = [\"b\"]", "provides = true\nuses = [\"a\"]"}),
            "m.toml:11: calls go round in a circle, so a component could wait for itself: a → b → a\n");
  EXPECT_EQ(system_of({"provides = true\nuses = [\"a\"]"}),
            "m.toml:7: calls go round in a circle, so a component could wait for itself: a → a\n");
  std::string complaint = system_of({"faults = true\nuses = [\"b\"]", "provides = true"});
  EXPECT_NE(complaint.find("a → b → a (the last step is a fault"), std::string::npos) << complaint;
}

TEST(Checker, RefusesASecondHolder) {
  EXPECT_EQ(system_of({"control = true", "control = true"}), "m.toml:9: `control` is held by `a` already, and one component may hold it\n");
  EXPECT_EQ(system_of({"faults = true", "faults = true"}).substr(0, 9), "m.toml:9:");
  EXPECT_EQ(system_of({"placement = true", "placement = true"}),
            "m.toml:9: `placement` is held by `a` already, and one component may hold it\n");
}

TEST(Checker, RefusesFaultsWithoutARootThatMakesThem) {
  EXPECT_EQ(system_of({"fault_injection = true"}),
            "m.toml:6: `fault_injection` needs a root that can do that: `root = \"injecting_root\"` in [system]\n");
}

TEST(Checker, RefusesPoolsThatNobodyMayUse) {
  EXPECT_EQ(system_of({"memory = {pool = \"1 MiB\"}"}), "m.toml:6: `a` has a `pool` but not `own_memory = true`, so it could not use it\n");
  EXPECT_EQ(system_of({"memory = {stack = \"0 KiB\"}"}), "m.toml:6: `a` has no stack\n");
}

TEST(Checker, RefusesTooManyGrants) {
  std::string ports;
  for (int i = 0; i < 25; i++) ports += "[" + std::to_string(0x300 + i) + ", 1],";
  EXPECT_EQ(system_of({"devices = {ports = [" + ports + "]}"}), "m.toml:4: `a` would get 25 grants; 24 are possible\n");
}

TEST(Checker, RefusesDevicesThatAreNotRootsToGrant) {
  EXPECT_EQ(system_of({"devices = {interrupt = 24}"}), "m.toml:6: interrupt line 24 of `a` does not exist on this machine\n");
  EXPECT_EQ(system_of({"devices = {interrupt = 0}"}), "m.toml:6: interrupt line 0 cannot be granted to `a`: the kernel keeps the timer\n");
  EXPECT_EQ(system_of({"devices = {ports = [[0x18, 16]]}"}),
            "m.toml:6: ports 0x18-0x27 cannot be granted to `a`: the kernel keeps the interrupt controllers\n");
  EXPECT_EQ(system_of({"devices = {ports = [[0xffff, 2]]}"}), "m.toml:6: ports 0xffff-0x10000 of `a` does not exist on this machine\n");
  EXPECT_EQ(system_of({"devices = {memory = [[0x200000, 1]]}"}),
            "m.toml:6: device memory 0x200000-0x200fff cannot be granted to `a`: it is main memory\n");
  EXPECT_EQ(system_of({"devices = {memory = [[0xfee00000, 1]]}"}),
            "m.toml:6: device memory 0xfee00000-0xfee00fff cannot be granted to `a`: the kernel keeps the local APIC\n");
  EXPECT_EQ(system_of({"devices = {memory = [[0xfe000800, 1]]}"}), "m.toml:6: device memory of `a` must begin on a page boundary\n");
  EXPECT_EQ(system_of({"devices = {memory = [[0xfe000000, 33]]}"}),
            "m.toml:6: device memory of `a` has 33 pages, at most 32 can be granted at once\n");
  EXPECT_EQ(system_of({"devices = {memory = [[0xa0000, 16], [0xfe000000, 1]]}"}), "");
}

TEST(Checker, RefusesTwoOwners) {
  EXPECT_EQ(system_of({"devices = {interrupt = 4}", "devices = {interrupt = 4}"}),
            "m.toml:9: interrupt line 4 of `b` belongs to `a` already (line 6)\n");
  EXPECT_EQ(system_of({"devices = {ports = [[0x3f8, 8]]}", "devices = {ports = [[0x3ff, 1]]}"}),
            "m.toml:9: ports 1023 of `b` belongs to `a` already (line 6)\n");
  EXPECT_EQ(system_of({"devices = {memory = [[0xfe000000, 2]]}", "devices = {memory = [[0xfe001000, 1]]}"}),
            "m.toml:9: device memory 0xfe001000-0xfe001fff of `b` belongs to `a` already (line 6)\n");
}

TEST(Checker, RefusesTimeThatIsNotThere) {
  EXPECT_EQ(system_of({"time = {priority = 9, ceiling = 8}"}), "m.toml:6: priority 9 of `a` is above its own ceiling of 8\n");
  EXPECT_EQ(system_of({"time = {budget_us = 30, period_us = 20}"}),
            "m.toml:6: the budget of `a` is longer than its period: no processor has that much time\n");
  EXPECT_EQ(system_of({"time = {budget_us = 9, period_us = 20}"}),
            "m.toml:6: the budget of `a` is shorter than the kernel's shortest of 10 µs\n");
  EXPECT_EQ(system_of({"time = {priority = 9, budget_us = 60, period_us = 100}", "time = {priority = 8, budget_us = 50, period_us = 100}"}),
            "m.toml:9: time is overcommitted: budgets and shares of priority 8 and above add up to 110 % of a processor\n");
  EXPECT_EQ(system_of({"time = {priority = 9, budget_us = 50, period_us = 100}", "time = {priority = 9, budget_us = 50, period_us = 100}"}),
            "");
}

TEST(Checker, RefusesSharesThatAreNotThere) {
  EXPECT_EQ(system_of({"time = {share = 60}", "time = {share = 40}"}), "");
  EXPECT_EQ(system_of({"time = {share = 60}", "time = {share = 50}"}),
            "m.toml:9: time is overcommitted: budgets and shares of priority 10 and above add up to 110 % of a processor\n");
  EXPECT_EQ(system_of({"time = {share = 10, budget_us = 200, period_us = 1000}"}),
            "m.toml:6: the budget of `a` is more than its `share` of 10 % of a processor\n");
  EXPECT_EQ(
      system_of({"own_memory = true\ntime = {share = 10}"}),
      "m.toml:7: `a` has a `share` and makes threads of its own: `budget_us` and `period_us` must say what its first thread has of it\n");
  EXPECT_EQ(system_of({"own_memory = true\ntime = {share = 10, budget_us = 50, period_us = 1000}"}), "");
  EXPECT_EQ(complaints(kSystem + "cpus = 2\n" + component("a", "time = {share = 120}") + component("b", "time = {share = 90}")),
            "m.toml:10: time is overcommitted: budgets and shares of priority 10 and above add up to 210 % of a processor; there are 2\n");
}

TEST(Checker, RefusesProcessorsThatAreNotThere) {
  EXPECT_EQ(system_of({"time = {cpu = 1}"}), "m.toml:6: `a` runs on cpu 1, and the system has 1 (`cpus` in [system])\n");
  EXPECT_EQ(complaints(kSystem + "cpus = 2\n" + component("a", "time = {cpu = 1}")), "");
  EXPECT_EQ(system_of({"placement = true", "placement = true"}).substr(0, 9), "m.toml:9:");
}

TEST(Checker, RefusesAnUpdateOfAVaultThatIsNotRolledBack) {
  EXPECT_EQ(system_of({"memory = {vault = \"8 KiB\"}\nupdate = \"b\""}),
            "m.toml:7: `a` has an `update`, but no `undo_log`: its vault may be cut off anywhere\n");
  EXPECT_EQ(system_of({"memory = {vault = \"8 KiB\", undo_log = \"64 KiB\"}\nupdate = \"b\""}), "");
  EXPECT_EQ(system_of({"update = \"b\""}), "");
  EXPECT_EQ(system_of({"update = \"B\""}), "m.toml:6: program name `B` must be 1 to 23 characters a-z 0-9 _ - and begin with a letter\n");
}

TEST(Checker, RefusesMemoryThatIsNotThere) {
  EXPECT_EQ(
      system_of({"memory = {heap = \"32 MiB\"}", "memory = {heap = \"32 MiB\"}"}),
      "m.toml:1: memory is overcommitted: heaps, stacks, vaults, pools and what is shared of 65 MiB, programs of 0 MiB and an image of 0 MiB make 65 MiB; "
      "the system has 64 MiB\n");
  Problems problems("m.toml");
  Manifest manifest = read_manifest(kSystem + component("a"), problems);
  check_memory(manifest, 10'000, 6'369, problems);
  EXPECT_FALSE(problems.is_empty());
}

}  // namespace

}  // namespace pith::manifest
