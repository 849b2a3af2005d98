// What fits nowhere else: names of the system, limits, memory in use, power.
#include <cstring>

#include "personality/linux/calls/handlers.h"
#include "personality/linux/environment.h"
#include "personality/linux/memory/user_copy.h"
#include "personality/linux/remote/filesystem.h"
#include "personality/linux/services.h"
#include "personality/linux/x86_64/machine.h"

namespace pith::personality {

namespace {
char node_name[65] = "pith";
}

Result<u64> call_uname(Task& task, GuestAddress result) {
  SystemName name = {};
  strcpy(name.system, "Linux");
  memcpy(name.node, node_name, sizeof node_name);
  strcpy(name.release, "6.1.0-pith");
  strcpy(name.version, "#1 Pith");
  strcpy(name.machine, machine::kName);
  strcpy(name.domain, "(none)");
  TRY(write_guest(task.memory(), result, name));
  return u64{0};
}

Result<u64> call_sethostname(Task& task, GuestAddress name, u64 size) {
  if (!task.process.credentials.is_root()) return LinuxError::NotPermitted;
  if (size >= sizeof node_name) return LinuxError::Invalid;
  char fresh[65] = {};
  TRY(copy_from_guest(task.memory(), fresh, name, size));
  memcpy(node_name, fresh, sizeof fresh);
  return u64{0};
}

Result<u64> call_sysinfo(Task& task, GuestAddress result) {
  Environment& env = environment();
  SystemInformation information = {};
  information.uptime = i64(now() / kSecond);
  information.total = env.pages.total() * kPageSize;
  information.free = env.pages.available() * kPageSize;
  information.processes = u16(env.processes.all().size());
  information.unit = 1;
  TRY(write_guest(task.memory(), result, information));
  return u64{0};
}

Result<u64> call_prlimit64(Task& task, i32 pid, u32 resource, GuestAddress fresh, GuestAddress old) {
  if (resource >= kResourceLimits) return LinuxError::Invalid;
  Process* process = pid ? environment().processes.find(pid) : &task.process;
  if (!process) return LinuxError::NoProcess;
  bool same = process == &task.process || process->credentials.uid == task.process.credentials.uid;
  if (!same && !task.process.credentials.is_root()) return LinuxError::NotPermitted;
  ResourceLimit& limit = process->limits[resource];
  ResourceLimit before = limit;
  if (fresh.raw) {
    constexpr u64 kMostFiles = 65536;
    ResourceLimit wanted = TRY(read_guest<ResourceLimit>(task.memory(), fresh));
    if (wanted.current > wanted.maximum) return LinuxError::Invalid;
    bool raises = wanted.maximum > limit.maximum;
    if ((raises && !task.process.credentials.is_root()) || (resource == Resource::Files && wanted.maximum > kMostFiles))
      return LinuxError::NotPermitted;
    limit = wanted;
  }
  if (old.raw) TRY(write_guest(task.memory(), old, before));
  return u64{0};
}

Result<u64> call_getrlimit(Task& task, u32 resource, GuestAddress result) {
  return call_prlimit64(task, 0, resource, GuestAddress(0), result);
}
Result<u64> call_setrlimit(Task& task, u32 resource, GuestAddress fresh) {
  return call_prlimit64(task, 0, resource, fresh, GuestAddress(0));
}

Result<u64> call_getcpu(Task& task, GuestAddress cpu, GuestAddress node) {
  if (cpu.raw) TRY(write_guest<u32>(task.memory(), cpu, 0));
  if (node.raw) TRY(write_guest<u32>(task.memory(), node, 0));
  return u64{0};
}

Result<u64> call_sched_yield(Task&) {
  environment().services.yield();
  return u64{0};
}

Result<u64> call_syslog(Task& task, u32 type, GuestAddress, i32) {
  constexpr u32 kSizeUnread = 9, kSizeBuffer = 10;
  if (!task.process.credentials.is_root()) return LinuxError::NotPermitted;
  if (type == kSizeBuffer) return u64{4096};
  if (type > kSizeBuffer) return LinuxError::Invalid;
  (void)kSizeUnread;
  return u64{0};
}

Result<u64> call_reboot(Task& task, u32 magic1, u32 magic2, u32 command) {
  constexpr u32 kMagicFirst = 0xfee1dead, kMagicSecond = 0x28121969, kMagicThird = 0x05121996, kMagicFourth = 0x16041998,
                kMagicFifth = 0x20112000;
  constexpr u32 kRestart = 0x01234567, kHalt = 0xcdef0123, kPowerOff = 0x4321fedc;
  if (!task.process.credentials.is_root()) return LinuxError::NotPermitted;
  bool magic =
      magic1 == kMagicFirst && (magic2 == kMagicSecond || magic2 == kMagicThird || magic2 == kMagicFourth || magic2 == kMagicFifth);
  if (!magic) return LinuxError::Invalid;
  if (command != kRestart && command != kHalt && command != kPowerOff) return u64{0};
  sync_filesystems();
  Unlocked unlocked;
  (void)environment().services.console_drain();
  environment().services.power(command == kRestart ? 1 : 0, 0);
  return u64{0};
}

}  // namespace pith::personality
