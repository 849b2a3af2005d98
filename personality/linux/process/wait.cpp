// wait4 and waitid: what became of children.
#include <limits>

#include "personality/linux/calls/handlers.h"
#include "personality/linux/environment.h"
#include "personality/linux/time/usage.h"

namespace pith::personality {

namespace {

struct WaitOption {
  static constexpr u32 NoHang = 1, Stopped = 2, Exited = 4, Continued = 8, KeepWaiting = 0x01000000;
  static constexpr u32 NoThread = 0x20000000, All = 0x40000000, Clone = 0x80000000;
};

struct Selection {
  i32 pid = -1;    ///< -1: any
  i32 group = -1;  ///< -1: any
};

struct Found {
  i32 pid = 0;
  u32 uid = 0;
  i32 status = 0;
  i32 code = 0;
  ResourceUsage usage = {};
};

/// Looks once; NoChild when nothing could ever come.
Result<Found> look(Task& task, Selection selection, u32 options) {
  bool some = false;
  for (Process* child : task.process.children) {
    if (selection.pid > 0 && child->pid != selection.pid) continue;
    if (selection.group > 0 && child->group != selection.group) continue;
    some = true;
    Found found{child->pid, child->credentials.uid, child->exit_status, SignalInformation::kExited, process_usage(*child)};
    if (child->state == ProcessState::Zombie && options & WaitOption::Exited) {
      if (found.status & 0x7f) found.code = found.status & 0x80 ? SignalInformation::kDumped : SignalInformation::kKilled;
      if (!(options & WaitOption::KeepWaiting)) reap(*child);
      return found;
    }
    if (child->state == ProcessState::Stopped && options & WaitOption::Stopped && !child->stop_reported) {
      if (!(options & WaitOption::KeepWaiting)) child->stop_reported = true;
      found.status = i32(child->stop_signal << 8 | 0x7f);
      found.code = SignalInformation::kStopped;
      return found;
    }
    if (child->state == ProcessState::Running && options & WaitOption::Continued && !child->continue_reported) {
      if (!(options & WaitOption::KeepWaiting)) child->continue_reported = true;
      found.status = 0xffff;
      found.code = SignalInformation::kContinued;
      return found;
    }
  }
  if (!some) return LinuxError::NoChild;
  return Found{};
}

Result<Found> wait_for_child(Task& task, Selection selection, u32 options) {
  for (;;) {
    Found found = TRY(look(task, selection, options));
    if (found.pid || options & WaitOption::NoHang) return found;
    TRY(task.wait_on(task.process.child_changed));
  }
}

}  // namespace

Result<u64> call_wait4(Task& task, i32 pid, GuestAddress status, u32 options, GuestAddress usage) {
  constexpr u32 kKnown =
      WaitOption::NoHang | WaitOption::Stopped | WaitOption::Continued | WaitOption::NoThread | WaitOption::All | WaitOption::Clone;
  if (options & ~kKnown) return LinuxError::Invalid;
  if (pid == std::numeric_limits<i32>::min()) return LinuxError::NoProcess;
  Selection selection;
  if (pid > 0) selection.pid = pid;
  if (pid == 0) selection.group = task.process.group;
  if (pid < -1) selection.group = -pid;
  Found found = TRY(wait_for_child(task, selection, options | WaitOption::Exited));
  if (found.pid && status.raw) TRY(write_guest(task.memory(), status, found.status));
  if (found.pid && usage.raw) TRY(write_guest(task.memory(), usage, found.usage));
  return u64(found.pid);
}

Result<u64> call_waitid(Task& task, u32 type, i32 id, GuestAddress information, u32 options, GuestAddress usage) {
  constexpr u32 kAny = 0, kPid = 1, kGroup = 2;
  constexpr u32 kWanted = WaitOption::Exited | WaitOption::Stopped | WaitOption::Continued;
  constexpr u32 kKnown =
      kWanted | WaitOption::NoHang | WaitOption::KeepWaiting | WaitOption::NoThread | WaitOption::All | WaitOption::Clone;
  if (options & ~kKnown || !(options & kWanted)) return LinuxError::Invalid;
  Selection selection;
  if (type == kPid && id > 0) {
    selection.pid = id;
  } else if (type == kGroup && id >= 0) {
    selection.group = id ? id : task.process.group;
  } else if (type != kAny) {
    return LinuxError::Invalid;
  }
  Found found = TRY(wait_for_child(task, selection, options));
  if (information.raw) {
    struct {
      i32 signal, error, code, pad, pid;
      u32 uid;
      i32 status;
      i32 rest[25];
    } raw = {};
    static_assert(sizeof raw == 128);
    if (found.pid) {
      raw.signal = Signal::Child;
      raw.code = found.code;
      raw.pid = found.pid;
      raw.uid = found.uid;
      raw.status = found.code == SignalInformation::kExited      ? found.status >> 8 & 0xff
                   : found.code == SignalInformation::kStopped   ? found.status >> 8
                   : found.code == SignalInformation::kContinued ? i32(Signal::Continue)
                                                                 : found.status & 0x7f;
    }
    TRY(write_guest(task.memory(), information, raw));
  }
  if (found.pid && usage.raw) TRY(write_guest(task.memory(), usage, found.usage));
  return u64{0};
}

}  // namespace pith::personality
