// The virtual machine as QEMU's command line.
#include "tools/launch/machine.h"

namespace pith::launch {

namespace {

/// QEMU takes a comma for the end of a value unless there are two.
std::string escaped(const std::string& value) {
  std::string result;
  for (char c : value) result += c == ',' ? ",," : std::string(1, c);
  return result;
}

std::string open_file(int descriptor) { return "/dev/fd/" + std::to_string(descriptor); }

}  // namespace

std::vector<std::string> machine_command(const Options& options, const Connections& connections) {
  std::string words = options.command ? "exec" : "";
  if (!options.append.empty()) words += (words.empty() ? "" : " ") + options.append;
  std::vector<std::string> command{"qemu-system-" + options.arch,
                                   "-machine",
                                   "q35",
                                   "-accel",
                                   options.is_parallel && !options.counts_instructions ? "tcg,thread=multi" : "tcg,thread=single",
                                   "-cpu",
                                   "max",
                                   "-m",
                                   options.memory,
                                   "-smp",
                                   std::to_string(options.cpus),
                                   "-nodefaults",
                                   "-no-user-config",
                                   "-no-reboot",
                                   "-global",
                                   "ICH9-LPC.noreboot=off",
                                   "-display",
                                   "none",
                                   "-vga",
                                   "none",
                                   "-nic",
                                   "none",
                                   "-device",
                                   "isa-debug-exit,iobase=0xf4,iosize=4",
                                   "-kernel",
                                   options.build + "/kernel.elf",
                                   "-initrd",
                                   open_file(connections.image),
                                   "-chardev",
                                   "file,id=diagnostics,path=" + open_file(connections.diagnostics)};
  auto add = [&](std::initializer_list<std::string> more) { command.insert(command.end(), more); };
  if (!words.empty()) add({"-append", words});
  // A person at the terminal gets ctrl-a x, and ctrl-c goes to the system; bytes from a pipe or for a command are not interpreted.
  if (options.command || !connections.has_terminal) {
    add({"-chardev", "stdio,id=terminal", "-monitor", "none"});
  } else {
    add({"-chardev", "stdio,id=terminal,mux=on,signal=off", "-mon", "chardev=terminal"});
  }
  add({"-serial", "chardev:terminal", "-serial", "chardev:diagnostics"});
  // Devices reach the memory that the bus lets them reach.
  if (options.has_iommu) add({"-device", "intel-iommu,intremap=off"});
  std::string virtio = options.has_iommu ? ",disable-legacy=on,iommu_platform=on" : ",disable-legacy=on";
  for (size_t i = 0; i < options.disks.size(); i++) {
    std::string name = "disk" + std::to_string(i);
    add({"-drive", "if=none,format=raw,id=" + name + ",file=" + escaped(options.disks[i]), "-device",
         "virtio-blk-pci" + virtio + ",drive=" + name});
  }
  if (!options.share.empty()) {
    // Files there are as the host's user has them; the tag is how the system learns that it may change nothing.
    std::string suffix = options.is_share_read_only ? "-read-only" : "";
    add({"-fsdev", "local,id=share,security_model=none,path=" + escaped(options.share) + (suffix.empty() ? "" : ",readonly=on"), "-device",
         "virtio-9p-pci" + virtio + ",fsdev=share,mount_tag=share" + suffix});
  }
  add({"-device", "virtio-rng-pci" + virtio + ",vectors=2"});
  if (options.has_network) {
    std::string network = "user,id=net0";
    for (auto [from, to] : options.forwards) network += ",hostfwd=tcp:127.0.0.1:" + std::to_string(from) + "-:" + std::to_string(to);
    add({"-netdev", network, "-device", "virtio-net-pci" + virtio + ",netdev=net0"});
  }
  if (options.counts_instructions) add({"-icount", "shift=0,sleep=off"});
  if (options.debugger_port) add({"-gdb", "tcp:127.0.0.1:" + *options.debugger_port, "-S"});
  command.insert(command.end(), options.qemu.begin(), options.qemu.end());
  return command;
}

}  // namespace pith::launch
