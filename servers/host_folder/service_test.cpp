// The service of a host's folder, killed before some of its instructions (a prime number apart) in a run of calls: its client has one
// answer each, equal to the run without a crash, and the host's folder is as it is then, whether the host did what it was asked for or not.
#include "servers/host_folder/service.h"

#include <memory>

#include "servers/host_folder/fake_host.h"
#include "tests/host/crash_test.h"

namespace pith::host_folder {
namespace {

using Method = protocols::FilesMethod;

constexpr u64 kStateAddress = vault::kAddress + vault::kStateOffset;
constexpr u64 kClientBytes = 64 * 1024;

State& state() { return *reinterpret_cast<State*>(kStateAddress); }

alignas(4096) std::byte device_memory[virtio_ninep::kMemoryBytes];
alignas(4096) std::byte client_memory[kClientBytes];
virtio::FakeDevice registers;
FakeHost host;

struct Server final : Service {
  Server() : Service(vault::kEndpoint, host_folder::state(), nullptr) {}
  explicit Server(virtio_ninep::Device* device) : Service(vault::kEndpoint, host_folder::state(), device) {}
  Result<ClientMemory> memory_of(u32) override { return ClientMemory{7, client_memory, reinterpret_cast<u64>(client_memory), 0, 0}; }
};

/// What is not the server's is not stepped through.
class AtFullSpeed {
 public:
  AtFullSpeed() {
    u64 flags;
    asm volatile("pushf\n\tpopq %0" : "=r"(flags)::"memory");
    is_stepping_ = (flags & kTrap) != 0;
    was_in_kernel_ = std::exchange(vault::is_in_kernel, true);
    if (is_stepping_) asm volatile("pushf\n\tandq $~0x100, (%%rsp)\n\tpopf" ::: "cc", "memory");
  }
  ~AtFullSpeed() {
    if (is_stepping_) asm volatile("pushf\n\torq $0x100, (%%rsp)\n\tpopf" ::: "cc", "memory");
    vault::is_in_kernel = was_in_kernel_;
  }

 private:
  static constexpr u64 kTrap = 0x100;
  bool is_stepping_, was_in_kernel_;
};

/// An instance begins with a device that it resets.
struct Instance {
  virtio_ninep::Device device{registers};
  std::unique_ptr<Server> server;
  Instance() {
    EXPECT_TRUE(device.start(registers.function, virtio::FakeDevice::kIndex, virtio::FakeDevice::kBytes, device_memory,
                             reinterpret_cast<u64>(device_memory)));
    server = std::make_unique<Server>(&device);
  }
};

struct Toy {
  static constexpr u64 kVaultSize = (kStateAddress - vault::kAddress + sizeof(State) + 4095) / 4096 * 4096;
  using Server = host_folder::Server;
  static void begin() { host_folder::state().begin(); }
  static u64 money() { return 0; }
};

class HostFolderService : public vault::CrashTest<Toy> {
 protected:
  static constexpr u32 kEach = 4999;  ///< one of so many instructions is the last of an instance

  /// Everything outside of the vault that lasts.
  struct Outside {
    FakeHost host;
    virtio::FakeDevice registers;
    std::vector<std::byte> device_bytes, client_bytes;
  };
  static Outside outside() {
    return {host, registers, {std::begin(device_memory), std::end(device_memory)}, {std::begin(client_memory), std::end(client_memory)}};
  }
  static void set_outside(const Outside& saved) {
    host = saved.host;
    registers = saved.registers;
    memcpy(device_memory, saved.device_bytes.data(), sizeof device_memory);
    memcpy(client_memory, saved.client_bytes.data(), sizeof client_memory);
  }

  void SetUp() override {
    registers.queues[0].size = 128;
    CrashTest::SetUp();
  }

  static void go_on(vault::Loop& loop) {
    static Random random(1);
    for (u32 i = 0; vault::world.clients[0].state != vault::Client::State::Idle && i < 10'000; i++) {
      {
        AtFullSpeed host_works;
        (void)host.do_one(registers, random);
      }
      loop.run(1);
    }
    EXPECT_EQ(vault::world.clients[0].state, vault::Client::State::Idle);
  }

  static void begin_anew() {
    vault::world.server_dies();
    Memory remains = memory();
    ASSERT_TRUE(vault::roll_back({remains.vault, remains.log}));
    set(remains);
    vault::note_start(vault::open(vault::kLogSize));
    auto next = std::make_unique<Instance>();
    vault::Loop loop(*next->server, *next->server, vault::kEndpoint, vault::wants_of<Server>());
    loop.resume();
    go_on(loop);
    // What has nobody waiting for it.
    Random random(2);
    for (u32 i = 0; i < 200 && (host.do_one(registers, random) || i < 20); i++) loop.run(1);
  }

  /// One call without a crash, and then with one before each kEach-th instruction.
  Words act(Method method, std::vector<u64> arguments, std::string_view name = {}, Error expected = kSuccess) {
    Words words{{u64(method)}};
    for (usize i = 0; i < arguments.size(); i++) words.w[1 + i] = arguments[i];
    std::vector<u64> more((name.size() + 7) / 8);
    memcpy(more.data(), name.data(), name.size());
    if (method == Method::SetAttributes) more.resize(13);
    send(0, words, more);
    vault::World world_before = vault::world;
    Memory before = memory();
    Outside outside_before = outside();
    begin_anew();
    vault::World world_after = vault::world;
    Outside after = outside();
    vault::world = world_before;
    set(before);
    set_outside(outside_before);
    u64 steps = 0;
    auto crash = [&] {
      if (vault::is_in_kernel || testing::Test::HasFailure() || steps++ % kEach != 0) return;
      crashes++;
      Memory here = memory();
      vault::World world_here = vault::world;
      MessageBuffer buffer = ipc::message_buffer();
      vault::Local local_here = vault::local;
      Outside outside_here = outside();
      begin_anew();
      expect_same(vault::world, world_after);
      EXPECT_EQ(host.dump(), after.host.dump());
      EXPECT_TRUE(outside().client_bytes == after.client_bytes);
      late += host.late;
      vault::world = world_here;
      set(here);
      set_outside(outside_here);
      ipc::message_buffer() = buffer;
      vault::local = local_here;
    };
    vault::world.server_dies();
    vault::note_start(vault::open(vault::kLogSize));
    auto next = std::make_unique<Instance>();
    vault::Loop loop(*next->server, *next->server, vault::kEndpoint, vault::wants_of<Server>());
    SingleStep::run(
        [&] {
          loop.resume();
          go_on(loop);
        },
        crash);
    expect_same(vault::world, world_after);
    EXPECT_EQ(answer().w[0], u64(expected)) << error_name(Error(answer().w[0]));
    return answer();
  }

  /// The node that the last answer describes.
  static u64 node() { return vault::world.clients[0].long_words.back()[0]; }
  void rename(u64 from, const std::string& name, u64 to, const std::string& fresh, u64 flags = 0, Error expected = kSuccess) {
    memcpy(client_memory, (name + fresh).data(), name.size() + fresh.size());
    act(Method::Rename, {from, to, flags, 0, name.size() | fresh.size() << 32}, {}, expected);
  }

  u64 crashes = 0, late = 0;
};

TEST_F(HostFolderService, EveryCallIsDoneOnceWhereverItDies) {
  act(Method::Root, {});
  u64 root = node();
  EXPECT_EQ(root, FakeHost::kRoot);
  EXPECT_EQ(act(Method::State, {}).w[4], 4096u | u64(files::Kind::HostFolder) << 40);
  std::string name = "A name that is long.txt";
  act(Method::Create, {root, 0100644, 0, 0, name.size()}, name);
  u64 file = node();
  memset(client_memory, 'x', 3000);
  EXPECT_EQ(act(Method::Write, {file, 0, 3000, 0}).w[2], 3000u);
  memset(client_memory, 'y', 100);
  EXPECT_EQ(act(Method::Write, {file, 3500, 100, 0}).w[2], 3600u);
  act(Method::Create, {root, 0040755, 0, 0, 6}, "folder");
  u64 folder = node();
  rename(root, name, folder, "new.txt");
  EXPECT_EQ(act(Method::Read, {file, 2990, 2000, 4096}).w[1], 610u);
  EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(client_memory) + 4096, 610),
            std::string(10, 'x') + std::string(500, '\0') + std::string(100, 'y'));
  act(Method::SetAttributes, {file, files::Change::Size, 104});
  EXPECT_EQ(host.files.at(file).data, "");
  act(Method::Link, {root, file, 5}, "other");
  memcpy(client_memory, "folder/new.txt", 14);
  act(Method::Symlink, {root, 0, 0, 14, 4}, "link");
  EXPECT_EQ(act(Method::ReadLink, {node(), 100}).w[1], 14u);
  EXPECT_GT(act(Method::List, {root, 0, 0, 4096}).w[1], 0u);
  rename(root, "other", folder, "new.txt", 1, Error::AlreadyExists);
  // What is open stays when it loses its names.
  act(Method::Remove, {root, 0, 5}, "other");
  act(Method::Hold, {file});
  memset(client_memory, 'z', 10);
  act(Method::Write, {file, 0, 10, 0});
  act(Method::Create, {folder, 0100600, 0, 0, 5}, "third");
  rename(folder, "third", folder, "new.txt");
  EXPECT_EQ(act(Method::Read, {file, 0, 100, 200}).w[1], 10u);
  EXPECT_EQ(host.files.at(FakeHost::kRoot).names.size(), 3u) << host.dump();
  act(Method::Release, {file});
  act(Method::Remove, {root, 1, 6}, "folder", Error::Busy);
  act(Method::Remove, {folder, 0, 7}, "new.txt");
  act(Method::Remove, {root, 1, 6}, "folder");
  act(Method::Remove, {root, 0, 4}, "link");
  act(Method::Sync, {0});
  EXPECT_EQ(host.dump(), "");
  EXPECT_GT(crashes, 100u);
  printf("%llu crashes, %llu requests done after them\n", static_cast<unsigned long long>(crashes), static_cast<unsigned long long>(late));
}

}  // namespace
}  // namespace pith::host_folder
