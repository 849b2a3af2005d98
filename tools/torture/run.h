// One run of the machine: boots the system, types what the dialogue wants, reads what comes.
#pragma once
#include <functional>

#include "tools/torture/dialogue.h"
#include "tools/torture/options.h"
#include "tools/torture/results.h"

namespace pith::torture {

/// Answers the exit status of pith-launch. `progress` is called whenever something was read; `log`: what the system says goes there, too,
/// unless it is null.
int run_machine(const Options& options, Results& results, Dialogue& dialogue, FILE* log, const std::function<void()>& progress);

}  // namespace pith::torture
