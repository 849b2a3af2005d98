// The boot image of one run: the system's own, or one with files added to its root file system.
#include "tools/launch/image.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/common/files.h"
#include "tools/manifest/image_file.h"
#include "tools/rootfs/cpio.h"

namespace pith::launch {

namespace {

/// A whole root file system, or what is added to one that lies on a disk.
constexpr const char* kModules[] = {"rootfs", "additions"};
constexpr char kCommandPath[] = "etc/pith/exec";

/// The bytes as a file in memory that QEMU inherits and opens by its number: nothing is left behind, however the run ends.
int memory_file(const std::vector<u8>& bytes) {
  int descriptor = memfd_create("pith-image", 0);
  usize done = 0;
  while (descriptor >= 0 && done < bytes.size()) {
    ssize_t count = write(descriptor, bytes.data() + done, bytes.size() - done);
    if (count <= 0) {
      close(descriptor);
      return -1;
    }
    done += usize(count);
  }
  return descriptor;
}

}  // namespace

ImageFile open_image(const Options& options) {
  std::string path = options.build + "/image-" + options.system;
  auto image = read_file(path);
  if (!image) return {.problem = "there is no boot image " + path, .user_mistake = {}};
  if (std::string damage = manifest::find_damage(*image); !damage.empty()) {
    return {.problem = "the boot image " + path + " is damaged: " + damage, .user_mistake = {}};
  }
  if (options.command || !options.files.empty()) {
    const char* module = manifest::module_of(*image, kModules[0]).empty() ? kModules[1] : kModules[0];
    auto tree = rootfs::Tree::parse(manifest::module_of(*image, module));
    if (!tree) return {.problem = {}, .user_mistake = "system " + options.system + " has no root file system to add files to"};
    for (const auto& [host, guest] : options.files) {
      if (std::string reason = rootfs::add_from_host(*tree, host, guest); !reason.empty())
        return {.problem = {}, .user_mistake = "--file: " + reason};
    }
    if (options.command) tree->add_file(kCommandPath, *options.command + "\n", 0644);
    image = manifest::replace_module(*image, module, tree->archive());
  }
  int descriptor = memory_file(*image);
  if (descriptor < 0) return {.problem = "no memory for the boot image", .user_mistake = {}};
  return {.descriptor = descriptor, .problem = {}, .user_mistake = {}};
}

}  // namespace pith::launch
