// The FAT service, killed before some of its instructions (a prime number apart) in a run of calls on a small volume: its client has one
// answer each, equal to the run without a crash, and the volume is right to fsck.vfat.
#include "servers/fat/service.h"

#include <unistd.h>

#include <fstream>
#include <memory>

#include "servers/fat/fake_disk.h"
#include "tests/host/crash_test.h"

namespace pith::fat {
namespace {

using Method = protocols::FilesMethod;

constexpr u64 kStateAddress = vault::kAddress + vault::kStateOffset;
constexpr u64 kClientBytes = 64 * 1024;
constexpr u32 kClientMemory = 7, kDiskMemory = 5;

State& state() { return *reinterpret_cast<State*>(kStateAddress); }

alignas(4096) std::byte disk_memory[kDiskMemoryBytes];
alignas(4096) std::byte client_memory[kClientBytes];
std::unique_ptr<FakeDisk> disk;

struct Server final : Service {
  Server() : Service(vault::kEndpoint, fat::state(), SharedMemory{kDiskMemory, disk_memory, 0}, CapabilitySlot(20), 0) {}
  u64 wall_clock() override { return 1'700'000'000'000'000'000; }
  u64 time() override { return 1'000'000'000; }
  Result<ClientMemory> memory_of(u32) override { return ClientMemory{kClientMemory, client_memory}; }
};

struct Toy {
  static constexpr u64 kVaultSize = (kStateAddress - vault::kAddress + sizeof(State) + 4095) / 4096 * 4096;
  using Server = fat::Server;
  static void begin() { fat::state().begin(); }
  static u64 money() { return 0; }
};

class FatService : public vault::CrashTest<Toy> {
 protected:
  static constexpr u32 kEach = 1999;  ///< one of so many instructions is the last of an instance

  /// Everything outside of the vault that lasts.
  struct Outside {
    std::unique_ptr<FakeDisk> disk;
    std::vector<std::byte> disk_bytes, client_bytes;
  };
  static Outside outside() {
    return {std::make_unique<FakeDisk>(*disk),
            {std::begin(disk_memory), std::end(disk_memory)},
            {std::begin(client_memory), std::end(client_memory)}};
  }
  static void set_outside(const Outside& saved) {
    disk = std::make_unique<FakeDisk>(*saved.disk);
    memcpy(disk_memory, saved.disk_bytes.data(), sizeof disk_memory);
    memcpy(client_memory, saved.client_bytes.data(), sizeof client_memory);
  }

  void SetUp() override {
    std::string path = testing::TempDir() + "pith-fat-service-" + std::to_string(getpid());
    ASSERT_EQ(system(("rm -f " + path + "; truncate -s 256K " + path + "; mkfs.vfat -F 12 -s 1 " + path + " >/dev/null").c_str()), 0);
    FakeDisk::Image image(256 * 1024);
    std::ifstream(path, std::ios::binary).read(reinterpret_cast<char*>(image.data()), long(image.size()));
    disk = std::make_unique<FakeDisk>(std::move(image), *reinterpret_cast<block::Ring*>(disk_memory),
                                      std::map<u32, std::span<std::byte>>{{kClientMemory, client_memory}, {kDiskMemory, disk_memory}});
    CrashTest::SetUp();
  }

  static void go_on(vault::Loop& loop) {
    Random random(1);
    for (u32 i = 0; vault::world.clients[0].state != vault::Client::State::Idle && i < 10'000; i++) {
      bool was_in_kernel = std::exchange(vault::is_in_kernel, true);
      while (disk->do_one(random)) {
      }
      vault::is_in_kernel = was_in_kernel;
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
    auto next = std::make_unique<Server>();
    vault::Loop loop(*next, *next, vault::kEndpoint, vault::wants_of<Server>());
    loop.resume();
    go_on(loop);
  }

  /// One call without a crash, and then with one before each kEach-th instruction.
  Words act(Method method, std::vector<u64> arguments, std::string_view name = {}) {
    Words words{{u64(method)}};
    for (usize i = 0; i < arguments.size(); i++) words.w[1 + i] = arguments[i];
    std::vector<u64> more((name.size() + 7) / 8);
    memcpy(more.data(), name.data(), name.size());
    send(0, words, more);
    vault::World world_before = vault::world;
    Memory before = memory();
    Outside outside_before = outside();
    begin_anew();
    vault::World world_after = vault::world;
    std::vector<std::byte> client_after = outside().client_bytes;
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
      EXPECT_TRUE(outside().client_bytes == client_after);
      vault::world = world_here;
      set(here);
      set_outside(outside_here);
      ipc::message_buffer() = buffer;
      vault::local = local_here;
    };
    vault::world.server_dies();
    vault::note_start(vault::open(vault::kLogSize));
    auto next = std::make_unique<Server>();
    vault::Loop loop(*next, *next, vault::kEndpoint, vault::wants_of<Server>());
    SingleStep::run(
        [&] {
          loop.resume();
          go_on(loop);
        },
        crash);
    expect_same(vault::world, world_after);
    EXPECT_EQ(answer().w[0], 0u) << error_name(Error(answer().w[0]));
    return answer();
  }

  /// The node that the last answer describes.
  static u64 node() { return vault::world.clients[0].long_words.back()[0]; }

  u64 crashes = 0;
};

TEST_F(FatService, EveryCallIsDoneOnceWhereverItDies) {
  act(Method::Root, {});
  u64 root = node();
  std::string name = "A name that is long.txt";
  act(Method::Create, {root, 0100644, 0, 0, name.size()}, name);
  u64 file = node();
  act(Method::Hold, {file});
  memset(client_memory, 'x', 3000);
  EXPECT_EQ(act(Method::Write, {file, 0, 3000, 0}).w[2], 3000u);
  memset(client_memory, 'y', 100);
  EXPECT_EQ(act(Method::Write, {file, 3500, 100, 0}).w[2], 3600u);
  act(Method::Create, {root, 0040755, 0, 0, 6}, "folder");
  u64 folder = node();
  act(Method::Sync, {0});
  memcpy(client_memory, (name + "NEW.TXT").data(), name.size() + 7);
  act(Method::Rename, {root, folder, 0, 0, name.size() | u64{7} << 32});
  EXPECT_EQ(act(Method::Read, {file, 2990, 2000, 4096}).w[1], 610u);
  EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(client_memory) + 4096, 610),
            std::string(10, 'x') + std::string(500, '\0') + std::string(100, 'y'));
  act(Method::Sync, {0});
  act(Method::Remove, {folder, 0, 7}, "new.txt");
  act(Method::Release, {file});
  act(Method::Sync, {0});
  EXPECT_GT(crashes, 100u);
  RecordProperty("crashes", int(crashes));
  printf("%llu crashes\n", static_cast<unsigned long long>(crashes));
  std::string path = testing::TempDir() + "pith-fat-service-" + std::to_string(getpid());
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(disk->image().data()), long(disk->image().size()));
  EXPECT_EQ(system(("fsck.vfat -n " + path + " >&2").c_str()), 0);
  (void)remove(path.c_str());
}

}  // namespace
}  // namespace pith::fat
