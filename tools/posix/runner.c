// Runs programs one after the other in the guest, each with a time-out: runner SECONDS FIRST LIST [machine] says of each test what became
// of it.
//
// LIST has a test a line; its program lies under /posix. Lines `begin TEST` and `end TEST VERDICT MILLISECONDS | LAST LINE OF OUTPUT`,
// with VERDICT the exit status, `signal-N` or `time-out`. FIRST is the number of the first line to run, from 0.
// With `machine` it is process 1 of a kernel that has nothing else: it mounts what programs expect, and switches the machine off at the
// end.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { kNameBytes = 128, kTailBytes = 4096, kLineBytes = 160 };
static const char* const kOutput = "/posix-output";

static long milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void start(const char* test) {
  char path[kNameBytes + 16];
  snprintf(path, sizeof path, "/posix/%s", test);
  setpgid(0, 0);
  int output = open(kOutput, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  int input = open("/dev/null", O_RDONLY);
  dup2(input, 0);
  dup2(output, 1);
  dup2(output, 2);
  for (int file = 3; file < 10; file++) close(file);
  if (chdir("/tmp") != 0) _exit(126);
  char* arguments[] = {path, NULL};
  execv(path, arguments);
  _exit(127);
}

/// The last line with anything in it of what the program printed.
static void print_last_line(void) {
  char text[kTailBytes + 1];
  int file = open(kOutput, O_RDONLY);
  off_t size = lseek(file, 0, SEEK_END);
  lseek(file, size > kTailBytes ? size - kTailBytes : 0, SEEK_SET);
  ssize_t length = read(file, text, kTailBytes);
  close(file);
  if (length < 0) length = 0;
  while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r' || text[length - 1] == ' ')) length--;
  text[length] = 0;
  char* line = strrchr(text, '\n');
  line = line ? line + 1 : text;
  for (char* letter = line; *letter; letter++)
    if (*letter < ' ' || *letter > '~') *letter = '?';
  printf("%.*s", kLineBytes, line);
}

static void run(const char* test, long limit) {
  printf("begin %s\n", test);
  fflush(stdout);
  long begin = milliseconds();
  pid_t child = fork();
  if (child == 0) start(test);
  if (child < 0) {
    printf("end %s fork 0 |\n", test);
    return;
  }
  setpgid(child, child);
  int status = 0, timed_out = 0;
  struct timespec pause = {0, 2000000};
  while (waitpid(child, &status, WNOHANG) != child) {
    if (!timed_out && milliseconds() - begin > limit) {
      timed_out = 1;
      kill(child, SIGKILL);
    }
    nanosleep(&pause, NULL);
    if (pause.tv_nsec < 20000000) pause.tv_nsec += 1000000;
  }
  long duration = milliseconds() - begin;
  kill(-child, SIGKILL);
  while (waitpid(-1, NULL, WNOHANG) > 0) {
  }
  printf("end %s ", test);
  if (timed_out)
    printf("time-out");
  else if (WIFSIGNALED(status))
    printf("signal-%d", WTERMSIG(status));
  else
    printf("%d", WEXITSTATUS(status));
  printf(" %ld | ", duration);
  print_last_line();
  printf("\n");
  fflush(stdout);
}

/// Process 1 of a machine that has nothing else: what the programs expect of a system.
static void prepare_machine(void) {
  mount("none", "/dev", "devtmpfs", 0, NULL);
  mount("none", "/proc", "proc", 0, NULL);
  mkdir("/dev/shm", 01777);
  mount("none", "/dev/shm", "tmpfs", 0, NULL);
  mkdir("/tmp", 01777);
  chmod("/tmp", 01777);
}

int main(int count, char** arguments) {
  int is_machine = count > 4 && strcmp(arguments[4], "machine") == 0;
  if (is_machine) prepare_machine();
  long limit = (count > 1 ? atol(arguments[1]) : 15) * 1000;
  long first = count > 2 ? atol(arguments[2]) : 0;
  FILE* list = fopen(count > 3 ? arguments[3] : "/posix/tests", "re");
  if (!list) return 2;
  char test[kNameBytes];
  for (long number = 0; fgets(test, sizeof test, list); number++) {
    test[strcspn(test, "\n")] = 0;
    if (number >= first && test[0]) run(test, limit);
  }
  printf("all done\n");
  fflush(stdout);
  if (is_machine) {
    sync();
    reboot(RB_POWER_OFF);
  }
  return 0;
}
