// What the command line of pith-launch asks for.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pith::launch {

/// A run of a system. `problem` is not empty where the command line makes no sense.
struct Options {
  std::string build;  ///< folder with kernel.elf and image-SYSTEM
  std::string arch = "x86_64";
  std::string system = "default";
  std::string memory = "512M";  ///< as QEMU spells it
  unsigned cpus = 1;
  bool counts_instructions = false;
  bool has_iommu = true;
  bool is_parallel = false;  ///< processors run at the same time, each on a thread of QEMU's
  std::optional<double> timeout;                           ///< seconds
  std::optional<std::string> command;                      ///< --exec
  std::vector<std::pair<std::string, std::string>> files;  ///< host and guest path
  std::string share;                                       ///< a folder of the host's: --share; empty: none
  bool is_share_read_only = false;
  std::vector<std::string> disks;                          ///< raw images: --disk
  bool has_network = true;
  std::vector<std::pair<unsigned, unsigned>> forwards;     ///< ports of the host and of the system: --forward
  std::string append;                                      ///< more words for the kernel's command line
  std::optional<std::string> debugger_port;
  std::vector<std::string> qemu;  ///< further arguments for QEMU
  bool wants_help = false;
  std::string problem;
};

/// `words` without the program's name.
Options parse_options(const std::vector<std::string>& words);

/// The text of help.txt, which ./pith shows before anything is built.
extern const char* const kHelp;

}  // namespace pith::launch
