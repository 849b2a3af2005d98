// /proc: the files about the system as a whole.
#include <cstdlib>

#include "personality/linux/environment.h"
#include "personality/linux/files/mount.h"
#include "personality/linux/network/interfaces.h"
#include "personality/linux/proc/proc.h"

namespace pith::personality {

namespace {

using Text = Result<std::string>;

Text memory_information(Task&) {
  PageStore& pages = environment().pages;
  unsigned long long total = pages.total() * 4, available = pages.available() * 4;
  return format(
      "MemTotal:       %8llu kB\nMemFree:        %8llu kB\nMemAvailable:   %8llu kB\nBuffers:               0 kB\nCached:                0 "
      "kB\n"
      "SwapCached:            0 kB\nActive:         %8llu kB\nInactive:              0 kB\nSwapTotal:             0 kB\nSwapFree:          "
      "    0 kB\n"
      "Shmem:                 0 kB\nSReclaimable:          0 kB\n",
      total, available, available, total - available);
}

Text uptime(Task&) {
  unsigned long long centiseconds = now() / (kSecond / 100);
  return format("%llu.%02llu 0.00\n", centiseconds / 100, centiseconds % 100);
}

Text load_average(Task&) {
  ProcessTable& processes = environment().processes;
  return format("0.00 0.00 0.00 1/%zu %d\n", processes.all().size(), processes.last_pid());
}

Text statistics(Task&) {
  Environment& env = environment();
  u64 user = 0, system = 0;
  for (const auto& [pid, process] : env.processes.all()) user += process->user_time, system += process->system_time;
  unsigned long long ticks = user / 10'000'000, system_ticks = system / 10'000'000, all = now() / 10'000'000;
  unsigned long long idle = all > ticks + system_ticks ? all - ticks - system_ticks : 0;
  std::string text = format("cpu  %llu 0 %llu %llu 0 0 0 0 0 0\ncpu0 %llu 0 %llu %llu 0 0 0 0 0 0\n", ticks, system_ticks, idle, ticks,
                            system_ticks, idle);
  text += format("ctxt 0\nbtime %llu\nprocesses %llu\nprocs_running 1\nprocs_blocked 0\n",
                 static_cast<unsigned long long>(env.boot_wall_offset / kSecond), static_cast<unsigned long long>(env.processes.forks));
  return text;
}

Text cpu_information(Task&) {
  return std::string("processor\t: 0\nvendor_id\t: Pith\nmodel name\t: virtual processor\ncpu cores\t: 1\nflags\t\t: fpu sse sse2\n\n");
}

Text constant(const char* text) { return std::string(text); }

Text self_link(Task& task) { return format("%d", task.process.pid); }

struct Row {
  const char* name;
  u32 type;
  Text (*make)(Task&);
};

constexpr Row kRows[] = {
    {"meminfo", FileMode::Regular, memory_information},
    {"uptime", FileMode::Regular, uptime},
    {"loadavg", FileMode::Regular, load_average},
    {"stat", FileMode::Regular, statistics},
    {"cpuinfo", FileMode::Regular, cpu_information},
    {"mounts", FileMode::Regular, [](Task& task) { return Text(mounts_text(task)); }},
    {"filesystems", FileMode::Regular, [](Task&) { return constant("nodev\ttmpfs\nnodev\tproc\n\text2\n\text3\n\text4\n"); }},
    {"version", FileMode::Regular, [](Task&) { return constant("Linux version 6.1.0-pith (Pith) #1 Pith\n"); }},
    {"cmdline", FileMode::Regular, [](Task&) { return constant("pith\n"); }},
    {"net", FileMode::Directory, nullptr},
    {"self", FileMode::Symlink, self_link},
};

constexpr Row kNetworkRows[] = {
    {"dev", FileMode::Regular, network_devices_text},
    {"route", FileMode::Regular, network_routes_text},
    {"if_inet6", FileMode::Regular, network_addresses6_text},
};

class NetworkDirectory final : public GeneratedDirectory {
 public:
  NetworkDirectory() : GeneratedDirectory(kProcfs) {}
  Result<Reference<Inode>> lookup(Task&, std::string_view wanted) override {
    for (const Row& row : kNetworkRows)
      if (wanted == row.name) return Reference<Inode>(new GeneratedFile(kProcfs, 0444, row.make));
    return LinuxError::NoEntry;
  }
  Result<std::vector<GeneratedEntry>> entries(Task&) override {
    std::vector<GeneratedEntry> all;
    for (const Row& row : kNetworkRows) all.push_back({row.name, row.type});
    return all;
  }
};

class ProcDirectory final : public GeneratedDirectory {
 public:
  ProcDirectory() : GeneratedDirectory(kProcfs) {}
  Result<Reference<Inode>> lookup(Task&, std::string_view wanted) override {
    for (const Row& row : kRows) {
      if (wanted != row.name) continue;
      if (row.type == FileMode::Directory) {
        Reference<Inode> directory(new NetworkDirectory);
        directory->as_directory()->parent = this;
        directory->as_directory()->name = wanted;
        return directory;
      }
      if (row.type == FileMode::Symlink) return Reference<Inode>(new GeneratedLink(kProcfs, row.make));
      return Reference<Inode>(new GeneratedFile(kProcfs, 0444, row.make));
    }
    i32 pid = 0;
    for (char digit : wanted) {
      if (digit < '0' || digit > '9' || pid > 100000) return LinuxError::NoEntry;
      pid = pid * 10 + (digit - '0');
    }
    if (!environment().processes.find(pid)) return LinuxError::NoEntry;
    Reference<Inode> directory = make_process_directory(pid);
    directory->as_directory()->parent = this;
    directory->as_directory()->name = wanted;
    return directory;
  }
  Result<std::vector<GeneratedEntry>> entries(Task&) override {
    std::vector<GeneratedEntry> all;
    for (const Row& row : kRows) all.push_back({row.name, row.type});
    for (const auto& [pid, process] : environment().processes.all()) all.push_back({format("%d", pid), FileMode::Directory});
    return all;
  }
};

}  // namespace

Reference<Inode> make_proc_directory() { return Reference<Inode>(new ProcDirectory); }

}  // namespace pith::personality
