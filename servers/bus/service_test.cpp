// Tests of the bus: devices that are missing, odd or alike, what their drivers get and reach, and a bus that dies anywhere.
#include "servers/bus/service.h"

#include <gtest/gtest.h>

#include <memory>

#include "abi/error.h"
#include "drivers/iommu/vt_d/fake_unit.h"
#include "drivers/pci/fake_configuration.h"
#include "servers/bus/fake_memory.h"
#include "tests/host/lone_component.h"

namespace pith::bus {
namespace {

using Width = pci::FakeConfiguration::Width;

constexpr u32 kDisk = 0x1af4'1042, kCard = 0x1af4'1041;
constexpr u64 kTables = 0x1ff0'0000, kTableBytes = 32 * kPageSize;

struct Death {};

/// Counts the steps that others can see; dies at one of them.
struct Clock {
  int left = -1;
  void step() {
    if (left-- == 0) throw Death();
  }
};

class FakeSpace final : public ConfigurationSpace {
 public:
  explicit FakeSpace(Clock& clock) : clock_(clock) {}
  std::map<u32, pci::FakeConfiguration> functions;

  bool is_seen(u32 function) override { return function < 64; }
  u32 read(u32 function, u32 offset) override { return functions.contains(function) ? functions[function].read(offset) : ~u32{0}; }
  void write(u32 function, u32 offset, u32 value) override {
    clock_.step();
    functions[function].write(offset, value);
  }

 private:
  Clock& clock_;
};

class FakeOwner final : public Owner {
 public:
  explicit FakeOwner(Clock& clock) : clock_(clock) {}
  std::map<u32, std::pair<u64, u64>> given;
  std::map<u32, vt_d::Range> memories;
  bool has_messages = true;

  Result<void> give(u32 component, u64 first, u64 pages) override {
    clock_.step();
    auto [place, is_new] = given.emplace(component, std::pair(first, pages));
    clock_.step();
    EXPECT_EQ(place->second, std::pair(first, pages)) << "what is given stays";
    return is_new ? Result<void>() : Error::Occupied;
  }
  Result<Message> message(u32 component) override {
    if (!has_messages) return Error::NotFound;
    return Message{0xfee0'1000, 0x40 + component};
  }
  Result<vt_d::Range> memory(u32 number) override {
    clock_.step();
    if (!memories.contains(number)) return Error::NotFound;
    return memories[number];
  }

 private:
  Clock& clock_;
};

class TestService final : public Service {
 public:
  using Service::idle_deadline;
  using Service::Service;
  u64 time() const override { return 5; }
};

struct alignas(kPageSize) TableMemory {
  std::byte bytes[kTableBytes];
};

struct Fixture : testing::Test {
  Clock clock;
  FakeSpace space{clock};
  FakeOwner owner{clock};
  FakeMemory memory;
  std::unique_ptr<State> state = std::make_unique<State>();
  std::unique_ptr<TableMemory> table_memory = std::make_unique<TableMemory>();
  vt_d::FakeUnit fake_unit;
  vt_d::Unit unit{fake_unit};
  std::bitset<kFunctions> functions = ~std::bitset<kFunctions>();
  bool has_unit = true;
  std::vector<image::Component> components = std::vector<image::Component>(6);
  std::vector<image::SharedMemory> memories;
  std::unique_ptr<Isolation> isolation;
  std::unique_ptr<TestService> service;

  void SetUp() override {
    logged.clear();
    fake_unit.memory = table_memory->bytes;
    fake_unit.physical = kTables;
    for (u32 i = 0; i < components.size(); i++) snprintf(components[i].name, sizeof components[i].name, "driver%u", i);
  }
  void give_device(u32 component, u32 kind, u64 number = 0) {
    image::Grant& grant = components[component].grants[components[component].grant_count++];
    grant.kind = image::GrantKind::Pci;
    grant.first = kind;
    grant.count = number;
  }
  pci::FakeConfiguration& add_function(u32 number, u32 kind) {
    auto& function = space.functions[number] = pci::FakeConfiguration(kind >> 16, kind & 0xffff);
    u64 base = 0xe000'0000 + u64{number} * 0x10'0000;
    function.add_memory(1, base, 0x1000, Width::Narrow);           // messages
    function.add_memory(4, base + 0x1'0000, 0x4000, Width::Wide);  // registers
    function.add_message_table(0x40, 1, 0x100, 2);
    memory.pieces[base] = std::vector<std::byte>(0x1000);
    return function;
  }
  void add_memory(u64 parties, u64 first, u64 size) {
    owner.memories[u32(memories.size())] = {first, size};
    memories.push_back({"memory", u32(size / kPageSize), 0, parties});
  }
  /// A new instance.
  void start() {
    isolation = std::make_unique<Isolation>(Isolation{unit, {table_memory->bytes, kTables}, functions});
    service = std::make_unique<TestService>(CapabilitySlot(1), *state, memory, space, owner, has_unit ? isolation.get() : nullptr);
    service->find_devices(components, memories);
  }
  Error error_of(u32 component) {
    auto device = service->device(Session(1 + component));
    return device ? kSuccess : device.error();
  }
  bool is_on(u32 function) { return (space.functions[function].words[1] & 6) == 6 && space.functions[function].words[0x10] >> 31 != 0; }
  u32 message_data(u32 function) {
    u32 data;
    memcpy(&data, memory.pieces[0xe000'0000 + u64{function} * 0x10'0000].data() + 0x108, 4);
    return data;
  }
};

TEST_F(Fixture, GivesADeviceToItsDriver) {
  add_function(16, kDisk);
  give_device(3, kDisk);
  start();
  auto device = service->device(Session(4));
  ASSERT_TRUE(device);
  EXPECT_EQ(device->index, 4u);
  EXPECT_EQ(device->size, 0x4000u);
  EXPECT_EQ(owner.given[3], std::pair(u64{0xe101'0000}, u64{4}));
  EXPECT_TRUE(is_on(16));
  EXPECT_EQ(message_data(16), 0x43u);
  EXPECT_EQ(service->configuration(Session(4), 0).value_or(0), 0x1042'1af4u);
  EXPECT_EQ(service->configuration(Session(4), 2).error(), Error::BadArgument);
  EXPECT_EQ(service->configuration(Session(4), 4096).error(), Error::BadArgument);
}

TEST_F(Fixture, TellsNobodyOfDevicesOfOthers) {
  add_function(16, kDisk);
  give_device(3, kDisk);
  start();
  for (u32 badge : {0u, 1u, 3u, 5u, 33u, 1000u, ~0u}) {
    EXPECT_EQ(service->device(Session(badge)).error(), Error::NotFound) << badge;
    EXPECT_EQ(service->configuration(Session(badge), 0).error(), Error::NotFound) << badge;
  }
}

TEST_F(Fixture, SaysWhatIsMissing) {
  add_function(16, kDisk);
  give_device(2, kCard);
  give_device(3, kDisk, 1);
  start();
  EXPECT_EQ(error_of(2), Error::NotFound);
  EXPECT_EQ(error_of(3), Error::NotFound);
  EXPECT_FALSE(is_on(16));
}

TEST_F(Fixture, TellsDevicesApartThatAreAlike) {
  for (u32 function : {16u, 24u, 40u}) add_function(function, kDisk);
  give_device(1, kDisk, 2);
  give_device(2, kDisk, 0);
  start();
  EXPECT_EQ(owner.given[1].first, 0xe000'0000 + 40 * 0x10'0000 + 0x1'0000);
  EXPECT_EQ(owner.given[2].first, 0xe000'0000 + 16 * 0x10'0000 + 0x1'0000);
  EXPECT_FALSE(is_on(24));
}

TEST_F(Fixture, LooksAtFunctionsOfADeviceThatHasSome) {
  add_function(16, kCard);
  add_function(18, kDisk);
  give_device(1, kDisk);
  start();
  EXPECT_EQ(error_of(1), Error::NotFound);  // device 2 says that it is one function: the rest is its echo
  *state = {};
  space.functions[16].words[3] = 1u << 23;
  start();
  EXPECT_EQ(error_of(1), kSuccess);
  // Without a function 0 there is nothing, whatever all ones would say.
  *state = {};
  owner.given.clear();
  space.functions.erase(16);
  start();
  EXPECT_EQ(error_of(1), Error::NotFound);
}

TEST_F(Fixture, NeverShowsADriverTheTableOfMessages) {
  auto& function = add_function(16, kDisk);
  function.words[0x44 / 4] = 0x100 | 4;  // in the registers' memory
  memory.pieces[0xe101'0000] = std::vector<std::byte>(0x4000);
  give_device(1, kDisk);
  start();
  EXPECT_EQ(error_of(1), kSuccess);
  EXPECT_EQ(owner.given[1].first, 0xe100'0000u);  // the other one
  EXPECT_EQ(service->device(Session(2))->index, 1u);
}

TEST_F(Fixture, RefusesDevicesThatCannotBeGiven) {
  give_device(1, kDisk);
  auto expect_refused = [&](Error error) {
    *state = {};
    owner.given.clear();
    start();
    EXPECT_EQ(error_of(1), error);
    EXPECT_FALSE(is_on(16));
  };
  add_function(16, kDisk).words[0x34 / 4] = 0;  // no table of messages
  expect_refused(Error::NotSupported);
  add_function(16, kDisk).add_memory(4, 0x80'0000'0000, 0x100'0000, Width::Wide);  // too large
  expect_refused(Error::NotSupported);
  add_function(16, kDisk).add_memory(4, 0x80'0000'0000, 0x800, Width::Wide);  // less than a page
  expect_refused(Error::NotSupported);
  add_function(16, kDisk).words[4 + 4] = 4;  // not placed
  space.functions[16].words[4 + 5] = 0;
  expect_refused(Error::NotSupported);
  add_function(16, kDisk).words[0x44 / 4] = 0xff8 | 1;  // the table is not in its memory
  expect_refused(Error::Damaged);
  add_function(16, kDisk).words[0x44 / 4] = 0xf000'0000 | 1;
  expect_refused(Error::Damaged);
  add_function(16, kDisk).words[0x44 / 4] = 0x100 | 7;
  expect_refused(Error::NotFound);
  add_function(16, kDisk);
  memory.pieces.clear();  // the table cannot be shown
  expect_refused(Error::NotSupported);
  add_function(16, kDisk);
  owner.has_messages = false;
  expect_refused(Error::NotFound);
}

TEST_F(Fixture, LetsDevicesReachWhatTheirDriversHave) {
  add_function(16, kDisk);
  add_function(24, kCard);
  add_function(32, kCard);
  give_device(1, kDisk);
  give_device(2, kCard);
  add_memory(1 << 1, 0x10'0000, 0x2000);           // the disk's own
  add_memory(1 << 1 | 1 << 3, 0x20'0000, 0x1000);  // shared with it
  add_memory(1 << 2 | 1 << 3, 0x30'0000, 0x1000);
  add_memory(1 << 3, 0x40'0000, 0x1000);
  start();
  auto reach = [&](u32 function) {
    std::string pages;
    for (u64 page = 0; page < 0x80'0000; page += kPageSize) {
      if (fake_unit.lets(0, function, page)) pages += std::to_string(page >> 12) + " ";
    }
    return pages;
  };
  EXPECT_TRUE(fake_unit.is_on);
  EXPECT_EQ(reach(16), "256 257 512 ");
  EXPECT_EQ(reach(24), "768 ");
  EXPECT_EQ(reach(32), "");  // nobody's
  EXPECT_EQ(reach(0), "");
}

TEST_F(Fixture, SwitchesNothingOnBeforeItIsKeptFromMemory) {
  struct Check final : vt_d::Registers {
    Fixture& test;
    explicit Check(Fixture& fixture) : test(fixture) {}
    u32 read32(u32 offset) override { return test.fake_unit.read32(offset); }
    u64 read64(u32 offset) override { return test.fake_unit.read64(offset); }
    void write32(u32 offset, u32 value) override {
      EXPECT_FALSE(test.is_on(16));
      EXPECT_TRUE(test.owner.given.empty());
      test.fake_unit.write32(offset, value);
    }
    void write64(u32 offset, u64 value) override { test.fake_unit.write64(offset, value); }
  } check(*this);
  vt_d::Unit checked(check);
  add_function(16, kDisk);
  give_device(1, kDisk);
  Isolation with{checked, {table_memory->bytes, kTables}, functions};
  TestService bus(CapabilitySlot(1), *state, memory, space, owner, &with);
  bus.find_devices(components, memories);
  EXPECT_TRUE(fake_unit.is_on);
  EXPECT_TRUE(is_on(16));
}

TEST_F(Fixture, LeavesDevicesOffThatCannotBeKeptFromMemory) {
  add_function(16, kDisk);
  give_device(1, kDisk);
  add_memory(1 << 1, u64{1} << 39, 0x1000);  // beyond what the unit translates
  start();
  EXPECT_EQ(error_of(1), Error::BadArgument);
  EXPECT_FALSE(is_on(16));
  EXPECT_FALSE(fake_unit.is_on);
  *state = {};
  owner.memories[0] = {0x10'0000, 0x1000};
  fake_unit.is_stuck = true;
  fake_unit.capabilities &= ~u64{16};
  start();
  EXPECT_EQ(error_of(1), Error::TimedOut);
  EXPECT_FALSE(is_on(16));
}

TEST_F(Fixture, SaysThatDevicesReachEverything) {
  add_function(16, kDisk);
  start();
  EXPECT_TRUE(logged.empty());  // nobody has a device
  give_device(1, kDisk);
  functions.reset(16);
  start();
  ASSERT_EQ(logged.size(), 1u);
  EXPECT_NE(logged[0].find("device 2.0 reaches all memory"), std::string::npos);
  *state = {};
  has_unit = false;
  start();
  ASSERT_EQ(logged.size(), 2u);
  EXPECT_NE(logged[1].find("devices reach all memory"), std::string::npos);
  EXPECT_EQ(error_of(1), kSuccess);
  EXPECT_EQ(service->idle_deadline(), 0u);
}

TEST_F(Fixture, ReportsWhatWasStopped) {
  add_function(16, kDisk);
  give_device(1, kDisk);
  start();
  EXPECT_GT(service->idle_deadline(), 5u);
  fake_unit.faults = {{16, 0x1234'5000, 5, vt_d::Access::Write}, {24, 0x1000, 6, vt_d::Access::Read}};
  service->report_faults();
  ASSERT_EQ(logged.size(), 2u);
  EXPECT_EQ(logged[0], "device 2.0 of driver1 was kept from writing 0x12345000 (reason 5, number 1)");
  EXPECT_EQ(logged[1], "device 3.0 of nobody was kept from reading 0x1000 (reason 6, number 1)");
  for (int i = 0; i < 1000; i++) {
    fake_unit.faults.assign(3, {16, 0x5000, 5, vt_d::Access::Write});
    service->report_faults();
  }
  EXPECT_LT(logged.size(), 20u);
}

TEST_F(Fixture, LeavesTablesAloneThatAreInUse) {
  add_function(16, kDisk);
  give_device(1, kDisk);
  add_memory(1 << 1, 0x10'0000, 0x2000);
  start();
  auto before = std::vector<std::byte>(table_memory->bytes, table_memory->bytes + kTableBytes);
  fake_unit.order.clear();
  int writes = space.functions[16].writes;
  start();
  EXPECT_TRUE(fake_unit.order.empty());
  EXPECT_EQ(memcmp(before.data(), table_memory->bytes, kTableBytes), 0);
  EXPECT_EQ(space.functions[16].writes, writes);  // a device in use is not measured
  EXPECT_EQ(error_of(1), kSuccess);
  fake_unit.faults = {{16, 0x5000, 5, vt_d::Access::Write}};
  logged.clear();
  service->report_faults();
  EXPECT_NE(logged.at(0).find("driver1"), std::string::npos);
}

/// The bus dies at each step that others see, in one instance or in two: the last one has what the only one would have.
TEST_F(Fixture, MayDieAnywhere) {
  int deaths = 0;
  for (int first = 0;; first++) {
    bool has_died = false;
    for (int second : {-1, 0, 3, 9}) {
      space.functions.clear();
      owner.given.clear();
      owner.memories.clear();
      memories.clear();
      *state = {};
      fake_unit = {};
      fake_unit.memory = table_memory->bytes;
      fake_unit.physical = kTables;
      for (auto& component : components) component.grant_count = 0;
      add_function(16, kDisk);
      add_function(24, kCard);
      give_device(1, kDisk);
      give_device(2, kCard);
      add_memory(1 << 1, 0x10'0000, 0x2000);
      add_memory(1 << 2, 0x20'0000, 0x1000);
      auto before = space.functions;
      for (int left : {first, second}) {
        clock.left = left;
        try {
          start();
        } catch (Death) {
          has_died = true;
          deaths++;
        }
      }
      clock.left = -1;
      start();
      for (u32 function : {16u, 24u}) {
        for (u32 i = 4; i < 10; i++) EXPECT_EQ(space.functions[function].words[i], before[function].words[i]) << first << " " << second;
        EXPECT_TRUE(is_on(function)) << first << " " << second;
      }
      EXPECT_EQ(error_of(1), kSuccess);
      EXPECT_EQ(error_of(2), kSuccess);
      EXPECT_EQ(service->device(Session(2))->size, 0x4000u);
      EXPECT_EQ(message_data(24), 0x42u);
      EXPECT_TRUE(fake_unit.lets(0, 16, 0x10'1000));
      EXPECT_FALSE(fake_unit.lets(0, 24, 0x10'1000));
    }
    if (!has_died) break;
  }
  EXPECT_GT(deaths, 100);
}

}  // namespace
}  // namespace pith::bus
