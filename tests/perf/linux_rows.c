// Measures Linux calls from inside a Linux program; under -icount shift=0 one nanosecond is one instruction.
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

int main(void) {
  enum { kRounds = 10000 };
  uint64_t boot = now();
  syscall(SYS_getpid);
  uint64_t start = now();
  for (int i = 0; i < kRounds; i++) syscall(SYS_getpid);
  uint64_t end = now();
  // What the two readings of the clock cost is taken off.
  uint64_t clock_start = now();
  uint64_t clock_cost = now() - clock_start;
  printf("row linux_getpid %llu\n", (unsigned long long)((end - start - clock_cost + kRounds / 2) / kRounds));
  printf("row boot_to_shell %llu\n", (unsigned long long)boot);
  return 0;
}
