// Making the root file system and process 1.
#include "personality/linux/init.h"

#include "lib/log.h"
#include "personality/linux/exec/program.h"
#include "personality/linux/files/mount.h"
#include "personality/linux/files/path.h"
#include "personality/linux/files/root.h"
#include "personality/linux/misc/random.h"
#include "personality/linux/process/worker.h"
#include "personality/linux/remote/filesystem.h"
#include "personality/linux/services.h"
#include "personality/linux/terminal/terminal.h"

namespace pith::personality {

namespace {

ByteSink* output_stream = nullptr;  ///< raw console
ByteSink* error_stream = nullptr;   ///< diagnostic port

const std::vector<std::string> kEnvironment{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                            "HOME=/root",
                                            "USER=root",
                                            "LOGNAME=root",
                                            "SHELL=/bin/sh",
                                            "TERM=vt100"};

void set_limits(Process& process) {
  constexpr u64 kFiles = 1024, kMostFiles = 4096;
  for (ResourceLimit& limit : process.limits) limit = {kUnlimited, kUnlimited};
  process.limits[Resource::Core] = {0, kUnlimited};
  process.limits[Resource::Files] = {kFiles, kMostFiles};
  process.limits[Resource::Stack] = {8 << 20, kUnlimited};
  process.limits[Resource::LockedMemory] = {8 << 20, 8 << 20};
  process.limits[Resource::PendingSignals] = {16384, 16384};
  process.limits[Resource::MessageBytes] = {819200, 819200};
  process.limits[Resource::Nice] = process.limits[Resource::RealTimePriority] = {0, 0};
  process.limits[Resource::Processes] = {ProcessTable::kMost, ProcessTable::kMost};
}

/// A process that is not there for anyone yet, so that the tree can be built with its rights.
Task& make_first_task() {
  Environment& env = environment();
  auto* process = new Process(1, nullptr);
  process->group = process->session = 1;
  process->command = "init";
  process->start_time = now();
  set_limits(*process);
  auto* task = new Task(*process, 1);
  task->files = Reference<FileTable>(new FileTable);
  task->context = Reference<FilesystemContext>(new FilesystemContext);
  task->context->root = task->context->current = Reference<Inode>(env.root);
  process->tasks.push_back(task);
  return *task;
}

void discard(Task& task) {
  Process* process = &task.process;
  delete &task;
  delete process;
}

Result<void> add_streams(Task& task, StartMode mode) {
  using Source = StreamFile::Source;
  bool is_program = mode == StartMode::Program;
  StreamInode* inodes[] = {new StreamInode(*output_stream, is_program ? Source::None : Source::Console),
                           new StreamInode(is_program ? *error_stream : *output_stream, Source::None),
                           new StreamInode(*error_stream, Source::None)};
  for (i32 number = 0; number < 3; number++) {
    Reference<File> file = TRY(Reference<Inode>(inodes[number])->open(task, 0));
    file->flags = number == 0 ? OpenFlag::ReadOnly : OpenFlag::WriteOnly;
    task.files->put(number, file, OnExec::Keep);
  }
  return {};
}

Result<void> add_terminal(Task& task) {
  Reference<Inode> inode = TRY(find_inode(task, "/dev/console"));
  Reference<File> file = TRY(inode->open(task, OpenFlag::ReadWrite));
  file->flags = OpenFlag::ReadWrite;
  for (i32 number = 0; number < 3; number++) task.files->put(number, file, OnExec::Keep);
  return {};
}

constexpr const char* kCommandPath = "/etc/pith/exec";

Result<std::string> command_text(Task& task) {
  Reference<Inode> inode = TRY(find_inode(task, kCommandPath));
  std::string text(inode->size(), 0);
  Reference<File> file = TRY(inode->open(task, OpenFlag::ReadOnly));
  Transfer to(text.data(), text.size());
  u64 length = TRY(file->read(task, to, 0));
  text.resize(length);
  while (!text.empty() && text.back() == 0) text.pop_back();
  return text;
}

/// Replaces the task's program, which is none yet, by the one that process 1 is to be. `strings` of it are set but for the arguments.
Result<void> execute_first(Task& task, StartMode mode, std::string_view text, ProgramStrings strings) {
  // Only a root file system of its own says what runs; the one in memory has a shell.
  bool may_have_init = mode == StartMode::Interactive && environment().root->as_remote();
  const char* init = "/sbin/init";
  if (may_have_init && find_inode(task, init)) {
    strings.arguments = {init};
    Result<void> done = execute(task, AtFlag::CurrentDirectory, init, 0, strings);
    if (done) return {};
    log_line(LogLevel::Error, "cannot start %s: error %u; a shell is started", init, errno_of(done.error()));
  } else if (may_have_init) {
    log_line(LogLevel::Information, "there is no %s on the root file system: a shell is started", init);
  }
  if (mode == StartMode::Interactive)
    strings.arguments = {"-sh"};
  else
    strings.arguments = {"sh", "-c", std::string(text)};
  const char* shell = "/bin/sh";
  Result<void> done = execute(task, AtFlag::CurrentDirectory, shell, 0, std::move(strings));
  if (!done) log_line(LogLevel::Error, "cannot start %s: error %u", shell, errno_of(done.error()));
  return done;
}

/// Makes process 1 and lets it run. `text`: what its shell runs where it is not interactive.
Result<void> start_init(StartMode mode, std::string_view text) {
  Environment& env = environment();
  Task& task = make_first_task();
  ProgramStrings strings;
  strings.environment = kEnvironment;
  TRY(mode == StartMode::Interactive ? add_terminal(task) : add_streams(task, mode));
  if (Result<Reference<Inode>> home = find_inode(task, "/root"); home && mode == StartMode::Interactive) task.context->current = *home;
  task.space = TRY(AddressSpace::create());
  Worker* worker = TRY(Worker::acquire(*task.space));
  task.worker = worker;
  task.guest = &worker->guest();
  TRY(execute_first(task, mode, text, std::move(strings)));
  if (env.processes.all().empty()) TRY(env.processes.allocate());  // number 1 is taken
  env.init = &task.process;
  env.processes.add(task.process);
  env.processes.add(task);
  worker->start(task);
  return {};
}

/// The command is of this run; a root file system that lasts is not to keep it.
void forget_command(Task& task) {
  Result<Place> place = walk(task, task.context->root, kCommandPath, LastLink::Keep);
  if (place && place->inode) (void)place->parent->remove(place->name, place->inode);
}

void end_of_command(i32 status) {
  Environment& env = environment();
  output_stream->flush();
  error_stream->flush();
  sync_filesystems();
  u64 code = status & 0x7f ? 128 + u64(status & 0x7f) : u64(status >> 8 & 0xff);
  Unlocked unlocked;
  (void)env.services.console_drain();
  env.services.power(0, code);
}

/// Without process 1 there is nothing left to be run. The supervisor restarts the whole, as its manifest says.
void end_of_program(i32 status) {
  error_stream->flush();
  log_line(LogLevel::Information, "process 1 has ended with status %d, and the environment with it", status >> 8 & 0xff);
  __builtin_trap();
}

void respawn(i32) {
  std::vector<i32> others;
  for (const auto& [pid, process] : environment().processes.all()) others.push_back(pid);
  for (i32 pid : others)
    if (Process* process = environment().processes.find(pid))
      send_signal(*process, {.signal = Signal::Kill, .code = SignalInformation::kKernel});
  if (!start_init(StartMode::Interactive, {})) log_line(LogLevel::Error, "process 1 could not be started again");
}

void report(const FillReport& report) {
  if (report.error == kSuccess) {
    log_line(LogLevel::Information, "root file system: %llu files, %llu KiB", static_cast<unsigned long long>(report.files),
             static_cast<unsigned long long>(report.bytes / 1024));
    return;
  }
  bool full = report.error == LinuxError::NoSpace || report.error == LinuxError::OutOfMemory;
  log_line(LogLevel::Error, "root file system: the archive %s at byte %llu; %llu files before that are there",
           full ? "does not fit into memory" : "is cut short or damaged", static_cast<unsigned long long>(report.offset),
           static_cast<unsigned long long>(report.files));
}

}  // namespace

Result<void> start_environment(std::span<const u8> archive, StartMode mode, std::string_view program, std::string_view server) {
  Environment& env = environment();
  env.boot_wall_offset = env.services.wall_offset().value_or(0);
  seed_random();
  Lock lock(env.lock);
  output_stream = new ByteSink([&env](std::span<const std::byte> data) { return env.services.console_write(data); });
  error_stream = new ByteSink([&env](std::span<const std::byte> data) { return env.services.diagnostic_write(data); });
  if (mode == StartMode::Interactive)
    env.console = Reference<Terminal>(new Terminal([&env](std::span<const std::byte> data) { return env.services.console_write(data); }));
  auto* root = new TmpfsDirectory(0755);
  env.root = Reference<Directory>(root);
  env.root->parent = env.root.get();
  env.root->links = 2;
  Task& builder = make_first_task();
  FillReport filled = fill_from_archive(builder, *root, archive);
  if (server.empty() || filled.error != kSuccess) report(filled);
  std::string text = mode == StartMode::Command ? TRY(command_text(builder)) : std::string(program);
  Result<void> ready;
  if (server.empty()) {
    ready = add_own_directories(builder, *root);
  } else {
    Reference<Directory> additions = env.root;
    forget_command(builder);
    ready = use_root_of_server(builder, server, *root);
  }
  if (ready) mount_granted(builder);
  discard(builder);
  TRY(ready);
  env.protects_init = mode == StartMode::Interactive;
  env.on_init_exit = mode == StartMode::Command ? end_of_command : mode == StartMode::Program ? end_of_program : respawn;
  return start_init(mode, text);
}

}  // namespace pith::personality
