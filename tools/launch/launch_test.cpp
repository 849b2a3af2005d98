// Tests of the marker filter and of the command line.
#include <gtest/gtest.h>

#include <algorithm>

#include "tools/launch/machine.h"
#include "tools/launch/marker_filter.h"
#include "tools/launch/options.h"

namespace pith::launch {

namespace {

/// A filter whose output is kept.
struct Stream {
  std::string out;
  MarkerFilter filter{[this](std::string_view bytes) { out += bytes; }};
};

TEST(MarkerFilter, TakesMarkersOutWhereverTheyStand) {
  Stream run;
  run.filter.feed("before\x1epith-exit 7\nafter\n");
  EXPECT_EQ(run.out, "beforeafter\n");
  EXPECT_EQ(run.filter.exit_status(), 7);
  EXPECT_FALSE(run.filter.panic());
}

TEST(MarkerFilter, WorksOnEveryCutOfTheStream) {
  const std::string stream = "a\x1e\x1epith-exit 12\r\nb\x1epith-pa\x1epith-panic out of luck\nc\x1epith-exit x\n";
  for (size_t cut = 0; cut <= stream.size(); cut++) {
    Stream run;
    run.filter.feed(std::string_view(stream).substr(0, cut));
    run.filter.feed(std::string_view(stream).substr(cut));
    run.filter.finish();
    EXPECT_EQ(run.out,
              "a\x1e"
              "b\x1epith-pac\x1epith-exit x\n");
    EXPECT_EQ(run.filter.exit_status(), 12);
    EXPECT_EQ(run.filter.panic(), "out of luck");
  }
}

TEST(MarkerFilter, LetsOtherTextThrough) {
  Stream run;
  run.filter.feed("\x1e\x1epith-\npith-exit 3\n\x1epith-exit 256\n");
  run.filter.feed("\x1epith-exit");
  run.filter.finish();
  EXPECT_EQ(run.out, "\x1e\x1epith-\npith-exit 3\n\x1epith-exit 256\n\x1epith-exit");
  EXPECT_FALSE(run.filter.exit_status());
}

TEST(MarkerFilter, CountsAPanicThatWasCutOff) {
  Stream run;
  run.filter.feed("\x1epith-panic kernel/obj");
  EXPECT_FALSE(run.filter.panic());
  run.filter.finish();
  EXPECT_EQ(run.filter.panic(), "kernel/obj");
}

TEST(MarkerFilter, GivesUpOnEndlessMarkers) {
  Stream run;
  run.filter.feed("\x1epith-panic " + std::string(10'000, 'x') + "\n");
  EXPECT_FALSE(run.filter.panic());
  EXPECT_EQ(run.out.size(), 10'013u);
}

TEST(Options, ReadsAll) {
  Options options = parse_options({"--exec", "echo a=b", "--file=x=/y", "--file", "z=/", "--icount", "--timeout", "1.5", "--cpus=2",
                                   "--memory", "1G", "--system", "two", "--debug", "--append", "a b", "--", "-d", "int"});
  EXPECT_EQ(options.problem, "`z=/` is no value for --file");
  options = parse_options({"--exec", "echo a=b", "--file=x=/y", "--icount", "--timeout", "1.5", "--cpus=2", "--memory", "1G", "--system",
                           "two", "--debug", "--append", "a b", "--", "-d", "int"});
  EXPECT_EQ(options.problem, "");
  EXPECT_EQ(options.command, "echo a=b");
  EXPECT_EQ(options.files.at(0), std::pair(std::string("x"), std::string("/y")));
  EXPECT_EQ(options.timeout, 1.5);
  EXPECT_EQ(options.cpus, 2u);
  EXPECT_EQ(options.memory, "1G");
  EXPECT_EQ(options.system, "two");
  EXPECT_EQ(options.debugger_port, "1234");
  EXPECT_EQ(options.append, "a b");
  EXPECT_EQ(options.qemu.size(), 2u);
  EXPECT_TRUE(options.counts_instructions);
}

TEST(Options, RefusesNonsense) {
  const std::vector<std::vector<std::string>> lines{{"shell"},
                                                    {"--exec"},
                                                    {"--exec", ""},
                                                    {"--timeout", "0"},
                                                    {"--timeout", "x"},
                                                    {"--cpus", "0"},
                                                    {"--cpus", "1x"},
                                                    {"--memory", "512"},
                                                    {"--memory", "-1M"},
                                                    {"--arch", "vax"},
                                                    {"--system", "../x"},
                                                    {"--file", "a"},
                                                    {"--file", "=/a"},
                                                    {"--file", "a=b"},
                                                    {"--frob=1"},
                                                    {"--forward", "80"},
                                                    {"--forward", "0:80"},
                                                    {"--forward", "80:65536"},
                                                    {"--forward", "80:"},
                                                    {"--forward", ":80"},
                                                    {"--no-net=1"},
                                                    {"--disk", "/no/such"},
                                                    {"--share", "/no/such"},
                                                    {"--share", "/dev/null"},
                                                    {"--share", "/no/such:ro"}};
  for (const auto& line : lines) EXPECT_NE(parse_options(line).problem, "") << line[0];
}

/// The values that follow `option` in QEMU's command line.
std::vector<std::string> values_of(const std::vector<std::string>& line, const std::string& option) {
  std::vector<std::string> command = machine_command(parse_options(line), {}), values;
  for (size_t i = 0; i + 1 < command.size(); i++) {
    if (command[i] == option) values.push_back(command[i + 1]);
  }
  return values;
}

bool has_device(const std::vector<std::string>& line, const std::string& kind) {
  auto devices = values_of(line, "-device");
  return std::ranges::any_of(devices, [&](const std::string& device) { return device.starts_with(kind); });
}

TEST(Machine, SharesAFolder) {
  EXPECT_TRUE(values_of({}, "-fsdev").empty());
  EXPECT_EQ(parse_options({"--share", "/no/such"}).problem, "--share: there is no folder `/no/such`");
  EXPECT_EQ(values_of({"--share", "/tmp"}, "-fsdev"), std::vector<std::string>{"local,id=share,security_model=none,path=/tmp"});
  EXPECT_TRUE(has_device({"--share", "/tmp"}, "virtio-9p-pci,disable-legacy=on,iommu_platform=on,fsdev=share,mount_tag=share"));
  EXPECT_EQ(values_of({"--share", "/tmp:ro"}, "-fsdev"),
            std::vector<std::string>{"local,id=share,security_model=none,path=/tmp,readonly=on"});
  EXPECT_TRUE(has_device({"--share=/tmp:ro", "--no-iommu"}, "virtio-9p-pci,disable-legacy=on,fsdev=share,mount_tag=share-read-only"));
}

TEST(Machine, HasACardOnlyWhereOneIsAskedFor) {
  EXPECT_FALSE(has_device({"--no-net"}, "virtio-net-pci"));
  EXPECT_TRUE(values_of({"--no-net"}, "-netdev").empty());
  EXPECT_TRUE(has_device({}, "virtio-net-pci,disable-legacy=on,iommu_platform=on,netdev=net0"));
  EXPECT_EQ(values_of({}, "-netdev"), std::vector<std::string>{"user,id=net0"});
}

TEST(Machine, ForwardsPortsOfThisHostAlone) {
  const std::vector<std::string> line{"--forward", "8080:80", "--forward=2222:22"};
  EXPECT_TRUE(has_device(line, "virtio-net-pci"));
  EXPECT_EQ(values_of(line, "-netdev"),
            std::vector<std::string>{"user,id=net0,hostfwd=tcp:127.0.0.1:8080-:80,hostfwd=tcp:127.0.0.1:2222-:22"});
}

TEST(Machine, NamesDisksAndTheirFiles) {
  auto drives = values_of({"--disk", "/dev/null", "--disk=/dev/zero"}, "-drive");
  ASSERT_EQ(drives.size(), 2u);
  EXPECT_NE(drives[0].find("file=/dev/null"), std::string::npos);
  EXPECT_NE(drives[1].find("id=disk1"), std::string::npos);
  EXPECT_TRUE(has_device({"--disk", "/dev/null"}, "virtio-blk-pci,disable-legacy=on,iommu_platform=on,drive=disk0"));
}

TEST(Machine, KeepsDevicesFromMemoryThatIsNotTheirs) {
  EXPECT_TRUE(has_device({}, "intel-iommu"));
  EXPECT_FALSE(has_device({"--no-iommu"}, "intel-iommu"));
  EXPECT_TRUE(has_device({"--no-iommu", "--disk", "/dev/null"}, "virtio-blk-pci,disable-legacy=on,drive=disk0"));
}

}  // namespace

}  // namespace pith::launch
