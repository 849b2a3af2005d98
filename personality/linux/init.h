// Start of the environment: root file system, process 1, helper threads.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "personality/linux/environment.h"

namespace pith::personality {

enum class StartMode : u8 {
  Interactive,  ///< a login shell on the terminal, started again when it ends
  Command,      ///< /etc/pith/exec by a shell, without a terminal; its end powers the machine off
  Program,      ///< a text by a shell, without input, with output to the diagnostic port; its end is the environment's
};

/// Makes the root file system and starts process 1. `program`: what it runs in that mode; `server`: the one that has the root file
/// system, to which the files of the archive are added; without one they are all that there is. Errors: what made it impossible; it has
/// been logged.
Result<void> start_environment(std::span<const u8> archive, StartMode mode, std::string_view program = {}, std::string_view server = {});

}  // namespace pith::personality
