// Every call's handler: arguments as the program passed them, an answer or an error. They run with the environment's lock held, but for
// those marked Free in the table.
#pragma once
#include "personality/linux/abi.h"
#include "personality/linux/errors.h"

namespace pith::personality {

class Task;

// process/
Result<u64> call_fork(Task&);
Result<u64> call_vfork(Task&);
Result<u64> call_clone(Task&, u64 flags, u64 stack, GuestAddress parent_tid, GuestAddress child_tid, u64 thread_pointer);
Result<u64> call_execve(Task&, GuestAddress path, GuestAddress arguments, GuestAddress environment);
Result<u64> call_execveat(Task&, i32 directory, GuestAddress path, GuestAddress arguments, GuestAddress environment, u32 flags);
Result<u64> call_wait4(Task&, i32 pid, GuestAddress status, u32 options, GuestAddress usage);
Result<u64> call_waitid(Task&, u32 type, i32 id, GuestAddress information, u32 options, GuestAddress usage);
Result<u64> call_exit(Task&, i32 status);
Result<u64> call_exit_group(Task&, i32 status);
Result<u64> call_getpid(Task&);
Result<u64> call_gettid(Task&);
Result<u64> call_getppid(Task&);
Result<u64> call_set_tid_address(Task&, GuestAddress address);
Result<u64> call_setpgid(Task&, i32 pid, i32 group);
Result<u64> call_getpgid(Task&, i32 pid);
Result<u64> call_getpgrp(Task&);
Result<u64> call_setsid(Task&);
Result<u64> call_getsid(Task&, i32 pid);
Result<u64> call_prctl(Task&, u32 option, u64 argument2, u64 argument3, u64 argument4, u64 argument5);
Result<u64> call_arch_prctl(Task&, u32 code, u64 address);
Result<u64> call_sched_yield(Task&);
Result<u64> call_sched_getaffinity(Task&, i32 pid, u32 size, GuestAddress mask);
Result<u64> call_sched_setaffinity(Task&, i32 pid, u32 size, GuestAddress mask);
Result<u64> call_sched_getscheduler(Task&, i32 pid);
Result<u64> call_sched_setscheduler(Task&, i32 pid, u32 policy, GuestAddress parameter);
Result<u64> call_sched_setparam(Task&, i32 pid, GuestAddress parameter);
Result<u64> call_sched_getparam(Task&, i32 pid, GuestAddress parameter);
Result<u64> call_sched_get_priority_max(Task&, u32 policy);
Result<u64> call_sched_get_priority_min(Task&, u32 policy);
Result<u64> call_sched_rr_get_interval(Task&, i32 pid, GuestAddress interval);
Result<u64> call_getpriority(Task&, u32 which, i32 who);
Result<u64> call_setpriority(Task&, u32 which, i32 who, i32 value);

// memory/
Result<u64> call_brk(Task&, u64 address);
Result<u64> call_mmap(Task&, u64 address, u64 size, u32 protection, u32 flags, i32 descriptor, u64 offset);
Result<u64> call_munmap(Task&, u64 address, u64 size);
Result<u64> call_mprotect(Task&, u64 address, u64 size, u32 protection);
Result<u64> call_mremap(Task&, u64 address, u64 old_size, u64 new_size, u64 flags, u64 wanted);
Result<u64> call_madvise(Task&, u64 address, u64 size, u32 advice);
Result<u64> call_msync(Task&, u64 address, u64 size, u32 flags);
Result<u64> call_mincore(Task&, u64 address, u64 size, GuestAddress vector);
Result<u64> call_mlock(Task&, u64 address, u64 size);
Result<u64> call_munlock(Task&, u64 address, u64 size);
Result<u64> call_mlockall(Task&, u32 flags);
Result<u64> call_munlockall(Task&);

// files/: descriptors
Result<u64> call_read(Task&, i32 descriptor, GuestAddress buffer, u64 size);
Result<u64> call_write(Task&, i32 descriptor, GuestAddress buffer, u64 size);
Result<u64> call_readv(Task&, i32 descriptor, GuestAddress pieces, u64 count);
Result<u64> call_writev(Task&, i32 descriptor, GuestAddress pieces, u64 count);
Result<u64> call_pread64(Task&, i32 descriptor, GuestAddress buffer, u64 size, i64 offset);
Result<u64> call_pwrite64(Task&, i32 descriptor, GuestAddress buffer, u64 size, i64 offset);
Result<u64> call_preadv(Task&, i32 descriptor, GuestAddress pieces, u64 count, i64 offset);
Result<u64> call_pwritev(Task&, i32 descriptor, GuestAddress pieces, u64 count, i64 offset);
Result<u64> call_lseek(Task&, i32 descriptor, i64 offset, u32 origin);
Result<u64> call_close(Task&, i32 descriptor);
Result<u64> call_close_range(Task&, u32 first, u32 last, u32 flags);
Result<u64> call_dup(Task&, i32 descriptor);
Result<u64> call_dup2(Task&, i32 descriptor, i32 target);
Result<u64> call_dup3(Task&, i32 descriptor, i32 target, u32 flags);
Result<u64> call_fcntl(Task&, i32 descriptor, u32 command, u64 argument);
Result<u64> call_ioctl(Task&, i32 descriptor, u32 request, GuestAddress argument);
Result<u64> call_truncate(Task&, GuestAddress path, i64 size);
Result<u64> call_ftruncate(Task&, i32 descriptor, i64 size);
Result<u64> call_fallocate(Task&, i32 descriptor, u32 mode, i64 offset, i64 size);
Result<u64> call_fsync(Task&, i32 descriptor);
Result<u64> call_fdatasync(Task&, i32 descriptor);
Result<u64> call_syncfs(Task&, i32 descriptor);
Result<u64> call_sync(Task&);
Result<u64> call_fadvise64(Task&, i32 descriptor);
Result<u64> call_flock(Task&, i32 descriptor, u32 operation);
Result<u64> call_sendfile(Task&, i32 to, i32 from, GuestAddress offset, u64 count);
Result<u64> call_copy_file_range(Task&, i32 from, GuestAddress from_offset, i32 to, GuestAddress to_offset, u64 count, u32 flags);
Result<u64> call_pipe(Task&, GuestAddress descriptors);
Result<u64> call_pipe2(Task&, GuestAddress descriptors, u32 flags);
Result<u64> call_poll(Task&, GuestAddress items, u64 count, i32 milliseconds);
Result<u64> call_ppoll(Task&, GuestAddress items, u64 count, GuestAddress timeout, GuestAddress mask, u64 mask_size);
Result<u64> call_select(Task&, i32 count, GuestAddress read, GuestAddress write, GuestAddress except, GuestAddress timeout);
Result<u64> call_pselect6(Task&, i32 count, GuestAddress read, GuestAddress write, GuestAddress except, GuestAddress timeout,
                          GuestAddress mask);

Result<u64> call_epoll_create(Task&, i32 size);
Result<u64> call_epoll_create1(Task&, u32 flags);
Result<u64> call_epoll_ctl(Task&, i32 epoll, u32 operation, i32 descriptor, GuestAddress event);
Result<u64> call_epoll_wait(Task&, i32 epoll, GuestAddress events, i32 most, i32 milliseconds);
Result<u64> call_epoll_pwait(Task&, i32 epoll, GuestAddress events, i32 most, i32 milliseconds, GuestAddress mask, u64 mask_size);
Result<u64> call_epoll_pwait2(Task&, i32 epoll, GuestAddress events, i32 most, GuestAddress timeout, GuestAddress mask, u64 mask_size);
Result<u64> call_eventfd(Task&, u32 count);
Result<u64> call_eventfd2(Task&, u32 count, u32 flags);
Result<u64> call_timerfd_create(Task&, u32 clock, u32 flags);
Result<u64> call_timerfd_settime(Task&, i32 descriptor, u32 flags, GuestAddress value, GuestAddress old);
Result<u64> call_timerfd_gettime(Task&, i32 descriptor, GuestAddress value);

// network/
Result<u64> call_socket(Task&, u32 family, u32 type, u32 protocol);
Result<u64> call_socketpair(Task&, u32 family, u32 type, u32 protocol, GuestAddress descriptors);
Result<u64> call_bind(Task&, i32 descriptor, GuestAddress address, u32 length);
Result<u64> call_connect(Task&, i32 descriptor, GuestAddress address, u32 length);
Result<u64> call_listen(Task&, i32 descriptor, i32 backlog);
Result<u64> call_accept(Task&, i32 descriptor, GuestAddress address, GuestAddress length);
Result<u64> call_accept4(Task&, i32 descriptor, GuestAddress address, GuestAddress length, u32 flags);
Result<u64> call_shutdown(Task&, i32 descriptor, u32 how);
Result<u64> call_getsockname(Task&, i32 descriptor, GuestAddress address, GuestAddress length);
Result<u64> call_getpeername(Task&, i32 descriptor, GuestAddress address, GuestAddress length);
Result<u64> call_sendto(Task&, i32 descriptor, GuestAddress buffer, u64 size, u32 flags, GuestAddress address, u32 length);
Result<u64> call_recvfrom(Task&, i32 descriptor, GuestAddress buffer, u64 size, u32 flags, GuestAddress address, GuestAddress length);
Result<u64> call_sendmsg(Task&, i32 descriptor, GuestAddress message, u32 flags);
Result<u64> call_recvmsg(Task&, i32 descriptor, GuestAddress message, u32 flags);
Result<u64> call_sendmmsg(Task&, i32 descriptor, GuestAddress messages, u32 count, u32 flags);
Result<u64> call_recvmmsg(Task&, i32 descriptor, GuestAddress messages, u32 count, u32 flags, GuestAddress timeout);
Result<u64> call_setsockopt(Task&, i32 descriptor, u32 level, u32 name, GuestAddress value, u32 length);
Result<u64> call_getsockopt(Task&, i32 descriptor, u32 level, u32 name, GuestAddress value, GuestAddress length);

// files/: names
Result<u64> call_mount(Task&, GuestAddress source, GuestAddress path, GuestAddress type, u64 flags, GuestAddress data);
Result<u64> call_umount2(Task&, GuestAddress path, u32 flags);
Result<u64> call_open(Task&, GuestAddress path, u32 flags, u32 mode);
Result<u64> call_openat(Task&, i32 directory, GuestAddress path, u32 flags, u32 mode);
Result<u64> call_creat(Task&, GuestAddress path, u32 mode);
Result<u64> call_stat(Task&, GuestAddress path, GuestAddress result);
Result<u64> call_lstat(Task&, GuestAddress path, GuestAddress result);
Result<u64> call_fstat(Task&, i32 descriptor, GuestAddress result);
Result<u64> call_newfstatat(Task&, i32 directory, GuestAddress path, GuestAddress result, u32 flags);
Result<u64> call_statx(Task&, i32 directory, GuestAddress path, u32 flags, u32 mask, GuestAddress result);
Result<u64> call_access(Task&, GuestAddress path, u32 mode);
Result<u64> call_faccessat(Task&, i32 directory, GuestAddress path, u32 mode);
Result<u64> call_faccessat2(Task&, i32 directory, GuestAddress path, u32 mode, u32 flags);
Result<u64> call_readlink(Task&, GuestAddress path, GuestAddress buffer, u64 size);
Result<u64> call_readlinkat(Task&, i32 directory, GuestAddress path, GuestAddress buffer, u64 size);
Result<u64> call_symlink(Task&, GuestAddress target, GuestAddress path);
Result<u64> call_symlinkat(Task&, GuestAddress target, i32 directory, GuestAddress path);
Result<u64> call_link(Task&, GuestAddress from, GuestAddress to);
Result<u64> call_linkat(Task&, i32 from_directory, GuestAddress from, i32 to_directory, GuestAddress to, u32 flags);
Result<u64> call_unlink(Task&, GuestAddress path);
Result<u64> call_unlinkat(Task&, i32 directory, GuestAddress path, u32 flags);
Result<u64> call_rename(Task&, GuestAddress from, GuestAddress to);
Result<u64> call_renameat(Task&, i32 from_directory, GuestAddress from, i32 to_directory, GuestAddress to);
Result<u64> call_renameat2(Task&, i32 from_directory, GuestAddress from, i32 to_directory, GuestAddress to, u32 flags);
Result<u64> call_mkdir(Task&, GuestAddress path, u32 mode);
Result<u64> call_mkdirat(Task&, i32 directory, GuestAddress path, u32 mode);
Result<u64> call_rmdir(Task&, GuestAddress path);
Result<u64> call_mknod(Task&, GuestAddress path, u32 mode, u64 device);
Result<u64> call_mknodat(Task&, i32 directory, GuestAddress path, u32 mode, u64 device);
Result<u64> call_chmod(Task&, GuestAddress path, u32 mode);
Result<u64> call_fchmod(Task&, i32 descriptor, u32 mode);
Result<u64> call_fchmodat(Task&, i32 directory, GuestAddress path, u32 mode);
Result<u64> call_chown(Task&, GuestAddress path, u32 uid, u32 gid);
Result<u64> call_lchown(Task&, GuestAddress path, u32 uid, u32 gid);
Result<u64> call_fchown(Task&, i32 descriptor, u32 uid, u32 gid);
Result<u64> call_fchownat(Task&, i32 directory, GuestAddress path, u32 uid, u32 gid, u32 flags);
Result<u64> call_utimensat(Task&, i32 directory, GuestAddress path, GuestAddress times, u32 flags);
Result<u64> call_utimes(Task&, GuestAddress path, GuestAddress times);
Result<u64> call_utime(Task&, GuestAddress path, GuestAddress times);
Result<u64> call_getcwd(Task&, GuestAddress buffer, u64 size);
Result<u64> call_chdir(Task&, GuestAddress path);
Result<u64> call_fchdir(Task&, i32 descriptor);
Result<u64> call_chroot(Task&, GuestAddress path);
Result<u64> call_umask(Task&, u32 mask);
Result<u64> call_statfs(Task&, GuestAddress path, GuestAddress result);
Result<u64> call_fstatfs(Task&, i32 descriptor, GuestAddress result);
Result<u64> call_getdents64(Task&, i32 descriptor, GuestAddress buffer, u64 size);
Result<u64> call_getxattr(Task&, GuestAddress path);

// signal/
Result<u64> call_rt_sigaction(Task&, u32 signal, GuestAddress action, GuestAddress old, u64 size);
Result<u64> call_rt_sigprocmask(Task&, u32 how, GuestAddress set, GuestAddress old, u64 size);
Result<u64> call_rt_sigpending(Task&, GuestAddress set, u64 size);
Result<u64> call_rt_sigsuspend(Task&, GuestAddress set, u64 size);
Result<u64> call_rt_sigtimedwait(Task&, GuestAddress set, GuestAddress information, GuestAddress timeout, u64 size);
Result<u64> call_rt_sigreturn(Task&);
Result<u64> call_sigaltstack(Task&, GuestAddress stack, GuestAddress old);
Result<u64> call_kill(Task&, i32 pid, u32 signal);
Result<u64> call_tkill(Task&, i32 tid, u32 signal);
Result<u64> call_tgkill(Task&, i32 pid, i32 tid, u32 signal);
Result<u64> call_pause(Task&);
Result<u64> call_rt_sigqueueinfo(Task&, i32 pid, u32 signal, GuestAddress information);
Result<u64> call_rt_tgsigqueueinfo(Task&, i32 pid, i32 tid, u32 signal, GuestAddress information);

// time/
Result<u64> call_clock_gettime(Task&, u32 clock, GuestAddress result);
Result<u64> call_clock_settime(Task&, u32 clock, GuestAddress time);
Result<u64> call_clock_getres(Task&, u32 clock, GuestAddress result);
Result<u64> call_gettimeofday(Task&, GuestAddress result, GuestAddress zone);
Result<u64> call_settimeofday(Task&, GuestAddress time, GuestAddress zone);
Result<u64> call_time(Task&, GuestAddress result);
Result<u64> call_nanosleep(Task&, GuestAddress request, GuestAddress left);
Result<u64> call_clock_nanosleep(Task&, u32 clock, u32 flags, GuestAddress request, GuestAddress left);
Result<u64> call_times(Task&, GuestAddress result);
Result<u64> call_getrusage(Task&, i32 who, GuestAddress result);
Result<u64> call_alarm(Task&, u32 seconds);
Result<u64> call_setitimer(Task&, u32 which, GuestAddress value, GuestAddress old);
Result<u64> call_getitimer(Task&, u32 which, GuestAddress result);
Result<u64> call_timer_create(Task&, u32 clock, GuestAddress event, GuestAddress result);
Result<u64> call_timer_settime(Task&, i32 number, u32 flags, GuestAddress value, GuestAddress old);
Result<u64> call_timer_gettime(Task&, i32 number, GuestAddress value);
Result<u64> call_timer_getoverrun(Task&, i32 number);
Result<u64> call_timer_delete(Task&, i32 number);

// ipc/
Result<u64> call_mq_open(Task&, GuestAddress name, u32 flags, u32 mode, GuestAddress attributes);
Result<u64> call_mq_unlink(Task&, GuestAddress name);
Result<u64> call_mq_timedsend(Task&, i32 descriptor, GuestAddress message, u64 size, u32 priority, GuestAddress timeout);
Result<u64> call_mq_timedreceive(Task&, i32 descriptor, GuestAddress message, u64 size, GuestAddress priority, GuestAddress timeout);
Result<u64> call_mq_notify(Task&, i32 descriptor, GuestAddress event);
Result<u64> call_mq_getsetattr(Task&, i32 descriptor, GuestAddress fresh, GuestAddress old);

// identity/
Result<u64> call_getuid(Task&);
Result<u64> call_geteuid(Task&);
Result<u64> call_getgid(Task&);
Result<u64> call_getegid(Task&);
Result<u64> call_getresuid(Task&, GuestAddress real, GuestAddress effective, GuestAddress saved);
Result<u64> call_getresgid(Task&, GuestAddress real, GuestAddress effective, GuestAddress saved);
Result<u64> call_setuid(Task&, u32 uid);
Result<u64> call_setgid(Task&, u32 gid);
Result<u64> call_setreuid(Task&, u32 real, u32 effective);
Result<u64> call_setregid(Task&, u32 real, u32 effective);
Result<u64> call_setresuid(Task&, u32 real, u32 effective, u32 saved);
Result<u64> call_setresgid(Task&, u32 real, u32 effective, u32 saved);
Result<u64> call_setfsuid(Task&, u32 uid);
Result<u64> call_setfsgid(Task&, u32 gid);
Result<u64> call_getgroups(Task&, i32 size, GuestAddress list);
Result<u64> call_setgroups(Task&, i32 size, GuestAddress list);

// misc/
Result<u64> call_uname(Task&, GuestAddress result);
Result<u64> call_sethostname(Task&, GuestAddress name, u64 size);
Result<u64> call_sysinfo(Task&, GuestAddress result);
Result<u64> call_getrandom(Task&, GuestAddress buffer, u64 size, u32 flags);
Result<u64> call_prlimit64(Task&, i32 pid, u32 resource, GuestAddress fresh, GuestAddress old);
Result<u64> call_getrlimit(Task&, u32 resource, GuestAddress result);
Result<u64> call_setrlimit(Task&, u32 resource, GuestAddress fresh);
Result<u64> call_futex(Task&, GuestAddress word, u32 operation, u32 value, GuestAddress timeout, GuestAddress second, u32 value3);
Result<u64> call_set_robust_list(Task&, GuestAddress head, u64 size);
Result<u64> call_get_robust_list(Task&, i32 pid, GuestAddress head, GuestAddress size);
Result<u64> call_getcpu(Task&, GuestAddress cpu, GuestAddress node);
Result<u64> call_syslog(Task&, u32 type, GuestAddress buffer, i32 size);
Result<u64> call_reboot(Task&, u32 magic1, u32 magic2, u32 command);

}  // namespace pith::personality
