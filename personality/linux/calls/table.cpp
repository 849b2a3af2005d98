// The rows of the table of Linux calls, and how a row is made from a handler.
#include "personality/linux/calls/table.h"

#include <array>
#include <utility>

#include "personality/linux/calls/dispatch.h"
#include "personality/linux/calls/handlers.h"
#include "personality/linux/environment.h"
#include "personality/linux/x86_64/machine.h"

namespace pith::personality {

namespace {

/// Held: the handler runs under the environment's lock. Free: it reads only what its own task may change.
enum class Locking { Held, Free };

template <class T>
T argument_from(u64 word) {
  return T(word);
}

template <class T>
constexpr const char* type_name() {
  if constexpr (std::is_same_v<T, GuestAddress>) return "pointer";
  if constexpr (std::is_same_v<T, i32>) return "i32";
  if constexpr (std::is_same_v<T, u32>) return "u32";
  if constexpr (std::is_same_v<T, i64>) return "i64";
  return "u64";
}

/// What a handler's signature says.
template <class Function>
struct Signature;
template <class... Arguments>
struct Signature<Result<u64> (*)(Task&, Arguments...)> {
  template <auto handler>
  static Result<u64> run(Task& task) {
    return [&]<size_t... index>(std::index_sequence<index...>) {
      return handler(task, argument_from<Arguments>(machine::call_argument<index>(task.registers()))...);
    }
    (std::index_sequence_for<Arguments...>{});
  }
  static constexpr auto text() {
    std::array<char, 80> buffer = {};
    size_t place = 0;
    auto append = [&](const char* word) {
      if (place)
        for (char letter : {',', ' '}) buffer[place++] = letter;
      while (*word) buffer[place++] = *word++;
    };
    (append(type_name<Arguments>()), ...);
    return buffer;
  }
};

template <auto handler>
constexpr auto kArgumentText = Signature<decltype(handler)>::text();

template <auto handler, Locking locking>
void enter(Task& task) {
  Result<u64> answer = u64{0};
  if constexpr (locking == Locking::Held) environment().lock.lock();
  if constexpr (locking == Locking::Held) task.call_number = machine::call_number(task.registers());
  answer = Signature<decltype(handler)>::template run<handler>(task);
  if constexpr (locking == Locking::Held) {
    if (!environment().sockets_to_close.empty()) [[unlikely]]
      close_sockets();
    environment().lock.unlock();
  }
  if (answer) [[likely]]
    machine::set_answer(task.registers(), *answer);
  else
    answer_error(task, answer.error());
}

template <auto handler, Locking locking>
constexpr Call row(u16 number, int16_t generic_number, const char* name) {
  return {number, generic_number, name, kArgumentText<handler>.data(), Support::Done, "", enter<handler, locking>};
}
template <auto handler, Locking locking>
constexpr Call row_partly(u16 number, int16_t generic_number, const char* name, const char* note) {
  return {number, generic_number, name, kArgumentText<handler>.data(), Support::Partly, note, enter<handler, locking>};
}
constexpr Call row_missing(u16 number, int16_t generic_number, const char* name, const char* note) {
  return {number, generic_number, name, "", Support::Missing, note, nullptr};
}

constexpr Call kCalls[] = {
    row<call_read, Locking::Held>(0, 63, "read"),
    row<call_write, Locking::Held>(1, 64, "write"),
    row<call_open, Locking::Held>(2, -1, "open"),
    row<call_close, Locking::Held>(3, 57, "close"),
    row<call_stat, Locking::Held>(4, -1, "stat"),
    row<call_fstat, Locking::Held>(5, 80, "fstat"),
    row<call_lstat, Locking::Held>(6, -1, "lstat"),
    row<call_poll, Locking::Held>(7, -1, "poll"),
    row<call_lseek, Locking::Held>(8, 62, "lseek"),
    row<call_mmap, Locking::Held>(9, 222, "mmap"),
    row<call_mprotect, Locking::Held>(10, 226, "mprotect"),
    row<call_munmap, Locking::Held>(11, 215, "munmap"),
    row<call_brk, Locking::Held>(12, 214, "brk"),
    row<call_rt_sigaction, Locking::Held>(13, 134, "rt_sigaction"),
    row<call_rt_sigprocmask, Locking::Held>(14, 135, "rt_sigprocmask"),
    row<call_rt_sigreturn, Locking::Held>(15, 139, "rt_sigreturn"),
    row_partly<call_ioctl, Locking::Held>(
        16, 29, "ioctl", "terminals, FIONREAD, FIONBIO, FIOCLEX, FIONCLEX, addresses, masks, flags and routes of interfaces"),
    row<call_pread64, Locking::Held>(17, 67, "pread64"),
    row<call_pwrite64, Locking::Held>(18, 68, "pwrite64"),
    row<call_readv, Locking::Held>(19, 65, "readv"),
    row<call_writev, Locking::Held>(20, 66, "writev"),
    row<call_access, Locking::Held>(21, -1, "access"),
    row<call_pipe, Locking::Held>(22, -1, "pipe"),
    row<call_select, Locking::Held>(23, -1, "select"),
    row<call_sched_yield, Locking::Free>(24, 124, "sched_yield"),
    row<call_mremap, Locking::Held>(25, 216, "mremap"),
    row<call_msync, Locking::Held>(26, 227, "msync"),
    row<call_mincore, Locking::Held>(27, 232, "mincore"),
    row_partly<call_madvise, Locking::Held>(28, 233, "madvise", "DONTNEED and FREE discard; other advice is taken without effect"),
    row_missing(29, 194, "shmget", "no System V IPC yet"),
    row_missing(30, 196, "shmat", "no System V IPC yet"),
    row_missing(31, 195, "shmctl", "no System V IPC yet"),
    row<call_dup, Locking::Held>(32, 23, "dup"),
    row<call_dup2, Locking::Held>(33, -1, "dup2"),
    row<call_pause, Locking::Held>(34, -1, "pause"),
    row<call_nanosleep, Locking::Held>(35, 101, "nanosleep"),
    row<call_getitimer, Locking::Held>(36, 102, "getitimer"),
    row<call_alarm, Locking::Held>(37, -1, "alarm"),
    row<call_setitimer, Locking::Held>(38, 103, "setitimer"),
    row<call_getpid, Locking::Free>(39, 172, "getpid"),
    row<call_sendfile, Locking::Held>(40, 71, "sendfile"),
    row_partly<call_socket, Locking::Held>(
        41, 198, "socket",
        "AF_INET and AF_INET6 where there is a network: streams, datagrams, raw; AF_UNIX streams; AF_PACKET for the administrator of the network; no netlink"),
    row<call_connect, Locking::Held>(42, 203, "connect"),
    row<call_accept, Locking::Held>(43, 202, "accept"),
    row<call_sendto, Locking::Held>(44, 206, "sendto"),
    row<call_recvfrom, Locking::Held>(45, 207, "recvfrom"),
    row_partly<call_sendmsg, Locking::Held>(46, 211, "sendmsg", "of control messages SCM_RIGHTS only"),
    row_partly<call_recvmsg, Locking::Held>(47, 212, "recvmsg", "of control messages SCM_RIGHTS only"),
    row<call_shutdown, Locking::Held>(48, 210, "shutdown"),
    row<call_bind, Locking::Held>(49, 200, "bind"),
    row<call_listen, Locking::Held>(50, 201, "listen"),
    row<call_getsockname, Locking::Held>(51, 204, "getsockname"),
    row<call_getpeername, Locking::Held>(52, 205, "getpeername"),
    row_partly<call_socketpair, Locking::Held>(53, 199, "socketpair", "streams"),
    row_partly<call_setsockopt, Locking::Held>(54, 208, "setsockopt",
                                               "see network/socket.cpp and network/addresses.cpp: some options are taken without effect"),
    row_partly<call_getsockopt, Locking::Held>(55, 209, "getsockopt",
                                               "as setsockopt, and SO_ERROR, SO_TYPE, SO_DOMAIN, SO_PROTOCOL, SO_ACCEPTCONN, SO_PEERCRED"),
    row_partly<call_clone, Locking::Held>(
        56, 220, "clone", "namespaces are refused; CLONE_SIGHAND and CLONE_FILES without CLONE_THREAD share files but copy signal actions"),
    row<call_fork, Locking::Held>(57, -1, "fork"),
    row<call_vfork, Locking::Held>(58, -1, "vfork"),
    row<call_execve, Locking::Held>(59, 221, "execve"),
    row<call_exit, Locking::Held>(60, 93, "exit"),
    row<call_wait4, Locking::Held>(61, 260, "wait4"),
    row<call_kill, Locking::Held>(62, 129, "kill"),
    row<call_uname, Locking::Held>(63, 160, "uname"),
    row_missing(64, 190, "semget", "no System V IPC yet"),
    row_missing(65, 193, "semop", "no System V IPC yet"),
    row_missing(66, 191, "semctl", "no System V IPC yet"),
    row_missing(67, 197, "shmdt", "no System V IPC yet"),
    row_missing(68, 186, "msgget", "no System V IPC yet"),
    row_missing(69, 189, "msgsnd", "no System V IPC yet"),
    row_missing(70, 188, "msgrcv", "no System V IPC yet"),
    row_missing(71, 187, "msgctl", "no System V IPC yet"),
    row_partly<call_fcntl, Locking::Held>(72, 25, "fcntl", "no leases, no directory notification"),
    row<call_flock, Locking::Held>(73, 32, "flock"),
    row<call_fsync, Locking::Held>(74, 82, "fsync"),
    row<call_fdatasync, Locking::Held>(75, 83, "fdatasync"),
    row<call_truncate, Locking::Held>(76, 45, "truncate"),
    row<call_ftruncate, Locking::Held>(77, 46, "ftruncate"),
    row_missing(78, -1, "getdents", "not yet"),
    row<call_getcwd, Locking::Held>(79, 17, "getcwd"),
    row<call_chdir, Locking::Held>(80, 49, "chdir"),
    row<call_fchdir, Locking::Held>(81, 50, "fchdir"),
    row<call_rename, Locking::Held>(82, -1, "rename"),
    row<call_mkdir, Locking::Held>(83, -1, "mkdir"),
    row<call_rmdir, Locking::Held>(84, -1, "rmdir"),
    row<call_creat, Locking::Held>(85, -1, "creat"),
    row<call_link, Locking::Held>(86, -1, "link"),
    row<call_unlink, Locking::Held>(87, -1, "unlink"),
    row<call_symlink, Locking::Held>(88, -1, "symlink"),
    row<call_readlink, Locking::Held>(89, -1, "readlink"),
    row<call_chmod, Locking::Held>(90, -1, "chmod"),
    row<call_fchmod, Locking::Held>(91, 52, "fchmod"),
    row<call_chown, Locking::Held>(92, -1, "chown"),
    row<call_fchown, Locking::Held>(93, 55, "fchown"),
    row<call_lchown, Locking::Held>(94, -1, "lchown"),
    row<call_umask, Locking::Held>(95, 166, "umask"),
    row<call_gettimeofday, Locking::Held>(96, 169, "gettimeofday"),
    row<call_getrlimit, Locking::Held>(97, 163, "getrlimit"),
    row_partly<call_getrusage, Locking::Held>(98, 165, "getrusage", "times are measured in all, not split by thread"),
    row<call_sysinfo, Locking::Held>(99, 179, "sysinfo"),
    row<call_times, Locking::Held>(100, 153, "times"),
    row_missing(101, 117, "ptrace", "debugging is a capability of the system, see docs"),
    row<call_getuid, Locking::Free>(102, 174, "getuid"),
    row_partly<call_syslog, Locking::Held>(103, 116, "syslog", "sizes only; the log is the log service's"),
    row<call_getgid, Locking::Free>(104, 176, "getgid"),
    row<call_setuid, Locking::Held>(105, 146, "setuid"),
    row<call_setgid, Locking::Held>(106, 144, "setgid"),
    row<call_geteuid, Locking::Free>(107, 175, "geteuid"),
    row<call_getegid, Locking::Free>(108, 177, "getegid"),
    row<call_setpgid, Locking::Held>(109, 154, "setpgid"),
    row<call_getppid, Locking::Free>(110, 173, "getppid"),
    row<call_getpgrp, Locking::Free>(111, -1, "getpgrp"),
    row<call_setsid, Locking::Held>(112, 157, "setsid"),
    row<call_setreuid, Locking::Held>(113, 145, "setreuid"),
    row<call_setregid, Locking::Held>(114, 143, "setregid"),
    row<call_getgroups, Locking::Held>(115, 158, "getgroups"),
    row<call_setgroups, Locking::Held>(116, 159, "setgroups"),
    row<call_setresuid, Locking::Held>(117, 147, "setresuid"),
    row<call_getresuid, Locking::Held>(118, 148, "getresuid"),
    row<call_setresgid, Locking::Held>(119, 149, "setresgid"),
    row<call_getresgid, Locking::Held>(120, 150, "getresgid"),
    row<call_getpgid, Locking::Held>(121, 155, "getpgid"),
    row<call_setfsuid, Locking::Held>(122, 151, "setfsuid"),
    row<call_setfsgid, Locking::Held>(123, 152, "setfsgid"),
    row<call_getsid, Locking::Held>(124, 156, "getsid"),
    row_missing(125, 90, "capget", "not yet"),
    row_missing(126, 91, "capset", "not yet"),
    row<call_rt_sigpending, Locking::Held>(127, 136, "rt_sigpending"),
    row<call_rt_sigtimedwait, Locking::Held>(128, 137, "rt_sigtimedwait"),
    row<call_rt_sigqueueinfo, Locking::Held>(129, 138, "rt_sigqueueinfo"),
    row<call_rt_sigsuspend, Locking::Held>(130, 133, "rt_sigsuspend"),
    row<call_sigaltstack, Locking::Held>(131, 132, "sigaltstack"),
    row<call_utime, Locking::Held>(132, -1, "utime"),
    row<call_mknod, Locking::Held>(133, -1, "mknod"),
    row_missing(134, -1, "uselib", "gone from Linux, too"),
    row_missing(135, 92, "personality", "not yet"),
    row_missing(136, -1, "ustat", "not yet"),
    row<call_statfs, Locking::Held>(137, 43, "statfs"),
    row<call_fstatfs, Locking::Held>(138, 44, "fstatfs"),
    row_missing(139, -1, "sysfs", "not yet"),
    row<call_getpriority, Locking::Held>(140, 141, "getpriority"),
    row_partly<call_setpriority, Locking::Held>(141, 140, "setpriority", "kept and told, without effect on who runs"),
    row_partly<call_sched_setparam, Locking::Held>(142, 118, "sched_setparam", "as sched_setscheduler"),
    row<call_sched_getparam, Locking::Held>(143, 121, "sched_getparam"),
    row_partly<call_sched_setscheduler, Locking::Held>(
        144, 119, "sched_setscheduler", "no SCHED_DEADLINE; priorities decide who is woken first from a futex, not who runs"),
    row<call_sched_getscheduler, Locking::Held>(145, 120, "sched_getscheduler"),
    row<call_sched_get_priority_max, Locking::Held>(146, 125, "sched_get_priority_max"),
    row<call_sched_get_priority_min, Locking::Held>(147, 126, "sched_get_priority_min"),
    row<call_sched_rr_get_interval, Locking::Held>(148, 127, "sched_rr_get_interval"),
    row_partly<call_mlock, Locking::Held>(149, 228, "mlock", "counted only: pages are never swapped"),
    row_partly<call_munlock, Locking::Held>(150, 229, "munlock", "counted only: pages are never swapped"),
    row_partly<call_mlockall, Locking::Held>(151, 230, "mlockall", "counted only: pages are never swapped"),
    row_partly<call_munlockall, Locking::Held>(152, 231, "munlockall", "counted only: pages are never swapped"),
    row_missing(153, 58, "vhangup", "not yet"),
    row_missing(154, -1, "modify_ldt", "no 16-bit or 32-bit segments"),
    row_missing(155, 41, "pivot_root", "the tree is fixed by the manifest"),
    row_missing(156, -1, "_sysctl", "gone from Linux, too"),
    row_partly<call_prctl, Locking::Held>(157, 167, "prctl", "names, dumpable, death signal, no-new-privileges, capability bounding set"),
    row_partly<call_arch_prctl, Locking::Held>(158, -1, "arch_prctl", "SET_FS and GET_FS; SET_GS and GET_GS are refused"),
    row_missing(159, 171, "adjtimex", "not yet"),
    row<call_setrlimit, Locking::Held>(160, 164, "setrlimit"),
    row<call_chroot, Locking::Held>(161, 51, "chroot"),
    row<call_sync, Locking::Held>(162, 81, "sync"),
    row_missing(163, 89, "acct", "not yet"),
    row<call_settimeofday, Locking::Held>(164, 170, "settimeofday"),
    row_partly<call_mount, Locking::Held>(165, 40, "mount", "servers that the manifest grants (ext4 NAME), proc, svc; no bind, no move"),
    row_partly<call_umount2, Locking::Held>(166, 39, "umount2", "no MNT_EXPIRE"),
    row_missing(167, 224, "swapon", "no swap"),
    row_missing(168, 225, "swapoff", "no swap"),
    row_partly<call_reboot, Locking::Held>(169, 142, "reboot", "power-off and restart"),
    row<call_sethostname, Locking::Held>(170, 161, "sethostname"),
    row_missing(171, 162, "setdomainname", "not yet"),
    row_missing(172, -1, "iopl", "devices belong to drivers"),
    row_missing(173, -1, "ioperm", "devices belong to drivers"),
    row_missing(174, -1, "create_module", "gone from Linux, too"),
    row_missing(175, 105, "init_module", "no modules, by design"),
    row_missing(176, 106, "delete_module", "no modules, by design"),
    row_missing(177, -1, "get_kernel_syms", "gone from Linux, too"),
    row_missing(178, -1, "query_module", "gone from Linux, too"),
    row_missing(179, 60, "quotactl", "not yet"),
    row_missing(180, 42, "nfsservctl", "gone from Linux, too"),
    row_missing(181, -1, "getpmsg", "not yet"),
    row_missing(182, -1, "putpmsg", "not yet"),
    row_missing(183, -1, "afs_syscall", "not yet"),
    row_missing(184, -1, "tuxcall", "not yet"),
    row_missing(185, -1, "security", "not yet"),
    row<call_gettid, Locking::Free>(186, 178, "gettid"),
    row<call_fadvise64, Locking::Held>(187, 213, "readahead"),
    row_partly<call_getxattr, Locking::Held>(188, 5, "setxattr", "no extended attributes: EOPNOTSUPP"),
    row_partly<call_getxattr, Locking::Held>(189, 6, "lsetxattr", "no extended attributes: EOPNOTSUPP"),
    row_missing(190, 7, "fsetxattr", "not yet"),
    row_partly<call_getxattr, Locking::Held>(191, 8, "getxattr", "no extended attributes: EOPNOTSUPP"),
    row_partly<call_getxattr, Locking::Held>(192, 9, "lgetxattr", "no extended attributes: EOPNOTSUPP"),
    row_missing(193, 10, "fgetxattr", "not yet"),
    row_partly<call_getxattr, Locking::Held>(194, 11, "listxattr", "no extended attributes: EOPNOTSUPP"),
    row_partly<call_getxattr, Locking::Held>(195, 12, "llistxattr", "no extended attributes: EOPNOTSUPP"),
    row_missing(196, 13, "flistxattr", "not yet"),
    row_partly<call_getxattr, Locking::Held>(197, 14, "removexattr", "no extended attributes: EOPNOTSUPP"),
    row_partly<call_getxattr, Locking::Held>(198, 15, "lremovexattr", "no extended attributes: EOPNOTSUPP"),
    row_missing(199, 16, "fremovexattr", "not yet"),
    row<call_tkill, Locking::Held>(200, 130, "tkill"),
    row<call_time, Locking::Held>(201, -1, "time"),
    row_partly<call_futex, Locking::Held>(
        202, 98, "futex", "no WAIT_REQUEUE_PI and CMP_REQUEUE_PI; LOCK_PI gives the lock on in order of priority and lends none"),
    row_partly<call_sched_setaffinity, Locking::Held>(203, 122, "sched_setaffinity", "one CPU"),
    row<call_sched_getaffinity, Locking::Held>(204, 123, "sched_getaffinity"),
    row_missing(205, -1, "set_thread_area", "not yet"),
    row_missing(206, 0, "io_setup", "no asynchronous I/O yet"),
    row_missing(207, 1, "io_destroy", "no asynchronous I/O yet"),
    row_missing(208, 4, "io_getevents", "no asynchronous I/O yet"),
    row_missing(209, 2, "io_submit", "no asynchronous I/O yet"),
    row_missing(210, 3, "io_cancel", "no asynchronous I/O yet"),
    row_missing(211, -1, "get_thread_area", "not yet"),
    row_missing(212, 18, "lookup_dcookie", "not yet"),
    row<call_epoll_create, Locking::Held>(213, -1, "epoll_create"),
    row_missing(214, -1, "epoll_ctl_old", "gone from Linux, too"),
    row_missing(215, -1, "epoll_wait_old", "gone from Linux, too"),
    row_missing(216, 234, "remap_file_pages", "not yet"),
    row<call_getdents64, Locking::Held>(217, 61, "getdents64"),
    row<call_set_tid_address, Locking::Free>(218, 96, "set_tid_address"),
    row_missing(219, 128, "restart_syscall", "calls are run again by themselves"),
    row_missing(220, 192, "semtimedop", "no System V IPC yet"),
    row<call_fadvise64, Locking::Held>(221, 223, "fadvise64"),
    row<call_timer_create, Locking::Held>(222, 107, "timer_create"),
    row<call_timer_settime, Locking::Held>(223, 110, "timer_settime"),
    row<call_timer_gettime, Locking::Held>(224, 108, "timer_gettime"),
    row<call_timer_getoverrun, Locking::Held>(225, 109, "timer_getoverrun"),
    row<call_timer_delete, Locking::Held>(226, 111, "timer_delete"),
    row<call_clock_settime, Locking::Held>(227, 112, "clock_settime"),
    row<call_clock_gettime, Locking::Held>(228, 113, "clock_gettime"),
    row<call_clock_getres, Locking::Held>(229, 114, "clock_getres"),
    row<call_clock_nanosleep, Locking::Held>(230, 115, "clock_nanosleep"),
    row<call_exit_group, Locking::Held>(231, 94, "exit_group"),
    row<call_epoll_wait, Locking::Held>(232, -1, "epoll_wait"),
    row<call_epoll_ctl, Locking::Held>(233, 21, "epoll_ctl"),
    row<call_tgkill, Locking::Held>(234, 131, "tgkill"),
    row<call_utimes, Locking::Held>(235, -1, "utimes"),
    row_missing(236, -1, "vserver", "not yet"),
    row_missing(237, 235, "mbind", "not yet"),
    row_missing(238, 237, "set_mempolicy", "not yet"),
    row_missing(239, 236, "get_mempolicy", "not yet"),
    row<call_mq_open, Locking::Held>(240, 180, "mq_open"),
    row<call_mq_unlink, Locking::Held>(241, 181, "mq_unlink"),
    row<call_mq_timedsend, Locking::Held>(242, 182, "mq_timedsend"),
    row<call_mq_timedreceive, Locking::Held>(243, 183, "mq_timedreceive"),
    row_partly<call_mq_notify, Locking::Held>(244, 184, "mq_notify", "no SIGEV_THREAD (it goes through AF_NETLINK)"),
    row<call_mq_getsetattr, Locking::Held>(245, 185, "mq_getsetattr"),
    row_missing(246, 104, "kexec_load", "no, by design"),
    row_partly<call_waitid, Locking::Held>(247, 95, "waitid", "no P_PIDFD"),
    row_missing(248, 217, "add_key", "no key rings"),
    row_missing(249, 218, "request_key", "no key rings"),
    row_missing(250, 219, "keyctl", "no key rings"),
    row_missing(251, 30, "ioprio_set", "not yet"),
    row_missing(252, 31, "ioprio_get", "not yet"),
    row_missing(253, -1, "inotify_init", "no file notification yet"),
    row_missing(254, 27, "inotify_add_watch", "no file notification yet"),
    row_missing(255, 28, "inotify_rm_watch", "no file notification yet"),
    row_missing(256, 238, "migrate_pages", "not yet"),
    row<call_openat, Locking::Held>(257, 56, "openat"),
    row<call_mkdirat, Locking::Held>(258, 34, "mkdirat"),
    row<call_mknodat, Locking::Held>(259, 33, "mknodat"),
    row<call_fchownat, Locking::Held>(260, 54, "fchownat"),
    row_missing(261, -1, "futimesat", "not yet"),
    row<call_newfstatat, Locking::Held>(262, 79, "newfstatat"),
    row<call_unlinkat, Locking::Held>(263, 35, "unlinkat"),
    row<call_renameat, Locking::Held>(264, 38, "renameat"),
    row<call_linkat, Locking::Held>(265, 37, "linkat"),
    row<call_symlinkat, Locking::Held>(266, 36, "symlinkat"),
    row<call_readlinkat, Locking::Held>(267, 78, "readlinkat"),
    row<call_fchmodat, Locking::Held>(268, 53, "fchmodat"),
    row<call_faccessat, Locking::Held>(269, 48, "faccessat"),
    row<call_pselect6, Locking::Held>(270, 72, "pselect6"),
    row<call_ppoll, Locking::Held>(271, 73, "ppoll"),
    row_missing(272, 97, "unshare", "not yet"),
    row<call_set_robust_list, Locking::Free>(273, 99, "set_robust_list"),
    row<call_get_robust_list, Locking::Held>(274, 100, "get_robust_list"),
    row_missing(275, 76, "splice", "not yet"),
    row_missing(276, 77, "tee", "not yet"),
    row_missing(277, 84, "sync_file_range", "not yet"),
    row_missing(278, 75, "vmsplice", "not yet"),
    row_missing(279, 239, "move_pages", "not yet"),
    row<call_utimensat, Locking::Held>(280, 88, "utimensat"),
    row<call_epoll_pwait, Locking::Held>(281, 22, "epoll_pwait"),
    row_missing(282, -1, "signalfd", "not yet"),
    row_partly<call_timerfd_create, Locking::Held>(283, 85, "timerfd_create", "realtime timers do not follow when the clock is set"),
    row<call_eventfd, Locking::Held>(284, -1, "eventfd"),
    row_partly<call_fallocate, Locking::Held>(285, 47, "fallocate", "mode 0, KEEP_SIZE, PUNCH_HOLE"),
    row<call_timerfd_settime, Locking::Held>(286, 86, "timerfd_settime"),
    row<call_timerfd_gettime, Locking::Held>(287, 87, "timerfd_gettime"),
    row<call_accept4, Locking::Held>(288, 242, "accept4"),
    row_missing(289, 74, "signalfd4", "not yet"),
    row<call_eventfd2, Locking::Held>(290, 19, "eventfd2"),
    row<call_epoll_create1, Locking::Held>(291, 20, "epoll_create1"),
    row<call_dup3, Locking::Held>(292, 24, "dup3"),
    row<call_pipe2, Locking::Held>(293, 59, "pipe2"),
    row_missing(294, 26, "inotify_init1", "no file notification yet"),
    row<call_preadv, Locking::Held>(295, 69, "preadv"),
    row<call_pwritev, Locking::Held>(296, 70, "pwritev"),
    row<call_rt_tgsigqueueinfo, Locking::Held>(297, 240, "rt_tgsigqueueinfo"),
    row_missing(298, 241, "perf_event_open", "profiling is a capability of the system"),
    row<call_recvmmsg, Locking::Held>(299, 243, "recvmmsg"),
    row_missing(300, 262, "fanotify_init", "no file notification yet"),
    row_missing(301, 263, "fanotify_mark", "no file notification yet"),
    row<call_prlimit64, Locking::Held>(302, 261, "prlimit64"),
    row_missing(303, -1, "name_to_handle_at", "not yet"),
    row_missing(304, -1, "open_by_handle_at", "not yet"),
    row_missing(305, 266, "clock_adjtime", "not yet"),
    row<call_syncfs, Locking::Held>(306, 267, "syncfs"),
    row<call_sendmmsg, Locking::Held>(307, 269, "sendmmsg"),
    row_missing(308, 268, "setns", "not yet"),
    row<call_getcpu, Locking::Held>(309, 168, "getcpu"),
    row_missing(310, 270, "process_vm_readv", "not yet"),
    row_missing(311, 271, "process_vm_writev", "not yet"),
    row_missing(312, 272, "kcmp", "not yet"),
    row_missing(313, 273, "finit_module", "no modules, by design"),
    row_missing(314, 274, "sched_setattr", "not yet"),
    row_missing(315, 275, "sched_getattr", "not yet"),
    row_partly<call_renameat2, Locking::Held>(316, 276, "renameat2", "NOREPLACE, EXCHANGE; no WHITEOUT"),
    row_missing(317, 277, "seccomp", "not yet"),
    row<call_getrandom, Locking::Held>(318, 278, "getrandom"),
    row_missing(319, 279, "memfd_create", "not yet"),
    row_missing(320, 294, "kexec_file_load", "no, by design"),
    row_missing(321, 280, "bpf", "no programs in the kernel, by design"),
    row<call_execveat, Locking::Held>(322, 281, "execveat"),
    row_missing(323, 282, "userfaultfd", "not yet"),
    row_missing(324, 283, "membarrier", "not yet"),
    row_partly<call_mlock, Locking::Held>(325, 284, "mlock2", "counted only: pages are never swapped"),
    row<call_copy_file_range, Locking::Held>(326, 285, "copy_file_range"),
    row_missing(327, 286, "preadv2", "not yet"),
    row_missing(328, 287, "pwritev2", "not yet"),
    row_missing(329, 288, "pkey_mprotect", "no protection keys"),
    row_missing(330, 289, "pkey_alloc", "no protection keys"),
    row_missing(331, 290, "pkey_free", "no protection keys"),
    row<call_statx, Locking::Held>(332, 291, "statx"),
    row_missing(333, 292, "io_pgetevents", "no asynchronous I/O yet"),
    row_missing(334, 293, "rseq", "C libraries do without"),
    row_missing(424, 424, "pidfd_send_signal", "not yet"),
    row_missing(425, 425, "io_uring_setup", "no asynchronous rings yet"),
    row_missing(426, 426, "io_uring_enter", "no asynchronous rings yet"),
    row_missing(427, 427, "io_uring_register", "no asynchronous rings yet"),
    row_missing(428, 428, "open_tree", "the tree is fixed by the manifest"),
    row_missing(429, 429, "move_mount", "the tree is fixed by the manifest"),
    row_missing(430, 430, "fsopen", "the tree is fixed by the manifest"),
    row_missing(431, 431, "fsconfig", "the tree is fixed by the manifest"),
    row_missing(432, 432, "fsmount", "the tree is fixed by the manifest"),
    row_missing(433, 433, "fspick", "the tree is fixed by the manifest"),
    row_missing(434, 434, "pidfd_open", "not yet"),
    row_missing(435, 435, "clone3", "C libraries fall back to clone"),
    row<call_close_range, Locking::Held>(436, 436, "close_range"),
    row_missing(437, 437, "openat2", "not yet"),
    row_missing(438, 438, "pidfd_getfd", "not yet"),
    row<call_faccessat2, Locking::Held>(439, 439, "faccessat2"),
    row_missing(440, 440, "process_madvise", "not yet"),
    row<call_epoll_pwait2, Locking::Held>(441, 441, "epoll_pwait2"),
    row_missing(442, 442, "mount_setattr", "the tree is fixed by the manifest"),
    row_missing(443, 443, "quotactl_fd", "not yet"),
    row_missing(444, 444, "landlock_create_ruleset", "authority is in capabilities"),
    row_missing(445, 445, "landlock_add_rule", "authority is in capabilities"),
    row_missing(446, 446, "landlock_restrict_self", "authority is in capabilities"),
    row_missing(447, 447, "memfd_secret", "not yet"),
    row_missing(448, 448, "process_mrelease", "not yet"),
    row_missing(449, 449, "futex_waitv", "not yet"),
    row_missing(450, 450, "set_mempolicy_home_node", "not yet"),
};

constexpr auto kEntriesByNumber = [] {
  std::array<CallEntry, kCallNumbers> entries = {};
  for (const Call& call : kCalls) entries[call.number] = call.entry;
  return entries;
}();

}  // namespace

std::span<const Call> calls() { return kCalls; }
const CallEntry* const kCallEntries = kEntriesByNumber.data();

}  // namespace pith::personality
