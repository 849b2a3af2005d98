// /proc/PID: the files about one process.
#include "personality/linux/environment.h"
#include "personality/linux/files/mount.h"
#include "personality/linux/files/path.h"
#include "personality/linux/proc/proc.h"
#include "personality/linux/terminal/terminal.h"
#include "personality/linux/time/usage.h"

namespace pith::personality {

namespace {

using Text = Result<std::string>;

char state_letter(const Process& process) {
  if (process.state == ProcessState::Zombie) return 'Z';
  if (process.state == ProcessState::Stopped) return 'T';
  return !process.tasks.empty() && process.tasks.front()->sleeping ? 'S' : 'R';
}

AddressSpace* memory_of(Process& process) { return process.tasks.empty() ? nullptr : process.tasks.front()->space.get(); }

Text stat_line(Task&, Process& process) {
  AddressSpace* memory = memory_of(process);
  unsigned long long size = memory ? memory->areas().total_pages() * kPageSize : 0, resident = memory ? memory->resident_pages() : 0;
  i32 terminal = process.terminal ? i32(device_number(5, 1)) : 0;
  std::string text = format("%d (%s) %c %d %d %d %d %d 0 %llu 0 0 0 ", process.pid, process.command.c_str(), state_letter(process),
                            process.parent ? process.parent->pid : 0, process.group, process.session, terminal,
                            process.terminal ? process.terminal->foreground : -1, static_cast<unsigned long long>(process.faults));
  text += format("%llu %llu 0 0 20 0 %zu 0 %llu %llu %llu 18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 %u 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
                 static_cast<unsigned long long>(process_time(process) / 10'000'000),
                 static_cast<unsigned long long>(process.system_time / 10'000'000), process.tasks.size(),
                 static_cast<unsigned long long>(process.start_time / 10'000'000), size, resident, process.exit_signal);
  return text;
}

Text status_lines(Task&, Process& process) {
  AddressSpace* memory = memory_of(process);
  unsigned long long size = memory ? memory->areas().total_pages() * 4 : 0, resident = memory ? memory->resident_pages() * 4 : 0;
  const Credentials& who = process.credentials;
  std::string text = format("Name:\t%s\nState:\t%c\nTgid:\t%d\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n", process.command.c_str(),
                            state_letter(process), process.pid, process.pid, process.parent ? process.parent->pid : 0);
  text += format("Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n", who.uid, who.effective_uid, who.saved_uid, who.effective_uid, who.gid,
                 who.effective_gid, who.saved_gid, who.effective_gid);
  text += format("VmSize:\t%8llu kB\nVmRSS:\t%8llu kB\nThreads:\t%zu\n", size, resident, process.tasks.size());
  return text;
}

Text strings(Process& process, u64 AddressSpace::*start, u64 AddressSpace::*end) {
  Reference<AddressSpace> memory(memory_of(process));  // the copy may let the lock go
  if (!memory) return std::string();
  u64 length = memory.get()->*end - memory.get()->*start;
  std::string text(length < 65536 ? length : 65536, 0);
  TRY(copy_from_guest(*memory, text.data(), GuestAddress(memory.get()->*start), text.size()));
  return text;
}

Text command_line(Task&, Process& process) { return strings(process, &AddressSpace::arguments_start, &AddressSpace::arguments_end); }
Text environment_strings(Task&, Process& process) { return strings(process, &AddressSpace::arguments_end, &AddressSpace::environment_end); }
Text command_name(Task&, Process& process) { return process.command + "\n"; }
Text executable(Task&, Process& process) { return process.executable.empty() ? Text(LinuxError::NoEntry) : Text(process.executable); }

Text current_directory(Task& task, Process& process) {
  if (process.tasks.empty()) return LinuxError::NoEntry;
  return path_of(task, *process.tasks.front()->context->current->as_directory());
}

Text memory_map(Task&, Process& process) {
  std::string text;
  AddressSpace* memory = memory_of(process);
  if (!memory) return text;
  for (const auto& [start, area] : memory->areas().areas()) {
    u32 p = area.protection;
    text += format("%08llx-%08llx %c%c%c%c %08llx 00:12 %llu", static_cast<unsigned long long>(start),
                   static_cast<unsigned long long>(area.end), p & Protection::Read ? 'r' : '-', p & Protection::Write ? 'w' : '-',
                   p & Protection::Execute ? 'x' : '-', area.sharing == Sharing::Shared ? 's' : 'p',
                   static_cast<unsigned long long>(area.offset), static_cast<unsigned long long>(area.backing ? area.backing->number : 0));
    if (area.growth == Growth::Down)
      text += "                          [stack]";
    else if (area.backing)
      text += "                          " + process.executable;
    else if (start >= memory->break_start && area.end <= (pages_for(memory->break_end) << kPageShift))
      text += "                          [heap]";
    text += '\n';
  }
  return text;
}

struct Row {
  const char* name;
  u32 type;
  Text (*make)(Task&, Process&);
};
constexpr Row kRows[] = {
    {"stat", FileMode::Regular, stat_line},
    {"status", FileMode::Regular, status_lines},
    {"cmdline", FileMode::Regular, command_line},
    {"comm", FileMode::Regular, command_name},
    {"maps", FileMode::Regular, memory_map},
    {"environ", FileMode::Regular, environment_strings},
    {"exe", FileMode::Symlink, executable},
    {"cwd", FileMode::Symlink, current_directory},
    {"mounts", FileMode::Regular, [](Task& task, Process&) { return Text(mounts_text(task)); }},
};

/// What a descriptor's link says.
std::string describe(const File& file) {
  switch (file.inode->type()) {
    case FileMode::Fifo:
      return format("pipe:[%llu]", static_cast<unsigned long long>(file.inode->number));
    case FileMode::Character:
      return "/dev/console";
    default:
      return file.path.empty() ? format("file:[%llu]", static_cast<unsigned long long>(file.inode->number)) : file.path;
  }
}

/// A link in /proc/PID/fd that opens the very file it stands for.
class DescriptorLink final : public Inode {
 public:
  DescriptorLink(Reference<File> file) : Inode(kProcfs, FileMode::Symlink | 0700), file_(std::move(file)) { links = 1; }
  Result<Reference<File>> open(Task&, u32) override { return LinuxError::Loop; }
  Result<std::string> read_link(Task&) override { return describe(*file_); }
  Reference<Inode> target() const override { return file_->inode; }

 private:
  Reference<File> file_;
};

class DescriptorDirectory final : public GeneratedDirectory {
 public:
  explicit DescriptorDirectory(i32 pid) : GeneratedDirectory(kProcfs), pid_(pid) {}
  Result<Reference<Inode>> lookup(Task&, std::string_view wanted) override {
    Process* process = environment().processes.find(pid_);
    if (!process || process->tasks.empty()) return LinuxError::NoEntry;
    i32 number = 0;
    for (char digit : wanted) {
      if (digit < '0' || digit > '9' || number > 1000000) return LinuxError::NoEntry;
      number = number * 10 + (digit - '0');
    }
    Result<File*> file = process->tasks.front()->files->find(number);
    if (!file) return LinuxError::NoEntry;
    return Reference<Inode>(new DescriptorLink(Reference<File>(*file)));
  }
  Result<std::vector<GeneratedEntry>> entries(Task&) override {
    Process* process = environment().processes.find(pid_);
    if (!process || process->tasks.empty()) return LinuxError::NoEntry;
    FileTable& files = *process->tasks.front()->files;
    std::vector<GeneratedEntry> all;
    for (u32 number = 0; number < files.size(); number++)
      if (files.find(i32(number))) all.push_back({format("%u", number), FileMode::Symlink});
    return all;
  }

 private:
  i32 pid_;
};

class ProcessDirectory final : public GeneratedDirectory {
 public:
  explicit ProcessDirectory(i32 pid) : GeneratedDirectory(kProcfs), pid_(pid) {}
  Result<Reference<Inode>> lookup(Task&, std::string_view wanted) override {
    Process* process = environment().processes.find(pid_);
    if (!process) return LinuxError::NoProcess;
    if (wanted == "fd") {
      Reference<Inode> directory(new DescriptorDirectory(pid_));
      return directory;
    }
    for (const Row& row : kRows) {
      if (wanted != row.name) continue;
      auto make = [pid = pid_, make = row.make](Task& task) -> Text {
        Process* found = environment().processes.find(pid);
        return found ? make(task, *found) : Text(LinuxError::NoProcess);
      };
      Reference<Inode> inode;
      if (row.type == FileMode::Symlink)
        inode = Reference<Inode>(new GeneratedLink(kProcfs, make));
      else
        inode = Reference<Inode>(new GeneratedFile(kProcfs, 0444, make));
      inode->uid = process->credentials.uid;
      inode->gid = process->credentials.gid;
      return inode;
    }
    return LinuxError::NoEntry;
  }
  Result<std::vector<GeneratedEntry>> entries(Task&) override {
    std::vector<GeneratedEntry> all{{"fd", FileMode::Directory}};
    for (const Row& row : kRows) all.push_back({row.name, row.type});
    return all;
  }

 private:
  i32 pid_;
};

}  // namespace

Reference<Inode> make_process_directory(i32 pid) {
  Reference<Inode> directory(new ProcessDirectory(pid));
  if (Process* process = environment().processes.find(pid)) {
    directory->uid = process->credentials.uid;
    directory->gid = process->credentials.gid;
  }
  return directory;
}

}  // namespace pith::personality
