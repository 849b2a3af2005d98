// A host's folder under calls of a client: against a model while instances end at random moments, and with a host that answers anything.
#include "servers/host_folder/folder.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "servers/host_folder/fake_host.h"

namespace pith::host_folder {
namespace {

class Machine final : public Surroundings {
 public:
  static constexpr u32 kClient = 3;

  explicit Machine(u64 seed) : random(seed) {
    registers.queues[0].size = 128;
    device_memory = static_cast<std::byte*>(aligned_alloc(4096, virtio_ninep::kMemoryBytes));
    memset(device_memory, 0, virtio_ninep::kMemoryBytes);
    client_memory.resize(256 * 1024);
    restart();
  }
  ~Machine() { free(device_memory); }

  void restart() {
    device = std::make_unique<virtio_ninep::Device>(registers);
    EXPECT_TRUE(device->start(registers.function, virtio::FakeDevice::kIndex, virtio::FakeDevice::kBytes,
                              {device_memory, virtio_ninep::kMemoryBytes}, reinterpret_cast<u64>(device_memory)));
    folder = std::make_unique<Folder>(*state, static_cast<Surroundings&>(*this), device.get());
  }

  /// One call, to its answer.
  template <class F>
  std::invoke_result_t<F, Folder&> call(F&& method) {
    name = {++calls << 16 | 1, kClient};
    for (u32 tries = 0; tries < 10'000; tries++) {
      *before = *state;
      in_call = true;
      try {
        auto result = method(*folder);
        if (!result) *state = *before;
        in_call = false;
        step();
        return result;
      } catch (Error error) {
        *state = *before;
      }
      in_call = false;
      step();
    }
    ADD_FAILURE() << "a call waits for ever";
    return Error::TimedOut;
  }
  Result<u64> transfer(Transfer::Kind kind, u64 node, u64 offset = 0, u64 length = 0) {
    Token token(++tokens);
    is_answered = false;
    TRY(call([&](Folder& each) { return each.transfer({kind, kClient, token, 0, 0, node, offset, length, 0, 0}); }));
    for (u32 i = 0; i < 10'000 && !is_answered; i++) step();
    EXPECT_TRUE(is_answered);
    return answer;
  }

  /// What happens between calls: the instance looks after things, or ends; the host does something.
  void step() {
    if (restarts_each != 0 && random.below(restarts_each) == 0) restarts++, restart();
    (void)folder->look();
    for (u32 i = 0; folder->is_due(); i++) {
      ASSERT_LT(i, 1000u) << "something is due for ever";
      *before = *state;
      name = {};
      folder->advance();
    }
    if (on_step) on_step();
    (void)host.do_one(registers, random);
    name = {calls << 16 | 1, kClient};
  }
  void settle() {
    for (u32 i = 0; i < 200; i++) step();
  }

  void wait() override {
    if (!in_call) ADD_FAILURE() << "nothing but a call may wait";
    throw Error(Error::WouldBlock);
  }
  Result<ClientMemory> memory_of(u32) override { return ClientMemory{7, client_memory, reinterpret_cast<u64>(client_memory.data()), 0, 0}; }
  vault::CallName caller() override { return name; }
  u32 instance_of_caller() override { return 1; }
  void answer_read(Token token, Result<u64> length) override { take(token, length); }
  void answer_write(Token token, Result<u64> length, u64) override { take(token, length); }
  void answer_sync(Token token, Result<void> result) override { result ? take(token, u64{0}) : take(token, result.error()); }
  void take(Token token, Result<u64> result) {
    if (token.raw != tokens) return;
    EXPECT_FALSE(is_answered) << "answered twice";
    is_answered = true;
    answer = result;
  }

  // What clients do.
  Result<files::Attributes> change(Job::Kind kind, u64 directory, const std::string& one, u64 node = 0, const std::string& other = {},
                                   u64 mode = 0, u64 flags = 0) {
    Job job{};
    job.kind = kind;
    job.directory = directory;
    job.node = node;
    job.mode = mode;
    job.flags = flags;
    job.lengths[0] = u32(one.size());
    job.lengths[1] = u32(other.size());
    memcpy(job.names[0], one.data(), one.size());
    memcpy(job.names[1], other.data(), other.size());
    return call([&](Folder& each) { return each.change(job); });
  }
  Result<std::set<std::string>> list(u64 directory, u64 room = 400) {
    std::set<std::string> names;
    for (u64 cookie = 0, parts = 0; parts < 1000; parts++) {
      auto listed = call([&](Folder& each) { return each.list(directory, cookie, std::span(client_memory).first(room)); });
      if (!listed) return listed.error();
      if (listed->length == 0) return names;
      for (u64 at = 0; at < listed->length;) {
        files::Entry entry;
        memcpy(&entry, client_memory.data() + at, sizeof entry);
        names.emplace(reinterpret_cast<const char*>(client_memory.data()) + at + sizeof entry, entry.length);
        at += (sizeof entry + entry.length + 7) & ~u64{7};
      }
      if (listed->next == cookie) return Error::Damaged;
      cookie = listed->next;
    }
    return Error::Damaged;
  }

  Random random;
  u32 restarts_each = 0, restarts = 0;
  std::unique_ptr<State> state = std::make_unique<State>(), before = std::make_unique<State>();
  virtio::FakeDevice registers;
  FakeHost host;
  std::byte* device_memory;
  std::vector<std::byte> client_memory;
  std::unique_ptr<virtio_ninep::Device> device;
  std::unique_ptr<Folder> folder;
  std::function<void()> on_step;
  vault::CallName name{};
  u64 calls = 0, tokens = 0;
  bool in_call = false, is_answered = false;
  Result<u64> answer = u64{0};
};

constexpr u64 kRoot = FakeHost::kRoot;

/// Random changes of names and contents; the host has what the model has after each, whichever requests were done before an instance ended.
void compare(u64 seed, u32 restarts_each) {
  Machine machine(seed);
  machine.restarts_each = restarts_each;
  machine.host.most_bytes = seed % 2 != 0 ? 700 : ~0u;
  ASSERT_TRUE(machine.call([](Folder& each) { return each.root(); }));
  std::map<std::string, std::string> model;
  std::map<std::string, u64> nodes;
  Random& random = machine.random;
  for (u32 i = 0; i < 250; i++) {
    std::string one = "file " + std::to_string(random.below(6)), other = "file " + std::to_string(random.below(6));
    bool has_one = model.contains(one);
    switch (random.below(6)) {
      case 0: {
        auto made = machine.change(Job::Kind::Make, kRoot, one, 0, {}, 0100644);
        ASSERT_EQ(made.error(), has_one ? Error::AlreadyExists : kSuccess) << i;
        if (made) model[one] = "", nodes[one] = made->node;
        break;
      }
      case 1:
        ASSERT_EQ(machine.change(Job::Kind::Remove, kRoot, one).error(), has_one ? kSuccess : Error::NotFound) << i;
        model.erase(one);
        break;
      case 2: {
        auto moved = machine.change(Job::Kind::Rename, kRoot, one, kRoot, other);
        ASSERT_EQ(moved.error(), has_one ? kSuccess : Error::NotFound) << i;
        if (!has_one || one == other) break;
        model[other] = model[one];
        nodes[other] = nodes[one];
        model.erase(one);
        break;
      }
      case 3: {
        if (!has_one) break;
        u64 offset = random.below(5000), length = 1 + random.below(3000);
        std::string text(length, char('a' + i % 26));
        memcpy(machine.client_memory.data(), text.data(), length);
        auto written = machine.transfer(Transfer::Kind::Write, nodes[one], offset, length);
        ASSERT_TRUE(written) << error_name(written.error());
        ASSERT_EQ(*written, length);
        std::string& data = model[one];
        if (data.size() < offset + length) data.resize(offset + length);
        data.replace(offset, length, text);
        break;
      }
      case 4: {
        if (!has_one) break;
        auto got = machine.transfer(Transfer::Kind::Read, nodes[one], 0, 20'000);
        ASSERT_TRUE(got) << error_name(got.error());
        ASSERT_EQ(std::string(reinterpret_cast<char*>(machine.client_memory.data()), *got), model[one]);
        break;
      }
      default: {
        std::set<std::string> names;
        for (const auto& [name, data] : model) names.insert(name);
        auto listed = machine.list(kRoot);
        ASSERT_TRUE(listed) << error_name(listed.error());
        ASSERT_EQ(*listed, names);
        ASSERT_TRUE(machine.transfer(Transfer::Kind::Sync, 0));
      }
    }
    const auto& names = machine.host.files.at(kRoot).names;
    ASSERT_EQ(names.size(), model.size()) << i;
    for (const auto& [name, data] : model) ASSERT_EQ(machine.host.files.at(names.at(name)).data, data) << i;
  }
  if (restarts_each != 0) EXPECT_GT(machine.restarts, 20u);
}

TEST(HostFolder, IsWhatItsClientMakesOfIt) {
  for (u64 seed = 1; seed <= 4; seed++) compare(seed, 0);
}

TEST(HostFolder, EverythingIsDoneOnceThoughInstancesEnd) {
  for (u64 seed = 1; seed <= 12; seed++) {
    compare(seed, 3 + u32(seed % 20));
    if (testing::Test::HasFatalFailure()) FAIL() << "seed " << seed;
  }
}

TEST(HostFolder, KnowsMoreFilesThanItsTableHolds) {
  Machine machine(1);
  for (u32 i = 0; i < 5 * kNodes; i++) machine.host.add("file " + std::to_string(i), std::to_string(i));
  ASSERT_TRUE(machine.call([](Folder& each) { return each.root(); }));
  for (u32 i = 0; i < 5 * kNodes; i++) {
    auto found = machine.call([&](Folder& each) { return each.lookup(kRoot, "file " + std::to_string(i)); });
    ASSERT_TRUE(found) << error_name(found.error());
    ASSERT_EQ(*machine.transfer(Transfer::Kind::Read, found->node, 0, 100), std::to_string(i).size());
  }
  auto listed = machine.list(kRoot, 4096);
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->size(), 5 * kNodes);
}

TEST(HostFolder, RefusesNamesThatLeadElsewhere) {
  Machine machine(1);
  ASSERT_TRUE(machine.call([](Folder& each) { return each.root(); }));
  for (std::string name : {"..", ".", "", "a/b", "../x"}) {
    EXPECT_EQ(machine.call([&](Folder& each) { return each.lookup(kRoot, name); }).error(), Error::BadArgument) << name;
  }
}

TEST(HostFolder, SaysWhenTheDeviceIsGone) {
  Machine machine(1);
  machine.host.add("file", "text");
  ASSERT_TRUE(machine.call([](Folder& each) { return each.root(); }));
  machine.on_step = [&] { machine.registers.status = 0xff; };
  machine.registers.never_resets = true;
  EXPECT_EQ(machine.call([](Folder& each) { return each.lookup(kRoot, "file"); }).error(), Error::Damaged);
  EXPECT_EQ(machine.change(Job::Kind::Make, kRoot, "new", 0, {}, 0100644).error(), Error::Damaged);
  machine.folder = std::make_unique<Folder>(*machine.state, static_cast<Surroundings&>(machine), nullptr);
  EXPECT_EQ(machine.call([](Folder& each) { return each.root(); }).error(), Error::NotFound);
}

/// Replies in which anything may stand: errors at worst, and everything is right again when the host is.
TEST(HostFolder, SurvivesAHostThatAnswersAnything) {
  u64 all = 0;
  for (u64 seed = 1; seed <= 20; seed++) {
    Machine machine(seed);
    Random mutations(seed);
    machine.host.add("file", std::string(5000, 'x'));
    u64 folder = machine.host.add("folder", "", kRoot, 0040755);
    for (u32 i = 0; i < 20; i++) machine.host.add("name " + std::to_string(i), "y", folder);
    u64 mutated = 0;
    bool is_hostile = true;
    machine.host.on_reply = [&](std::vector<std::byte>& reply) {
      if (!is_hostile || mutations.below(4) != 0) return;
      mutated++;
      if (mutations.below(8) == 0) reply.resize(mutations.below(reply.size() + 1));
      if (mutations.below(8) == 0) reply.resize(reply.size() + mutations.below(100));
      for (u64 changes = mutations.below(4); changes > 0 && !reply.empty(); changes--) {
        u64 most = mutations.below(2) != 0 ? 24 : reply.size();
        reply[mutations.below(std::min<u64>(most, reply.size()))] = std::byte(mutations.below(2) != 0 ? 0xff : mutations.below(256));
      }
    };
    for (u32 i = 0; i < 100; i++) {
      std::string name = "name " + std::to_string(mutations.below(22));
      auto found = machine.call([&](Folder& each) { return each.lookup(mutations.below(2) != 0 ? kRoot : folder, name); });
      (void)machine.call([](Folder& each) { return each.root(); });
      (void)machine.list(mutations.below(2) != 0 ? kRoot : folder);
      (void)machine.change(Job::Kind::Make, kRoot, name, 0, {}, mutations.below(2) != 0 ? 0100644 : 0040755);
      (void)machine.change(Job::Kind::Rename, kRoot, name, kRoot, "file");
      (void)machine.change(Job::Kind::Remove, kRoot, name);
      (void)machine.call([](Folder& each) { return each.space(); });
      if (found) {
        (void)machine.transfer(Transfer::Kind::Read, found->node, 0, 3000);
        (void)machine.transfer(Transfer::Kind::Write, found->node, 0, 3000);
        (void)machine.call([&](Folder& each) { return each.read_link(found->node, machine.client_memory); });
        (void)machine.call([&](Folder& each) { return each.hold(Machine::kClient, found->node); });
      }
      if (i % 10 == 0) machine.restart();
      if (testing::Test::HasFailure()) FAIL() << "seed " << seed;
    }
    all += mutated;
    is_hostile = false;
    machine.restart();
    machine.settle();
    // The folder was perhaps told by a number that it does not have.
    auto root = machine.call([](Folder& each) { return each.root(); });
    ASSERT_TRUE(root) << "seed " << seed << " " << error_name(root.error());
    auto listed = machine.list(root->node, 4096);
    ASSERT_TRUE(listed) << "seed " << seed << " " << error_name(listed.error());
  }
  EXPECT_GT(all, 2000u);
}

}  // namespace
}  // namespace pith::host_folder
