// Locks on files as Linux has them: prints one line per fact. The file's path is the argument.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int file;

static const char* outcome(int result) { return result == 0 ? "taken" : strerror(errno); }

static int lock(int descriptor, int command, short type, off_t start, off_t length) {
  struct flock wanted = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
  return fcntl(descriptor, command, &wanted);
}

static void in_child(void (*function)(void)) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    function();
    fflush(stdout);
    _exit(0);
  }
  waitpid(child, 0, 0);
}

static void from_outside(void) {
  printf("  write 0..10 %s\n", outcome(lock(file, F_SETLK, F_WRLCK, 0, 10)));
  printf("  read 0..10 %s\n", outcome(lock(file, F_SETLK, F_RDLCK, 0, 10)));
  printf("  write 20..30 %s\n", outcome(lock(file, F_SETLK, F_WRLCK, 20, 10)));
  printf("  read 100.. %s\n", outcome(lock(file, F_SETLK, F_RDLCK, 100, 0)));
  struct flock asked = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0};
  fcntl(file, F_GETLK, &asked);
  printf("  holder %s %ld %ld %s\n", asked.l_type == F_WRLCK ? "writes" : asked.l_type == F_RDLCK ? "reads" : "none", (long)asked.l_start,
         (long)asked.l_len, asked.l_pid == getppid() ? "parent" : "other");
}

static void after_close(void) { printf("  after close: write all %s\n", outcome(lock(file, F_SETLK, F_WRLCK, 0, 0))); }
static void at_end(void) { lock(file, F_SETLK, F_WRLCK, 0, 0); }

static void ranges(const char* path) {
  printf("write 0..10 %s\n", outcome(lock(file, F_SETLK, F_WRLCK, 0, 10)));
  printf("read 100.. %s\n", outcome(lock(file, F_SETLK, F_RDLCK, 100, 0)));
  in_child(from_outside);
  printf("split: unlock 3..6 %s\n", outcome(lock(file, F_SETLK, F_UNLCK, 3, 3)));
  printf("weaker: read 0..3 %s\n", outcome(lock(file, F_SETLK, F_RDLCK, 0, 3)));
  in_child(from_outside);
  int other = open(path, O_RDWR);
  close(other);
  in_child(after_close);
  in_child(at_end);
  printf("child's are gone: %s\n", outcome(lock(file, F_SETLK, F_WRLCK, 0, 0)));
  lock(file, F_SETLK, F_UNLCK, 0, 0);
  int read_only = open(path, O_RDONLY);
  printf("write lock of a reader: %s\n", outcome(lock(read_only, F_SETLK, F_WRLCK, 0, 0)));
  printf("before the file: %s\n", outcome(lock(file, F_SETLK, F_WRLCK, -5, 2)));
  close(read_only);
}

static void waiting(void) {
  int ready[2], done[2];
  if (pipe(ready) || pipe(done)) return;
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    lock(file, F_SETLKW, F_WRLCK, 0, 1);
    if (write(ready[1], "r", 1) != 1) _exit(1);
    // Wants what the parent has.
    int result = lock(file, F_SETLKW, F_WRLCK, 1, 1);
    printf("waited: %s\n", outcome(result));
    fflush(stdout);
    _exit(0);
  }
  char byte;
  lock(file, F_SETLKW, F_WRLCK, 1, 1);
  if (read(ready[0], &byte, 1) != 1) return;
  usleep(50000);
  printf("circle: %s\n", outcome(lock(file, F_SETLKW, F_WRLCK, 0, 1)));
  fflush(stdout);
  lock(file, F_SETLK, F_UNLCK, 1, 1);
  waitpid(child, 0, 0);
}

static void on_alarm(int signal) { (void)signal; }

static void interrupted(void) {
  struct sigaction action = {.sa_handler = on_alarm};
  sigaction(SIGALRM, &action, 0);
  alarm(1);
  printf("  interrupted: %s\n", outcome(lock(file, F_SETLKW, F_WRLCK, 50, 1)));
}

static void whole(const char* path) {
  int other = open(path, O_RDWR), copy = dup(file);
  printf("flock %s\n", outcome(flock(file, LOCK_EX)));
  printf("other open file %s\n", outcome(flock(other, LOCK_SH | LOCK_NB)));
  printf("a copy of the descriptor %s\n", outcome(flock(copy, LOCK_EX | LOCK_NB)));
  printf("does not see ranges: %s\n", outcome(lock(other, F_SETLK, F_WRLCK, 0, 0)));
  printf("shared %s\n", outcome(flock(file, LOCK_SH)));
  printf("both %s\n", outcome(flock(other, LOCK_SH | LOCK_NB)));
  printf("exclusive %s\n", outcome(flock(other, LOCK_EX | LOCK_NB)));
  flock(file, LOCK_UN);
  printf("alone %s\n", outcome(flock(other, LOCK_EX | LOCK_NB)));
  close(other);
  printf("closed %s\n", outcome(flock(file, LOCK_EX | LOCK_NB)));
  flock(copy, LOCK_UN);
  struct flock wanted = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  other = open(path, O_RDWR);
  printf("of an open file: %s", outcome(fcntl(file, F_OFD_SETLK, &wanted)));
  wanted = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
  printf(", another: %s\n", outcome(fcntl(other, F_OFD_SETLK, &wanted)));
  close(other);
}

int main(int count, char** arguments) {
  const char* path = count > 1 ? arguments[1] : "/tmp/locked";
  file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  ranges(path);
  waiting();
  lock(file, F_SETLK, F_WRLCK, 50, 1);
  in_child(interrupted);
  lock(file, F_SETLK, F_UNLCK, 0, 0);
  whole(path);
  unlink(path);
  return 0;
}
