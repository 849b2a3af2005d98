// execve: arguments, scripts, and the exchange of the old program for the new.
#include <cstring>

#include "personality/linux/calls/handlers.h"
#include "personality/linux/environment.h"
#include "personality/linux/exec/program.h"
#include "personality/linux/files/path.h"
#include "personality/linux/misc/futex.h"
#include "personality/linux/x86_64/machine.h"

namespace pith::personality {

namespace {

constexpr u64 kMostStringBytes = 2 << 20, kMostStrings = 65536;
constexpr u32 kScriptDepth = 4;
constexpr u64 kScriptLine = 256;

Result<std::vector<std::string>> copy_strings(AddressSpace& space, GuestAddress list, u64& budget) {
  std::vector<std::string> strings;
  if (!list.raw) return strings;
  static char buffer[128 * 1024];  // under the environment's lock
  for (u64 index = 0;; index++) {
    u64 pointer = TRY(read_guest<u64>(space, GuestAddress(list.raw + index * 8)));
    if (!pointer) return strings;
    if (index >= kMostStrings) return LinuxError::TooLong;
    Result<u64> length = copy_string(space, buffer, GuestAddress(pointer), sizeof buffer - 1);
    if (!length) return length.error() == LinuxError::NameTooLong ? LinuxError::TooLong : length.error();
    if (*length + 1 > budget) return LinuxError::TooLong;
    budget -= *length + 1;
    strings.emplace_back(buffer, *length);
  }
}

/// The first line of a script, or empty when it is none.
std::string script_line(Inode& inode) {
  if (!inode.load_page(0, PageUse::Read)) return {};
  PageIndex page = inode.page_for_reading(0);
  if (page == kNoPage || inode.size() < 3) return {};
  const char* text = reinterpret_cast<const char*>(environment().pages.data(page));
  if (text[0] != '#' || text[1] != '!') return {};
  u64 limit = inode.size() < kScriptLine ? inode.size() : kScriptLine;
  const void* end = memchr(text, '\n', limit);
  return std::string(text + 2, end ? static_cast<const char*>(end) : text + limit);
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

Result<void> check_executable(Task& task, const Inode& inode) {
  if (!inode.is_regular()) return LinuxError::AccessDenied;
  return check_access(task.process.credentials, inode, 1);
}

/// The program that a path leads to, and its name without links on the way.
struct Program {
  Reference<Inode> inode;
  std::string real_path;
};

Result<Program> find_program(Task& task, i32 directory, std::string_view path, u32 flags) {
  if (path.empty() && flags & AtFlag::EmptyPath) {
    File* file = TRY(task.files->find(directory));
    return Program{file->inode, file->path};
  }
  Place place = TRY(place_at(task, directory, path, flags & AtFlag::NoFollow ? LastLink::Keep : LastLink::Follow));
  if (!place.inode) return LinuxError::NoEntry;
  if (!place.parent) return Program{place.inode, absolute_path(task, path)};
  Result<std::string> parent = path_of(task, *place.parent);
  return Program{place.inode, (!parent || *parent == "/" ? std::string() : *parent) + "/" + place.name};
}

/// Ends the other tasks of the process; execve leaves one.
void end_other_tasks(Task& task) {
  for (Task* other : task.process.tasks) {
    if (other == &task) continue;
    other->ending = true;
    other->notify();
  }
  while (task.process.tasks.size() > 1 && !task.process.group_exit) (void)task.sleep(now() + kMillisecond);
}

void take_over_identity(Task& task, const Inode& inode) {
  Credentials& who = task.process.credentials;
  if (inode.mode & FileMode::SetUser) who.effective_uid = inode.uid;
  if (inode.mode & FileMode::SetGroup && inode.mode & 010) who.effective_gid = inode.gid;
  who.saved_uid = who.effective_uid;
  who.saved_gid = who.effective_gid;
}

/// The point of no return: from here on the old program is gone.
void switch_program(Task& task, LoadedProgram program, const std::string& path, const Program& source) {
  Process& process = task.process;
  end_other_tasks(task);
  release_robust_list(task);
  process.timers.clear();
  if (task.tid != process.pid) {  // whoever calls takes the place of the first one
    environment().processes.remove(task);
    task.tid = process.pid;
    environment().processes.add(task);
  }
  take_over_identity(task, *source.inode);
  (void)task.guest->set_space(program.space->guest_space());
  (void)task.guest->reset_vector_state();
  task.space = program.space;
  release_vfork_parent(task);
  if (task.files->reference_count() > 1) task.files = task.files->copy();
  task.files->close_on_exec();
  for (SignalAction& action : process.actions)
    if (action.handler != SignalAction::Ignore) action = {};
  task.signal_stack = {};
  task.clear_child_tid = 0;
  usize slash = path.rfind('/');
  process.command = path.substr(slash == std::string::npos ? 0 : slash + 1, 15);
  process.executable = source.real_path;
  process.has_executed = true;
  machine::prepare_program(task.registers(), program.entry, program.stack);
}

}  // namespace

Result<void> execute(Task& task, i32 directory, std::string_view path, u32 flags, ProgramStrings strings) {
  std::string shown(path);
  Program source = TRY(find_program(task, directory, path, flags));
  if (path.empty()) shown = source.real_path;
  for (u32 depth = 0;; depth++) {
    TRY(check_executable(task, *source.inode));
    std::string line = script_line(*source.inode);
    if (line.empty()) break;
    if (depth == kScriptDepth) return LinuxError::Loop;
    std::string_view rest = trim(line);
    usize blank = rest.find_first_of(" \t");
    std::string interpreter(rest.substr(0, blank));
    std::string_view argument = blank == rest.npos ? std::string_view() : trim(rest.substr(blank));
    if (interpreter.empty()) return LinuxError::NotExecutable;
    std::vector<std::string> arguments{interpreter};
    if (!argument.empty()) arguments.emplace_back(argument);
    arguments.push_back(shown);
    for (usize index = 1; index < strings.arguments.size(); index++) arguments.push_back(std::move(strings.arguments[index]));
    strings.arguments = std::move(arguments);
    source = TRY(find_program(task, AtFlag::CurrentDirectory, interpreter, 0));
    shown = interpreter;
  }
  Credentials credentials = task.process.credentials;
  if (source.inode->mode & FileMode::SetUser) credentials.effective_uid = source.inode->uid;
  LoadedProgram program = TRY(load_program(task, *source.inode, shown, strings, credentials));
  switch_program(task, std::move(program), shown, source);
  return {};
}

Result<u64> call_execveat(Task& task, i32 directory, GuestAddress path_pointer, GuestAddress arguments, GuestAddress environment,
                          u32 flags) {
  if (flags & ~(AtFlag::EmptyPath | AtFlag::NoFollow)) return LinuxError::Invalid;
  PathText path;
  TRY(path.copy(task, path_pointer));
  ProgramStrings strings;
  u64 budget = kMostStringBytes;
  strings.arguments = TRY(copy_strings(task.memory(), arguments, budget));
  strings.environment = TRY(copy_strings(task.memory(), environment, budget));
  if (strings.arguments.empty()) strings.arguments.emplace_back();
  TRY(execute(task, directory, path.view(), flags, std::move(strings)));
  return u64{0};
}

Result<u64> call_execve(Task& task, GuestAddress path, GuestAddress arguments, GuestAddress environment) {
  return call_execveat(task, AtFlag::CurrentDirectory, path, arguments, environment, 0);
}

}  // namespace pith::personality
