// Runs the service in a host test: calls as events that are taken back when they fail, and a disk that answers in between.
#pragma once
#include <gtest/gtest.h>

#include <csetjmp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "abi/error.h"
#include "servers/ext4/service.h"
#include "servers/ext4/test/disk.h"

namespace pith::ext4 {

inline constexpr Session kClient(5);

class TestService final : public Service {
 public:
  TestService(State& state, TestDisk& disk, u32 partition = 0)
      : Service(CapabilitySlot(1), state, {disk.memory, TestDisk::kOwnMemory, partition}), disk_(disk) {}
  u64 now = 1'000'000'000;

 private:
  u64 wall_clock() override { return 1'700'000'000'000'000'000 + now; }
  u64 time() override { return now; }
  void ring_disk() override {}
  Result<ClientMemory> memory_of(u32 session) override {
    if (session != u32(kClient.raw)) return Error::NotFound;
    return ClientMemory{TestDisk::kClientMemory, disk_.client};
  }
  TestDisk& disk_;
};

/// A service with its disk.
class Harness {
 public:
  explicit Harness(Image image, u32 partition = 0);
  ~Harness();

  /// What a call answers, when everything that it waits for has happened.
  template <class T>
  Result<T> call(const std::function<Result<T>()>& method) {
    for (u32 tries = 0; tries < 2000; tries++) {
      std::optional<Result<T>> answer;
      bool is_parked = run([&]() -> Error {
        answer.emplace(method());
        return answer->error();
      });
      if (!is_parked) {
        turns();
        if (!answer) return aborted_;
        return std::move(*answer);
      }
      now() += 1000;
      turns();
    }
    ADD_FAILURE() << "a call does not come to its end";
    return Error::TimedOut;
  }

  /// Until the service waits for a call.
  void turns();
  u64& now() { return service->now; }
  /// The instance is lost, its vault and its disk stay.
  void restart();

  // The protocol, with its places in the client's memory hidden.
  Result<files::Attributes> lookup(u64 directory, std::string_view name);
  Result<files::Attributes> attributes(u64 node);
  Result<files::Attributes> set_attributes(u64 node, u64 changes, const files::Attributes& to);
  Result<files::Attributes> create(u64 directory, u64 mode, std::string_view name, u64 device = 0);
  Result<files::Attributes> link(u64 directory, u64 node, std::string_view name);
  Result<files::Attributes> symlink(u64 directory, std::string_view text, std::string_view name);
  Result<std::string> read_link(u64 node);
  Result<void> remove(u64 directory, bool is_directory, std::string_view name);
  Result<void> rename(u64 from, std::string_view old_name, u64 to, std::string_view new_name, u64 flags = 0);
  Result<std::map<std::string, u64>> list(u64 directory);
  Result<std::string> read(u64 node, u64 offset, u64 length, u64 place = 0);
  Result<u64> write(u64 node, u64 offset, std::string_view data, u64 place = 0);
  Result<void> sync();
  Result<void> hold(u64 node);
  Result<void> release(u64 node);
  Result<u64> allocate(u64 node, u64 offset, u64 length, u64 flags);
  Result<files::Attributes> root();
  /// All is written, and the file system is marked as not in use.
  void close();

  State& state() { return *state_; }
  /// The last of the calls that may be answered later has its answer; what the service does behind that may still be under way.
  bool is_answered() const;

  std::unique_ptr<TestDisk> disk;
  std::unique_ptr<TestService> service;
  bool has_failed_to_rest = false;

 private:
  friend void abort_run(Error why, bool is_parked);
  /// One event. Whether it was parked.
  bool run(const std::function<Error()>& event);
  template <class T>
  Result<T> deferred(const std::function<Result<void>(Token)>& method, const std::function<T(const Words&)>& answer);

  State* state_;
  std::vector<std::byte> before_;
  u32 partition_;
  u32 tokens_ = 0;
  Error aborted_ = Error(0);
};

}  // namespace pith::ext4
