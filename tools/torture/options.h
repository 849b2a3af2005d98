// What the command line of pith-torture asks for.
#pragma once
#include <string>
#include <vector>

#include "base/types.h"

namespace pith::torture {

/// `problem` is not empty where the command line makes no sense.
struct Options {
  u64 seed = 0;  ///< where has_seed is false: whoever runs it chooses
  bool has_seed = false;
  u64 faults = 300;
  u64 activated = 0;  ///< so many faults are to show, in one machine after another; 0: one machine
  std::string targets = "console,log,clock,entropy,bank,clearing,bus,disk,ext4,fat,netcard,network,randomness", kinds = "kill";
  u64 cpus = 1;
  bool uses_host_time = false;  ///< processors run at the same time, as the host lets them
  u64 timeout = 0;              ///< seconds; 0: as many as the faults need
  std::string json, plot, page, log;
  std::string build;
  bool wants_help = false;
  std::string problem;

  u64 seconds() const { return timeout ? timeout : 60 + faults; }
};

/// `words` without the program's name.
Options parse_options(const std::vector<std::string>& words);

/// The command that makes the same run again.
std::string command_of(const Options& options);

/// The pieces between commas.
std::vector<std::string> pieces_of(const std::string& list);

/// The text of help.txt, which ./pith shows before anything is built.
extern const char* const kHelp;

}  // namespace pith::torture
