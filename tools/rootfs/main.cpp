// pith-rootfs: makes the root file system of the Linux environment from Debian's busybox, as a cpio archive.
#include <cstdio>
#include <cstring>
#include <iostream>

#include "tools/common/files.h"
#include "tools/rootfs/cpio.h"

namespace pith::rootfs {

namespace {

constexpr int kFailed = 1, kUsage = 2;
constexpr char kHelp[] = R"(usage: pith-rootfs [--busybox FILE] -o ARCHIVE

Makes a root file system around a static busybox: /bin with a link for each of its applets, /etc, and empty folders.
The same busybox always makes the same archive. Without one the archive is empty: for systems that have their root
file system elsewhere, to which files of a run are added. Exit status: 0 done, 1 failed, 2 wrong usage.
)";

constexpr const char* kFolders[] = {"bin",     "dev",       "etc",           "etc/pith", "home",      "mnt", "proc",
                                    "root",    "run",       "sbin",          "svc",      "sys",       "usr", "usr/bin",
                                    "usr/lib", "usr/local", "usr/local/bin", "usr/sbin", "usr/share", "var", "var/log"};
constexpr const char* kOpenFolders[] = {"tmp", "var/tmp"};

struct TextFile {
  const char* path;
  const char* content;
};
constexpr TextFile kFiles[] = {
    {"etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"},
    {"etc/group", "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n"},
    {"etc/hostname", "pith\n"},
    {"etc/hosts", "127.0.0.1 localhost pith\n"},
    {"etc/shells", "/bin/sh\n/bin/ash\n"},
    {"etc/profile",
     "# Settings of every login shell.\nexport PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin\nexport HOME=/root\nexport "
     "PS1='pith:\\w\\$ '\ncat /etc/motd\n"},
    {"etc/motd",
     "Pith: an unmodified Debian busybox on a microkernel with user-space drivers.\n"
     "Components are files: ls /svc, cat /svc/console/state. Leave with ctrl-a x.\n"},
};

/// Names of the applets, as busybox itself lists them.
std::vector<std::string> applets_of(const std::string& busybox) {
  std::vector<std::string> names;
  FILE* list = popen(("'" + busybox + "' --list").c_str(), "r");
  if (!list) return names;
  char line[256];
  while (fgets(line, sizeof line, list)) {
    line[strcspn(line, "\n")] = 0;
    if (line[0] != 0 && !strchr(line, '/')) names.push_back(line);
  }
  if (pclose(list) != 0) names.clear();
  return names;
}

int write_archive(const Tree& tree, const std::string& output) {
  if (write_file(output, tree.archive())) return 0;
  std::cerr << "pith-rootfs: " << output << " cannot be written\n";
  return kFailed;
}

int make(const std::string& busybox, const std::string& output) {
  auto program = read_file(busybox);
  auto applets = applets_of(busybox);
  if (!program || applets.empty()) {
    std::cerr << "pith-rootfs: " << busybox << " is not a busybox that runs here\n";
    return kFailed;
  }
  Tree tree;
  for (const char* folder : kFolders) tree.add_folder(folder, 0755);
  for (const char* folder : kOpenFolders) tree.add_folder(folder, 01777);
  for (const TextFile& file : kFiles) tree.add_file(file.path, std::string_view(file.content), 0644);
  for (const std::string& applet : applets) tree.add_link("bin/" + applet, "busybox");
  tree.add_file("bin/busybox", std::move(*program), 0755);
  tree.add_link("usr/bin/env", "../../bin/busybox");
  return write_archive(tree, output);
}

}  // namespace

}  // namespace pith::rootfs

int main(int count, char** words) {
  std::string busybox, output;
  for (int i = 1; i < count; i++) {
    std::string word = words[i];
    if (word == "--help" || word == "-h") {
      std::cout << pith::rootfs::kHelp;
      return 0;
    }
    std::string* value = word == "--busybox" ? &busybox : word == "-o" ? &output : nullptr;
    if (!value || i + 1 == count) {
      std::cerr << pith::rootfs::kHelp;
      return pith::rootfs::kUsage;
    }
    *value = words[++i];
  }
  if (output.empty()) {
    std::cerr << pith::rootfs::kHelp;
    return pith::rootfs::kUsage;
  }
  return busybox.empty() ? pith::rootfs::write_archive({}, output) : pith::rootfs::make(busybox, output);
}
