// A new program's memory: segments, stack with arguments, environment and auxiliary vector.
#pragma once
#include <string>
#include <vector>

#include "personality/linux/exec/elf.h"
#include "personality/linux/process/task.h"

namespace pith::personality {

/// Arguments and environment of a program.
struct ProgramStrings {
  std::vector<std::string> arguments, environment;
};

/// A program that is ready to run; nothing of the old one has been touched.
struct LoadedProgram {
  Reference<AddressSpace> space;
  u64 entry = 0;
  u64 stack = 0;
};

/// Loads the ELF program in `inode` (and its interpreter). `path` is what AT_EXECFN says.
Result<LoadedProgram> load_program(Task& task, Inode& inode, const std::string& path, const ProgramStrings& strings,
                                   const Credentials& credentials);

/// Replaces the task's program: execveat without the reading of arguments. `path` may be a script.
Result<void> execute(Task& task, i32 directory, std::string_view path, u32 flags, ProgramStrings strings);

}  // namespace pith::personality
