// Time that processes have used.
#pragma once
#include "personality/linux/process/process.h"

namespace pith::personality {

/// Nanoseconds that a task, or all tasks that a process has or had, have run.
u64 task_time(const Task& task);
u64 process_time(const Process& process);
/// What wait4 and getrusage tell.
ResourceUsage process_usage(const Process& process);

}  // namespace pith::personality
