// A FAT volume in a host test: the test is the vault, which takes events back, the disk and the clients.
#pragma once
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <string>

#include "servers/fat/fake_disk.h"
#include "servers/fat/volume.h"

namespace pith::fat {

using Image = FakeDisk::Image;

/// A folder for files that other programs read and write.
class Scratch {
 public:
  Scratch() {
    char name[] = "/tmp/pith-fat-XXXXXX";
    path_ = mkdtemp(name);
  }
  ~Scratch() { (void)run("rm -rf " + path_); }
  std::string at(const std::string& name) const { return path_ + "/" + name; }

  struct Ended {
    int status;
    std::string output;
  };
  static Ended run(const std::string& command) {
    FILE* pipe = popen(("( " + command + " ) 2>&1").c_str(), "r");
    std::string output;
    char buffer[4096];
    while (size_t length = fread(buffer, 1, sizeof buffer, pipe)) output.append(buffer, length);
    return {pclose(pipe), output};
  }

  Image make(u64 bytes, const std::string& options) const {
    Ended ended = run("rm -f " + at("disk") + "; truncate -s " + std::to_string(bytes) + " " + at("disk") + "; mkfs.vfat " + options + " " +
                      at("disk"));
    EXPECT_EQ(ended.status, 0) << ended.output;
    return load("disk");
  }
  Image load(const std::string& name) const {
    std::ifstream file(at(name), std::ios::binary | std::ios::ate);
    Image image{usize(file.tellg())};
    file.seekg(0);
    file.read(reinterpret_cast<char*>(image.data()), long(image.size()));
    return image;
  }
  void store(const std::string& name, const Image& image) const {
    std::ofstream(at(name), std::ios::binary).write(reinterpret_cast<const char*>(image.data()), long(image.size()));
  }
  /// What fsck.vfat says.
  Ended check(const Image& image) const {
    store("checked", image);
    return run("fsck.vfat -n " + at("checked"));
  }

 private:
  std::string path_;
};

class Machine final : public Surroundings {
 public:
  static constexpr u32 kClient = 3, kClientMemory = 7, kDiskMemory = 5;
  static constexpr u64 kClientBytes = 1 << 20;

  explicit Machine(Image image, u64 seed = 1, u32 which = 0) : random(seed), partition(which) {
    state->begin();
    disk_memory = {static_cast<std::byte*>(aligned_alloc(4096, kDiskMemoryBytes)), kDiskMemoryBytes};
    memset(disk_memory.data(), 0, kDiskMemoryBytes);
    client_memory.resize(kClientBytes);
    disk = std::make_unique<FakeDisk>(std::move(image), *reinterpret_cast<block::Ring*>(disk_memory.data()),
                                      std::map<u32, std::span<std::byte>>{{kClientMemory, client_memory}, {kDiskMemory, disk_memory}});
    restart();
  }
  ~Machine() { free(disk_memory.data()); }

  /// A new instance.
  void restart() {
    volume = std::make_unique<Volume>(*state, static_cast<Surroundings&>(*this), SharedMemory{kDiskMemory, disk_memory, 0},
                                      CapabilitySlot(9), partition);
  }

  /// One call, to its answer.
  template <class F>
  std::invoke_result_t<F, Volume&> call(F&& method) {
    for (u32 tries = 0; tries < 100'000; tries++) {
      *before = *state;
      try {
        auto result = method(*volume);
        if (!result) *state = *before;
        settle();
        return result;
      } catch (Error error) {
        *state = *before;
        if (error != Error::WouldBlock) return error;
      }
      settle();
    }
    ADD_FAILURE() << "a call waits for ever";
    return Error::TimedOut;
  }
  /// The same for methods that are answered later.
  template <class F>
  Result<u64> call_deferred(F&& method) {
    Token token(++tokens);
    is_answered = false;
    Result<void> result = call([&](Volume& each) -> Result<void> { return method(each, token); });
    if (!result) return result.error();
    for (u32 i = 0; i < 1000 && !is_answered; i++) settle();
    EXPECT_TRUE(is_answered);
    return answer;
  }

  /// Until nothing is left to be done.
  void settle() {
    for (u32 steps = 0; steps < 10'000'000; steps++) {
      if (restarts_each != 0 && random.below(restarts_each) == 0) restart();
      (void)volume->look();
      if (volume->is_due()) {
        *before = *state;
        try {
          events++;
          volume->advance();
          continue;
        } catch (Error error) {
          *state = *before;
          EXPECT_EQ(error, Error::WouldBlock);
        }
      }
      if (on_request) on_request();
      if (!disk->do_one(random)) {
        (void)volume->look();
        if (!disk->has_requests() && !volume->is_due()) return;
      }
    }
    ADD_FAILURE() << "the volume does not come to an end";
  }

  // What clients do.
  Result<files::Attributes> lookup(u64 directory, std::string_view name) {
    return call([&](Volume& each) { return each.lookup(directory, name); });
  }
  Result<files::Attributes> create(u64 directory, std::string_view name, u64 mode = 0100644) {
    return call([&](Volume& each) { return each.create(directory, mode, name); });
  }
  Result<void> remove(u64 directory, std::string_view name, Volume::Kind kind = Volume::Kind::File) {
    return call([&](Volume& each) { return each.remove(directory, kind, name); });
  }
  Result<u64> write(u64 node, u64 offset, std::string_view data, u64 place = 0) {
    memcpy(client_memory.data() + place, data.data(), data.size());
    return call_deferred([&](Volume& each, Token token) { return each.write(kClient, token, node, offset, data.size(), place); });
  }
  Result<std::string> read(u64 node, u64 offset, u64 length, u64 place = 0) {
    Result<u64> result = call_deferred([&](Volume& each, Token token) { return each.read(kClient, token, node, offset, length, place); });
    if (!result) return result.error();
    return std::string(reinterpret_cast<const char*>(client_memory.data()) + place, *result);
  }
  Result<u64> sync() {
    return call_deferred([&](Volume& each, Token token) { return each.sync(token, 0); });
  }
  struct Name {
    std::string name;
    u64 node;
    u32 mode;
  };
  Result<std::vector<Name>> list(u64 directory, u64 room = 4096) {
    std::vector<Name> names;
    for (u64 cookie = 0;;) {
      auto listed = call([&](Volume& each) { return each.list(directory, cookie, std::span(client_memory).first(room)); });
      if (!listed) return listed.error();
      if (listed->length == 0) return names;
      for (u64 at = 0; at < listed->length;) {
        files::Entry entry;
        memcpy(&entry, client_memory.data() + at, sizeof entry);
        names.push_back(
            {std::string(reinterpret_cast<const char*>(client_memory.data()) + at + sizeof entry, entry.length), entry.node, entry.mode});
        at += (sizeof entry + entry.length + 7) & ~u64{7};
      }
      cookie = listed->next;
    }
  }

  // Surroundings.
  u64 wall_clock() override { return wall; }
  u64 time() override { return now; }
  Result<ClientMemory> memory_of(u32 session) override {
    if (session != kClient) return Error::NotFound;
    return ClientMemory{kClientMemory, client_memory};
  }
  u32 instance_of_caller() override { return client_instance; }
  void wait() override { throw Error(Error::WouldBlock); }
  void give_up(Error why) override { throw why; }
  void answer_read(Token token, Result<u64> length) override { take(token, length); }
  void answer_write(Token token, Result<u64> length, u64 size) override {
    take(token, length);
    written_size = size;
  }
  void answer_sync(Token token, Result<void> result) override {
    if (result) return take(token, u64{0});
    take(token, result.error());
  }

  Random random;
  u32 partition;
  std::unique_ptr<State> state = std::make_unique<State>(), before = std::make_unique<State>();
  std::span<std::byte> disk_memory;
  std::vector<std::byte> client_memory;
  std::unique_ptr<FakeDisk> disk;
  std::unique_ptr<Volume> volume;
  u64 wall = 1'700'000'000'000'000'000, now = 1'000'000'000;
  u32 client_instance = 1;
  u32 restarts_each = 0;  ///< the instance is replaced in one of so many steps
  std::function<void()> on_request;
  u64 tokens = 0, events = 0, written_size = 0;
  bool is_answered = false;
  Result<u64> answer = u64{0};

 private:
  void take(Token token, Result<u64> result) {
    // An event that is taken back has not answered; the tests have one call at a time.
    is_answered = token.raw == tokens;
    answer = result;
  }
};

}  // namespace pith::fat
