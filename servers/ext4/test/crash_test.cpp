// The files service in its vault, killed again and again in each of its calls: every call has one answer, the one it would have had, and
// what is on the disk in the end is whole.
#include "tests/host/crash_test.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "lib/log.h"
#include "lib/vault/state.h"
#include "servers/ext4/service.h"
#include "servers/ext4/test/disk.h"

namespace pith::ext4 {
namespace {

using Method = protocols::FilesMethod;

constexpr u64 kVaultSize = (vault::kStateOffset + sizeof(State) + kPageSize - 1) / kPageSize * kPageSize;
constexpr u64 kLogSize = vault::kFirstEntry - vault::kLogAddress + 2 * 1024 * 1024;

/// Instructions between two deaths; `PITH_CRASH_STEP` says so for a longer run.
u64 stride() {
  const char* wanted = std::getenv("PITH_CRASH_STEP");
  return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 24989;
}

std::unique_ptr<TestDisk> disk;

State& vault_state() { return *reinterpret_cast<State*>(vault::kAddress + vault::kStateOffset); }

class Server final : public Service {
 public:
  Server() : Service(vault::kEndpoint, vault_state(), {disk->memory, TestDisk::kOwnMemory, 0}) {}

 private:
  u64 wall_clock() override { return 1'700'000'000'000'000'000; }
  u64 time() override { return 1'000'000'000; }
  void ring_disk() override {}
  Result<ClientMemory> memory_of(u32) override { return ClientMemory{TestDisk::kClientMemory, disk->client}; }
};

/// What the children of a test tell.
struct Told {
  Words answer;
  u64 sum;  ///< of its long words
};

u64 sum_of(const std::vector<u64>& words) {
  u64 sum = 0;
  for (u64 word : words) sum = sum * 31 + word;
  return sum;
}

class Crash : public testing::Test {
 protected:
  vault::FixedMemory vault_memory{vault::kAddress, kVaultSize}, log_memory{vault::kLogAddress, kLogSize};
  Told* told = static_cast<Told*>(mmap(nullptr, sizeof(Told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  std::unique_ptr<Server> server;
  std::unique_ptr<vault::Loop> loop;
  u64 number = 0, crashes = 0, steps = 0;

  void SetUp() override {
    disk = std::make_unique<TestDisk>(make_image(3 * 1024 * 1024, "-b 1024 -J size=1"));
    vault::world = vault::World();
    vault::open(kLogSize);
    start();
    loop->resume();
  }
  void TearDown() override { munmap(told, sizeof(Told)); }

  void start() {
    server = std::make_unique<Server>();
    loop = std::make_unique<vault::Loop>(*server, *server, vault::kEndpoint, vault::wants_of<Server>());
  }

  /// Until the call has its answer, and the disk nothing to do.
  static void finish(vault::Loop& loop) {
    for (u32 quiet = 0, i = 0; quiet < 4 && i < 5000; i++) {
      u64 before = disk->reads + disk->writes + disk->flushes;
      loop.run(1);
      bool is_quiet = vault::world.clients[0].state == vault::Client::State::Idle && before == disk->reads + disk->writes + disk->flushes;
      quiet = is_quiet ? quiet + 1 : 0;
    }
    EXPECT_EQ(vault::world.clients[0].state, vault::Client::State::Idle);
  }

  /// What root does, and then a new instance.
  void recover() {
    vault::world.server_dies();
    std::vector<std::byte> vault = vault::copy_of(vault::kAddress, kVaultSize), log = vault::copy_of(vault::kLogAddress, kLogSize);
    ASSERT_TRUE(vault::roll_back({vault, log}));
    put_back(vault, log);
    vault::note_start(vault::open(kLogSize));
    ASSERT_TRUE(vault::is_exchange_sound());
    ASSERT_TRUE(vault_state().check());
    Server fresh;
    vault::Loop fresh_loop(fresh, fresh, vault::kEndpoint, vault::wants_of<Server>());
    fresh_loop.resume();
    finish(fresh_loop);
  }
  [[gnu::section(".text.unlogged"), gnu::noinline]] static void put_back(const std::vector<std::byte>& vault,
                                                                         const std::vector<std::byte>& log) {
    memcpy(reinterpret_cast<void*>(vault::kAddress), vault.data(), kVaultSize);
    memcpy(reinterpret_cast<void*>(vault::kLogAddress), log.data(), kLogSize);
  }

  void send(Method method, std::vector<u64> words, std::string_view bytes) {
    vault::Client& client = vault::world.clients[0];
    client.call = {{u64(method) | ++number << ipc::kNumberShift}};
    for (usize i = 0; i < words.size(); i++) client.call.w[1 + i] = words[i];
    client.more.assign((bytes.size() + 7) / 8, 0);
    if (!bytes.empty()) {
      client.call.w[1 + words.size()] = bytes.size();
      memcpy(client.more.data(), bytes.data(), bytes.size());
    }
    client.answers.clear();
    client.long_words.clear();
    client.state = vault::Client::State::Queued;
  }

  /// In a copy of this process; whether all went well there.
  template <class F>
  bool apart(F&& what) {
    pid_t child = fork();
    if (child == 0) {
      what();
      _exit(testing::Test::HasFailure() ? 1 : 0);
    }
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

  void expect_told() {
    const vault::Client& client = vault::world.clients[0];
    ASSERT_EQ(client.answers.size(), 1u);
    EXPECT_EQ(memcmp(&client.answers[0], &told->answer, sizeof(Words)), 0)
        << client.answers[0].w[0] << " " << client.answers[0].w[1] << " for " << told->answer.w[0] << " " << told->answer.w[1];
    EXPECT_EQ(sum_of(client.long_words[0]), told->sum);
  }

  /// What is on the disk when all is written.
  void expect_clean() {
    Image image = disk->image;
    Ran ran = run_on(image, "e2fsck -fy -E journal_only");
    EXPECT_LE(ran.status, 1) << ran.output;
    ran = run_on(image, "e2fsck -fp");  // nodes that somebody holds are taken away
    EXPECT_LE(ran.status, 1) << ran.output;
    ran = run_on(image, "e2fsck -fn");
    EXPECT_EQ(ran.status, 0) << ran.output;
  }

  /// A call, in which copies of the service die. Answers what it gave; nothing when something was wrong before.
  Words call(Method method, std::vector<u64> words = {}, std::string_view bytes = {}) {
    if (HasFailure()) return {};
    send(method, words, bytes);
    EXPECT_TRUE(apart([&] {
      finish(*loop);
      const vault::Client& client = vault::world.clients[0];
      ASSERT_EQ(client.answers.size(), 1u);
      told->answer = client.answers[0];
      told->sum = sum_of(client.long_words[0]);
    }));
    u64 step = 0, next = number * 997 % stride();
    SingleStep::run([&] { finish(*loop); },
                    [&] {
                      if (step++ < next || vault::is_in_kernel || HasFailure()) return;
                      next += stride();
                      crashes++;
                      bool is_good = apart([&] {
                        recover();
                        expect_told();
                        if (crashes % 8 == 0) expect_clean();
                      });
                      if (!is_good) ADD_FAILURE() << "method " << u32(method) << " died at instruction " << step;
                    });
    steps += step;
    expect_told();
    return told->answer;
  }

  files::Attributes attributes() {
    files::Attributes is;
    memcpy(&is, vault::world.clients[0].long_words[0].data(), sizeof is);
    return is;
  }
};

TEST_F(Crash, EveryCallIsDoneOnceWhereverTheServiceDies) {
  constexpr u64 kRoot = EXT2_ROOT_INO;
  EXPECT_EQ(call(Method::Root).w[0], 0u);
  EXPECT_EQ(call(Method::Create, {kRoot, LINUX_S_IFDIR | 0755, 0, 0}, "directory").w[0], 0u);
  u64 directory = attributes().node;
  EXPECT_EQ(call(Method::Create, {directory, LINUX_S_IFREG | 0644, 0, 0}, "file").w[0], 0u);
  u64 file = attributes().node;
  for (u64 i = 0; i < disk->client.size(); i++) disk->client[i] = std::byte(i * 7 + i / 256);
  EXPECT_EQ(call(Method::Write, {file, 300, 9000, 100}).w[1], 9000u);
  EXPECT_EQ(call(Method::Write, {file, 8192, 8192, 1024}).w[2], 16384u);
  EXPECT_EQ(call(Method::Sync, {file}).w[0], 0u);
  EXPECT_EQ(call(Method::Read, {file, 0, 16384, 65536}).w[1], 16384u);
  for (u64 i = 300; i < 16384; i++) {
    u64 from = i < 8192 ? i - 300 + 100 : i - 8192 + 1024;
    ASSERT_EQ(disk->client[65536 + i], disk->client[from]) << i;
  }
  memcpy(disk->client.data(), "filerenamed", 11);
  EXPECT_EQ(call(Method::Rename, {directory, kRoot, 0, 0, 4 | u64{7} << 32}).w[0], 0u);
  EXPECT_EQ(call(Method::Link, {directory, file}, "again").w[0], 0u);
  memset(disk->client.data(), 't', 200);
  EXPECT_EQ(call(Method::Symlink, {directory, 0, 0, 200}, "link").w[0], 0u);
  EXPECT_EQ(call(Method::List, {directory, 0, 0, 4096}).w[0], 0u);
  EXPECT_EQ(call(Method::Allocate, {file, 100000, 50000, 0}).w[1], 150000u);
  files::Attributes to = {};
  to.size = 5000;
  EXPECT_EQ(call(Method::SetAttributes, {file, files::Change::Size}, {reinterpret_cast<const char*>(&to), sizeof to}).w[0], 0u);
  EXPECT_EQ(call(Method::Hold, {file}).w[0], 0u);
  EXPECT_EQ(call(Method::Remove, {kRoot, 0}, "renamed").w[0], 0u);
  EXPECT_EQ(call(Method::Remove, {directory, 0}, "again").w[0], 0u);
  EXPECT_EQ(call(Method::Attributes, {file}).w[0], 0u);
  EXPECT_EQ(call(Method::Release, {file}).w[0], 0u);
  EXPECT_EQ(call(Method::Attributes, {file}).w[0], u64(Error::NotFound));
  EXPECT_EQ(call(Method::Remove, {kRoot, 1}, "directory").w[0], u64(Error::Busy));
  EXPECT_EQ(call(Method::Sync, {0}).w[0], 0u);
  expect_clean();
  EXPECT_GT(crashes, 40u);
  RecordProperty("instructions", int(steps));
  RecordProperty("crashes", int(crashes));
}

}  // namespace
}  // namespace pith::ext4

namespace pith {

void log_line(LogLevel, const char*, ...) {}

MessageBuffer& ipc::message_buffer() {
  static MessageBuffer buffer;
  return buffer;
}

/// The kernel and the disk are not what is killed.
Status invoke(u64 handle, Words& words) {
  vault::is_in_kernel = true;
  ext4::disk->work();
  Status status = vault::world.enter(Handle{handle}, words);
  vault::is_in_kernel = false;
  return status;
}

}  // namespace pith
