// What the personality needs from the rest of the system, as plain functions: the seam behind which services and their stubs lie.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace pith::personality {

class FileService;
class NetworkService;

/// Every member may block and is called without the environment's lock.
class Services {
 public:
  /// The file system server that the manifest grants under that name, or null. Does not block.
  virtual FileService* file_service(std::string_view) { return nullptr; }
  /// Names of all of those.
  virtual std::vector<std::string> file_services() { return {}; }
  /// The network stack, or null where none is granted. Does not block.
  virtual NetworkService* network() { return nullptr; }

  virtual ~Services() = default;
  virtual Result<u64> console_write(std::span<const std::byte> data) = 0;
  virtual Result<u64> console_read(std::span<std::byte> buffer) = 0;
  virtual Result<void> console_wait_input() = 0;
  virtual Result<void> console_drain() = 0;
  virtual Result<u64> diagnostic_write(std::span<const std::byte> data) = 0;
  virtual Result<void> random(std::span<std::byte> buffer) = 0;
  virtual Result<u64> wall_offset() = 0;
  virtual Result<void> set_wall_offset(u64 nanoseconds) = 0;
  virtual Result<u64> component_count() = 0;
  virtual Result<std::string> component_name(u64 component) = 0;
  virtual Result<std::string> component_state(u64 component) = 0;
  virtual Result<std::string> component_crash(u64 component) = 0;
  virtual Result<void> component_control(u64 component, std::string_view command) = 0;
  virtual void yield() = 0;
  virtual void power(u64 action, u64 code) = 0;
};

}  // namespace pith::personality
