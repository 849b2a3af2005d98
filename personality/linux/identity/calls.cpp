// Users and groups.
#include "personality/linux/calls/handlers.h"
#include "personality/linux/environment.h"
#include "personality/linux/memory/user_copy.h"

namespace pith::personality {

namespace {

constexpr u32 kKeep = ~0u;

/// Three ids of one kind.
struct Ids {
  u32& real;
  u32& effective;
  u32& saved;
};
Ids users(Task& task) { return {task.process.credentials.uid, task.process.credentials.effective_uid, task.process.credentials.saved_uid}; }
Ids groups(Task& task) {
  return {task.process.credentials.gid, task.process.credentials.effective_gid, task.process.credentials.saved_gid};
}

bool has(const Ids& ids, u32 id) { return id == kKeep || id == ids.real || id == ids.effective || id == ids.saved; }

Result<u64> set_one(Task& task, Ids ids, u32 id) {
  if (id == kKeep) return LinuxError::Invalid;
  if (task.process.credentials.is_root()) {
    ids.real = ids.effective = ids.saved = id;
  } else if (id == ids.real || id == ids.saved) {
    ids.effective = id;
  } else {
    return LinuxError::NotPermitted;
  }
  return u64{0};
}

Result<u64> set_two(Task& task, Ids ids, u32 real, u32 effective) {
  bool root = task.process.credentials.is_root();
  if (!root && (!(real == kKeep || real == ids.real || real == ids.effective) || !has(ids, effective))) return LinuxError::NotPermitted;
  u32 before = ids.real;
  if (real != kKeep) ids.real = real;
  if (effective != kKeep) ids.effective = effective;
  if (real != kKeep || (effective != kKeep && effective != before)) ids.saved = ids.effective;
  return u64{0};
}

Result<u64> set_three(Task& task, Ids ids, u32 real, u32 effective, u32 saved) {
  if (!task.process.credentials.is_root() && !(has(ids, real) && has(ids, effective) && has(ids, saved))) return LinuxError::NotPermitted;
  if (real != kKeep) ids.real = real;
  if (effective != kKeep) ids.effective = effective;
  if (saved != kKeep) ids.saved = saved;
  return u64{0};
}

Result<u64> tell_three(Task& task, const Ids& ids, GuestAddress real, GuestAddress effective, GuestAddress saved) {
  TRY(write_guest(task.memory(), real, ids.real));
  TRY(write_guest(task.memory(), effective, ids.effective));
  TRY(write_guest(task.memory(), saved, ids.saved));
  return u64{0};
}

}  // namespace

Result<u64> call_getuid(Task& task) { return u64{task.process.credentials.uid}; }
Result<u64> call_geteuid(Task& task) { return u64{task.process.credentials.effective_uid}; }
Result<u64> call_getgid(Task& task) { return u64{task.process.credentials.gid}; }
Result<u64> call_getegid(Task& task) { return u64{task.process.credentials.effective_gid}; }

Result<u64> call_getresuid(Task& task, GuestAddress real, GuestAddress effective, GuestAddress saved) {
  return tell_three(task, users(task), real, effective, saved);
}
Result<u64> call_getresgid(Task& task, GuestAddress real, GuestAddress effective, GuestAddress saved) {
  return tell_three(task, groups(task), real, effective, saved);
}
Result<u64> call_setuid(Task& task, u32 uid) { return set_one(task, users(task), uid); }
Result<u64> call_setgid(Task& task, u32 gid) { return set_one(task, groups(task), gid); }
Result<u64> call_setreuid(Task& task, u32 real, u32 effective) { return set_two(task, users(task), real, effective); }
Result<u64> call_setregid(Task& task, u32 real, u32 effective) { return set_two(task, groups(task), real, effective); }
Result<u64> call_setresuid(Task& task, u32 real, u32 effective, u32 saved) { return set_three(task, users(task), real, effective, saved); }
Result<u64> call_setresgid(Task& task, u32 real, u32 effective, u32 saved) { return set_three(task, groups(task), real, effective, saved); }
Result<u64> call_setfsuid(Task& task, u32) { return u64{task.process.credentials.effective_uid}; }
Result<u64> call_setfsgid(Task& task, u32) { return u64{task.process.credentials.effective_gid}; }

Result<u64> call_getgroups(Task& task, i32 size, GuestAddress list) {
  const std::vector<u32>& groups_now = task.process.credentials.groups;
  if (size < 0 || (size > 0 && usize(size) < groups_now.size())) return LinuxError::Invalid;
  if (size > 0) TRY(copy_to_guest(task.memory(), list, groups_now.data(), groups_now.size() * 4));
  return groups_now.size();
}

Result<u64> call_setgroups(Task& task, i32 size, GuestAddress list) {
  constexpr i32 kMost = 65536;
  if (!task.process.credentials.is_root()) return LinuxError::NotPermitted;
  if (size < 0 || size > kMost) return LinuxError::Invalid;
  std::vector<u32> fresh(static_cast<usize>(size));
  TRY(copy_from_guest(task.memory(), fresh.data(), list, fresh.size() * 4));
  task.process.credentials.groups = std::move(fresh);
  return u64{0};
}

}  // namespace pith::personality
