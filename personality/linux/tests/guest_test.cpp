// Programs that print what they see of sockets, files and locks: what they print here, over a network and a disk in memory, is what Linux makes them print.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace {

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(bool(file)) << path;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string output_of(const std::string& command) {
  std::string text;
  FILE* output = popen(command.c_str(), "r");
  char buffer[4096];
  for (size_t got; (got = fread(buffer, 1, sizeof buffer, output)) > 0;) text.append(buffer, got);
  int status = pclose(output);
  EXPECT_EQ(status, 0) << command;
  return text;
}

/// An archive in the form "newc", as the environment takes its root file system.
class Archive {
 public:
  void add(const std::string& path, unsigned mode, const std::string& data) {
    char header[111];
    snprintf(header, sizeof header, "070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08zX%08X", number_++, mode, 0, 0, 1, 0, data.size(), 0, 0, 0,
             0, path.size() + 1, 0);
    text_ += header;
    append(path + std::string(1, 0));
    append(data);
  }
  std::string text() {
    add("TRAILER!!!", 0, "");
    return text_;
  }

 private:
  void append(const std::string& data) {
    text_ += data;
    while (text_.size() % 4) text_ += char(0);
  }
  std::string text_;
  unsigned number_ = 1;
};

/// What a shell command prints in the environment.
std::string guest_output(const std::string& command, const std::vector<std::string>& programs) {
  constexpr unsigned kProgram = 0100755, kFile = 0100644, kFolder = 0040755, kOpenFolder = 0041777, kLink = 0120777;
  Archive archive;
  for (const char* folder : {"bin", "etc", "etc/pith"}) archive.add(folder, kFolder, "");
  archive.add("tmp", kOpenFolder, "");
  archive.add("bin/busybox", kProgram, content_of(PITH_TEST_BUSYBOX));
  archive.add("bin/sh", kLink, "busybox");
  for (const std::string& program : programs) archive.add("bin/" + program, kProgram, content_of(PITH_TEST_PROGRAMS "/" + program));
  archive.add("etc/pith/exec", kFile, command);
  char path[] = "/tmp/guest-test-XXXXXX";
  int file = mkstemp(path);
  std::string text = archive.text();
  EXPECT_EQ(write(file, text.data(), text.size()), ssize_t(text.size()));
  close(file);
  std::string output = output_of("timeout 60 " PITH_TEST_HOST " " + std::string(path) + " exec 2>/dev/null </dev/null");
  unlink(path);
  return output;
}

std::string native_output(const std::string& program, const std::string& argument = "") {
  return output_of("timeout 60 " PITH_TEST_PROGRAMS "/" + program + " " + argument + " 2>/dev/null </dev/null");
}

TEST(GuestTest, Sockets) { EXPECT_EQ(guest_output("sockets", {"sockets"}), native_output("sockets")); }
TEST(GuestTest, UnixSocketsOnADisk) { EXPECT_EQ(guest_output("unix_sockets /disk/socket", {"unix_sockets"}), native_output("unix_sockets")); }
TEST(GuestTest, FilesOnADisk) { EXPECT_EQ(guest_output("mapped /disk", {"mapped"}), native_output("mapped")); }
TEST(GuestTest, LocksOnADisk) { EXPECT_EQ(guest_output("locks /disk/locked", {"locks"}), native_output("locks", "/tmp/guest-test-locked")); }

/// Programs of the disk, many processes at once, with little memory: files twice as large as it.
TEST(GuestTest, MoreFilesThanMemory) {
  setenv("PITH_FRAMES", "6000", 1);
  std::string output = guest_output(
      "b=/disk/busybox; busybox cp /bin/busybox $b; for i in 1 2 3 4; do ($b dd if=/dev/urandom of=/disk/f$i bs=64k count=100 2>/dev/null; "
      "$b cp /disk/f$i /disk/g$i; $b cmp /disk/f$i /disk/g$i && echo same $i) >/disk/out$i 2>&1 & done; wait; busybox cat /disk/out*; busybox sync; "
      "for i in 1 2 3 4; do busybox rm /disk/f$i; busybox cmp /disk/g$i /disk/g$i || echo other; done; busybox umount /disk; "
      "busybox mount -t ext4 ext4 /tmp; busybox ls /tmp",
      {});
  unsetenv("PITH_FRAMES");
  EXPECT_EQ(output, "same 1\nsame 2\nsame 3\nsame 4\nbusybox\ng1\ng2\ng3\ng4\nout1\nout2\nout3\nout4\n");
}

}  // namespace
