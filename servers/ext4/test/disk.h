// A disk in memory behind a ring, for tests: it may do its requests in any order, fail, and lose what was not flushed when its power is
// cut.
#pragma once
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "protocols/block_ring.h"
#include "servers/ext4/sizes.h"

namespace pith::ext4 {

using Image = std::vector<std::byte>;

class TestDisk {
 public:
  static constexpr u32 kOwnMemory = 3, kClientMemory = 7;

  explicit TestDisk(Image image);

  /// Does what is submitted, in a random order; whether there was something.
  bool work();
  /// The disk as it may be when the power goes now: what was written since the last flush, or not.
  Image cut();

  block::Ring& ring() { return *reinterpret_cast<block::Ring*>(memory.data()); }

  Image image;
  alignas(4096) std::vector<std::byte> memory;
  std::vector<std::byte> client;
  std::mt19937_64 random{1};
  u64 reads = 0, writes = 0, flushes = 0;
  /// Called before each request; false: the device fails it.
  std::function<bool(const block::Request&)> before = [](const block::Request&) { return true; };

 private:
  void perform(block::Request& request);

  struct Write {
    u64 sector;
    std::vector<std::byte> bytes;
  };
  Image stable_;
  std::vector<Write> unflushed_;
};

/// Runs a program of e2fsprogs, which gets the path of the image; `image` is what it leaves. Answers its exit status and output.
struct Ran {
  int status;
  std::string output;
};
Ran run_on(Image& image, const std::string& command);
/// A new file system of so many bytes; `options` of mkfs.ext4, beside Debian's defaults.
Image make_image(u64 bytes, const std::string& options = "");

}  // namespace pith::ext4
