// Replaces musl's file of this name on every 64-bit architecture: a system call of the C library is an ordinary call of pith_libc_syscall.
#define __SYSCALL_LL_E(x) (x)
#define __SYSCALL_LL_O(x) (x)
#define IPC_64 0

long pith_libc_syscall(long, long, long, long, long, long, long);

static inline long __syscall0(long number) { return pith_libc_syscall(number, 0, 0, 0, 0, 0, 0); }
static inline long __syscall1(long number, long a) { return pith_libc_syscall(number, a, 0, 0, 0, 0, 0); }
static inline long __syscall2(long number, long a, long b) { return pith_libc_syscall(number, a, b, 0, 0, 0, 0); }
static inline long __syscall3(long number, long a, long b, long c) { return pith_libc_syscall(number, a, b, c, 0, 0, 0); }
static inline long __syscall4(long number, long a, long b, long c, long d) { return pith_libc_syscall(number, a, b, c, d, 0, 0); }
static inline long __syscall5(long number, long a, long b, long c, long d, long e) { return pith_libc_syscall(number, a, b, c, d, e, 0); }
static inline long __syscall6(long number, long a, long b, long c, long d, long e, long f) {
  return pith_libc_syscall(number, a, b, c, d, e, f);
}
