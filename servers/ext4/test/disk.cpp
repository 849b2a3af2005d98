// The disk of the tests, and the programs of others that look at it.
#include "servers/ext4/test/disk.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace pith::ext4 {

TestDisk::TestDisk(Image from) : image(std::move(from)), memory(kDiskMemoryBytes), client(4 * 1024 * 1024), stable_(image) {
  ring().sectors = image.size() / block::kSectorSize;
  ring().can_flush = 1;
  ring().is_present = 1;
}

bool TestDisk::work() {
  std::vector<block::Request*> submitted;
  for (block::Request& request : ring().requests) {
    if (request.state == block::State::Submitted) submitted.push_back(&request);
  }
  std::shuffle(submitted.begin(), submitted.end(), random);
  for (block::Request* request : submitted) {
    request->outcome = block::Outcome::Good;
    if (before(*request)) {
      perform(*request);
    } else {
      request->outcome = block::Outcome::Failed;
    }
    request->state = block::State::Done;
  }
  return !submitted.empty();
}

void TestDisk::perform(block::Request& request) {
  if (request.operation == block::Operation::Flush) {
    flushes++;
    for (const Write& write : unflushed_)
      memcpy(stable_.data() + write.sector * block::kSectorSize, write.bytes.data(), write.bytes.size());
    unflushed_.clear();
    return;
  }
  u64 bytes = request.length, place = request.sector * block::kSectorSize;
  std::vector<std::byte>& at = request.memory == kOwnMemory ? memory : client;
  EXPECT_TRUE(request.memory == kOwnMemory || request.memory == kClientMemory);
  if (bytes == 0 || bytes % block::kSectorSize != 0 || bytes > block::kMostBytes || request.offset % block::kSectorSize != 0 ||
      request.offset + bytes > at.size()) {
    ADD_FAILURE() << "malformed request of " << bytes << " bytes at " << request.offset;
    request.outcome = block::Outcome::Malformed;
    return;
  }
  if (place > image.size() || bytes > image.size() - place) {
    request.outcome = block::Outcome::OutOfRange;
    return;
  }
  if (request.operation == block::Operation::Read) {
    reads++;
    memcpy(at.data() + request.offset, image.data() + place, bytes);
  } else {
    writes++;
    memcpy(image.data() + place, at.data() + request.offset, bytes);
    unflushed_.push_back({request.sector, {at.begin() + i64(request.offset), at.begin() + i64(request.offset + bytes)}});
  }
}

Image TestDisk::cut() {
  Image left = stable_;
  for (const Write& write : unflushed_) {
    for (u64 done = 0; done < write.bytes.size(); done += block::kSectorSize) {
      if (random() % 2 == 0) memcpy(left.data() + write.sector * block::kSectorSize + done, write.bytes.data() + done, block::kSectorSize);
    }
  }
  return left;
}

namespace {

/// A file that is gone with this.
class TemporaryFile {
 public:
  TemporaryFile() {
    int descriptor = mkstemp(path);
    EXPECT_GE(descriptor, 0);
    ::close(descriptor);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  ~TemporaryFile() { unlink(path); }
  char path[64] = "/tmp/pith-ext4-XXXXXX";
};

}  // namespace

Ran run_on(Image& image, const std::string& command) {
  TemporaryFile file;
  FILE* stream = fopen(file.path, "wb");
  EXPECT_EQ(fwrite(image.data(), 1, image.size(), stream), image.size());
  fclose(stream);
  std::string line = command;
  if (usize at = line.find('%'); at != line.npos) {
    line.replace(at, 1, file.path);
  } else {
    line += std::string(" ") + file.path;
  }
  // Debian keeps these programs where not everybody looks.
  FILE* program = popen(("PATH=$PATH:/usr/sbin:/sbin; export PATH; " + line + " 2>&1 </dev/null").c_str(), "r");
  Ran ran = {-1, {}};
  char part[4096];
  while (usize length = fread(part, 1, sizeof part, program)) ran.output.append(part, length);
  int status = pclose(program);
  ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  stream = fopen(file.path, "rb");
  EXPECT_EQ(fread(image.data(), 1, image.size(), stream), image.size());
  fclose(stream);
  return ran;
}

Image make_image(u64 bytes, const std::string& options) {
  Image image(bytes);
  Ran ran =
      run_on(image, "mkfs.ext4 -q -F -U 01234567-89ab-cdef-0123-456789abcdef -E hash_seed=01234567-89ab-cdef-0123-456789abcdef " + options);
  EXPECT_EQ(ran.status, 0) << ran.output;
  return image;
}

}  // namespace pith::ext4
