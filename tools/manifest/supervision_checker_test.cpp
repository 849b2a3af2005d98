// Tests of who can be watched.
#include <gtest/gtest.h>

#include "tools/manifest/test_manifest.h"

namespace pith::manifest {

namespace {

const std::string kSupervisor = component("s", "provides = true\nfaults = true\ncontrol = true\ntime = {priority = 40}");

/// After the supervisor, in lines 4 to 9; the keys of the next component begin in line 12.
std::string with_supervisor(const std::string& more) { return complaints(kSystem + kSupervisor + more); }

TEST(Supervision, AcceptsHeartbeats) {
  EXPECT_EQ(with_supervisor(component("a", "provides = true\nheartbeat_ms = 3") + component("b", "uses = [\"a\"]\ntime = {priority = 39}")),
            "");
  EXPECT_EQ(complaints(kSystem + component("a", "heartbeat_ms = 0")), "");
  EXPECT_EQ(complaints(kSystem + component("s", "faults = true\ncontrol = true\nheartbeat_ms = 3\ntime = {priority = 59}")), "");
}

TEST(Supervision, RefusesHeartbeatsThatNobodyCanWatch) {
  EXPECT_EQ(complaints(kSystem + component("a", "heartbeat_ms = 3")),
            "m.toml:6: `a` has a heartbeat, and no component has `faults` and `control` to watch it\n");
  EXPECT_EQ(with_supervisor(component("a", "heartbeat_ms = 1")),
            "m.toml:12: the `heartbeat_ms` of `a` is 0 or at least 2: it is looked at twice in that time\n");
  EXPECT_EQ(with_supervisor(component("a", "own_memory = true\nheartbeat_ms = 3")),
            "m.toml:13: `a` has a heartbeat and makes threads of its own: what its first thread waits for would look like a hang\n");
  for (const char* key : {"heartbeat_ms = -1", "heartbeat_ms = 60001", "heartbeat_ms = \"3 ms\""}) {
    EXPECT_EQ(with_supervisor(component("a", key)), "m.toml:12: `heartbeat_ms` in component `a` must be a number from 0 to 60000\n") << key;
  }
}

TEST(Supervision, RefusesPrioritiesThatHideAHang) {
  EXPECT_EQ(with_supervisor(component("a", "heartbeat_ms = 3\ntime = {priority = 40}")),
            "m.toml:13: `a` of priority 40 has a heartbeat: its priority must be below that of `s`, 40, who could not see it hang\n");
  EXPECT_EQ(with_supervisor(component("a", "provides = true\nheartbeat_ms = 3") + component("b", "provides = true\nuses = [\"a\"]") +
                            component("c", "uses = [\"b\"]\ntime = {priority = 10, ceiling = 45}")),
            "m.toml:21: `c` of priority 45 calls `a`, which has a heartbeat: its priority must be below that of `s`, 40, who could not see "
            "it hang\n");
  EXPECT_EQ(complaints(kSystem + component("s", "faults = true\ncontrol = true\nheartbeat_ms = 3\ntime = {priority = 60}")),
            "m.toml:9: `s` of priority 60 has a heartbeat: its priority must be below that of `root`, 60, who could not see it hang\n");
}

/// A group of five lines, the keys from the third on.
std::string group(const std::string& name, const std::string& keys = "") { return "[[group]]\nname = \"" + name + "\"\n" + keys + "\n"; }

TEST(Supervision, ReadsGroupsBehindTheirParents) {
  Problems problems("m.toml");
  Manifest manifest = read_manifest(kSystem + component("a", "group = \"in\"") + component("b") +
                                        group("in", "strategy = \"rest\"\nparent = \"out\"\nrestarts = 5\nperiod_ms = 20") +
                                        group("out", "strategy = \"all\""),
                                    problems);
  check_manifest(manifest, problems);
  ASSERT_TRUE(problems.is_empty()) << problems.list()[0].reason;
  ASSERT_EQ(manifest.groups.size(), 3u);
  EXPECT_EQ(manifest.groups[0].name.value, "system");
  EXPECT_EQ(manifest.groups[0].restarts, 20u);
  EXPECT_EQ(manifest.groups[0].period, 10'000'000'000u);
  EXPECT_EQ(manifest.groups[1].name.value, "out");
  EXPECT_EQ(manifest.groups[1].strategy, image::Strategy::All);
  EXPECT_EQ(manifest.groups[2].name.value, "in");
  EXPECT_EQ(manifest.groups[2].strategy, image::Strategy::Rest);
  EXPECT_EQ(manifest.groups[2].restarts, 5u);
  EXPECT_EQ(manifest.groups[2].period, 20'000'000u);
  EXPECT_EQ(manifest.find_group(manifest.groups[2].parent.value), 1);
  EXPECT_EQ(complaints(kSystem + component("a") + group("system", "restarts = 3")), "");
}

TEST(Supervision, RefusesGroupsThatAreNoTree) {
  auto with = [](const std::string& more) { return complaints(kSystem + component("a", "group = \"g\"") + more); };
  EXPECT_EQ(with(""), "m.toml:6: `a` is in group `g`, and no group is called so\n");
  EXPECT_EQ(with(group("g", "parent = \"h\"")), "m.toml:9: the parent of `g` is `h`, and no group is called so\n");
  EXPECT_EQ(with(group("g", "parent = \"g\"")), "m.toml:9: group `g` is in `g`, which is in the end in `g` or in a circle of others\n");
  EXPECT_EQ(with(group("g") + group("g")), "m.toml:10: two groups are called `g`\n");
  EXPECT_EQ(with(group("g") + group("h")), "m.toml:10: nothing is in group `h`\n");
  EXPECT_EQ(with(group("g") + group("system", "parent = \"g\"")), "m.toml:12: `system` is the outermost group: it has no `parent`\n");
  EXPECT_NE(with(group("g") + group("G")), "");
}

TEST(Supervision, RefusesWrongFormsOfGroups) {
  for (const char* key : {"strategy = \"some\"", "restarts = 0", "restarts = 101", "period_ms = 0", "parent = 3", "colour = 1"}) {
    EXPECT_TRUE(complaints(kSystem + component("a", "group = \"g\"") + group("g", key)).starts_with("m.toml:9: ")) << key;
  }
  EXPECT_EQ(complaints(kSystem + component("a") + "[[group]]\nrestarts = 3\n"), "m.toml:7: a group without a `name`\n");
}

TEST(Supervision, ReadsTheWatchdog) {
  EXPECT_EQ(complaints(kSystem + "watchdog_ms = 2400\n" + component("a")), "");
  for (const char* value : {"2399", "60001", "\"10 s\""}) {
    EXPECT_EQ(complaints(kSystem + "watchdog_ms = " + value + "\n" + component("a")),
              "m.toml:4: `watchdog_ms` in [system] must be a number from 2400 to 60000\n");
  }
}

}  // namespace

}  // namespace pith::manifest
