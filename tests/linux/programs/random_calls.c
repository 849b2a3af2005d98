// Makes random Linux calls with random arguments in many processes: arguments are SEED and the number of processes.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kCallsEach = 300, kNumbers = 455, kMemory = 65536 };

static unsigned long state;
static char memory[kMemory];
static const char* const kNames[] = {"/tmp/a",
                                     "/tmp/b",
                                     "/tmp/d",
                                     "/tmp/d/e",
                                     "/proc/self/maps",
                                     "/proc/1/stat",
                                     "/dev/null",
                                     "/dev/zero",
                                     "/dev/full",
                                     "/svc/log/state",
                                     "..",
                                     "/",
                                     "/tmp/p",
                                     "",
                                     "/proc/self/fd/1",
                                     "/tmp",
                                     "/proc/self/exe"};

static unsigned long draw(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

static unsigned long pointer(void) {
  if (draw() % 3 == 0) return (unsigned long)kNames[draw() % (sizeof kNames / sizeof *kNames)];
  return (unsigned long)memory + draw() % kMemory;
}

static unsigned long argument(void) {
  switch (draw() % 8) {
    case 0:
      return 0;
    case 1:
      return draw() % 16;
    case 2:
      return (unsigned long)(draw() % 2 ? -1l : -100l);
    case 3:
      return 1ul << draw() % 64;
    case 4:
      return draw();
    case 5:
      return draw() % 65536;
    default:
      return pointer();
  }
}

/// Calls that would end the test instead of testing.
static int is_left_out(long number) {
  switch (number) {
    case SYS_exit:
    case SYS_exit_group:
    case SYS_reboot:
    case SYS_pause:
    case SYS_rt_sigsuspend:
    case SYS_rt_sigreturn:
    case SYS_kill:
    case SYS_tkill:
    case SYS_tgkill:
    case SYS_rt_sigqueueinfo:
    case SYS_fork:
    case SYS_vfork:
    case SYS_clone:
    case SYS_truncate:
    case SYS_setrlimit:
    case SYS_prlimit64:
    case SYS_munmap:
      return 1;
    default:
      return 0;
  }
}

static void make_calls(unsigned long seed) {
  state = seed | 1;
  for (unsigned long at = 0; at < kMemory / 8; at += 7) ((unsigned long*)memory)[at] = draw() % 4 ? draw() % 100 : draw();
  for (int i = 0; i < kCallsEach; i++) {
    long number = (long)(draw() % kNumbers);
    if (is_left_out(number)) continue;
    unsigned long first = draw() % 2 ? draw() % 8 : argument();
    syscall(number, first, draw() % 2 ? pointer() : argument(), argument(), argument(), argument(), argument());
  }
  _exit(0);
}

int main(int count, char** arguments) {
  if (count < 3) return 2;
  state = strtoul(arguments[1], 0, 0) * 2654435761u + 88172645463325252ul;
  int processes = atoi(arguments[2]), ended = 0;
  for (int i = 0; i < processes; i++) {
    unsigned long seed = draw();
    pid_t child = fork();
    if (child < 0) return 3;
    if (child == 0) {
      setpgid(0, 0);
      close(0);
      make_calls(seed);
    }
    int status, ticks = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
      usleep(10000);
      if (++ticks > 50) kill(child, SIGKILL);
    }
    if (WIFEXITED(status)) ended++;
  }
  printf("%s\n", ended >= processes / 2 ? "most ended by themselves" : "too few ended by themselves");
  return 0;
}
