// The virtual machine as QEMU's command line.
#pragma once
#include <string>
#include <vector>

#include "tools/launch/options.h"

namespace pith::launch {

/// What the machine is connected to.
struct Connections {
  int image;          ///< descriptor of the boot image
  int diagnostics;    ///< descriptor to which the second serial port is written
  bool has_terminal;  ///< standard input is a terminal
};

/// QEMU's program and arguments for this run.
std::vector<std::string> machine_command(const Options& options, const Connections& connections);

}  // namespace pith::launch
