// Host: standard input and output in the place of the system's services.
#pragma once
#include <poll.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "abi/error.h"
#include "lib/clock.h"
#include "personality/linux/services.h"

namespace pith::personality {

class HostServices final : public personality::Services {
 public:
  FileService* file_service(std::string_view name) override { return name == "ext4" ? file_server : nullptr; }
  std::vector<std::string> file_services() override { return file_server ? std::vector<std::string>{"ext4"} : std::vector<std::string>(); }
  NetworkService* network() override { return stack; }
  Result<u64> console_write(std::span<const std::byte> data) override { return written(1, data); }
  Result<u64> diagnostic_write(std::span<const std::byte> data) override { return written(2, data); }
  Result<u64> console_read(std::span<std::byte> buffer) override {
    pollfd item{0, POLLIN, 0};
    if (poll(&item, 1, 0) <= 0) return u64{0};
    ssize_t got = read(0, buffer.data(), buffer.size());
    if (got <= 0) return Error::EndOfData;
    return u64(got);
  }
  Result<void> console_wait_input() override {
    pollfd item{0, POLLIN, 0};
    poll(&item, 1, 100);
    if (item.revents & POLLHUP && !(item.revents & POLLIN)) usleep(100000);
    return {};
  }
  Result<void> console_drain() override { return {}; }
  Result<void> random(std::span<std::byte> buffer) override {
    (void)!getrandom(buffer.data(), buffer.size(), 0);
    return {};
  }
  Result<u64> wall_offset() override { return u64(time(nullptr)) * kSecond - now(); }
  Result<void> set_wall_offset(u64) override { return {}; }
  Result<u64> component_count() override { return u64{2}; }
  Result<std::string> component_name(u64 component) override { return std::string(component ? "console" : "log"); }
  Result<std::string> component_state(u64) override { return std::string("state running\n"); }
  Result<std::string> component_crash(u64) override { return Error::NotFound; }
  Result<void> component_control(u64 component, std::string_view command) override {
    fprintf(stderr, "host: control %llu '%.*s'\n", static_cast<unsigned long long>(component), int(command.size()), command.data());
    return {};
  }
  void yield() override { usleep(0); }
  void power(u64, u64 code) override { _exit(int(code)); }

  FileService* file_server = nullptr;
  NetworkService* stack = nullptr;

 private:
  static Result<u64> written(int descriptor, std::span<const std::byte> data) {
    ssize_t count = write(descriptor, data.data(), data.size());
    if (count < 0) return Error::EndOfData;
    return u64(count);
  }
};

}  // namespace pith::personality
