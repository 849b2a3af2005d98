// Files that are mapped, written, cut and removed while they are open, as Linux has them: prints one line per fact. The directory is the argument.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kPage = 4096 };
static sigjmp_buf back;

static void on_fault(int signal) { siglongjmp(back, signal); }

static const char* outcome(long result) {
  static char texts[4][64];
  static int next;
  char* text = texts[next++ % 4];
  if (result < 0)
    snprintf(text, sizeof texts[0], "%s", strerror(errno));
  else
    snprintf(text, sizeof texts[0], "%ld", result);
  return text;
}

static void shared(int file) {
  char* map = mmap(0, 4 * kPage, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  char* view = mmap(0, 4 * kPage, PROT_READ, MAP_PRIVATE, file, 0);
  char buffer[32] = "";
  printf("there before %.5s %.5s\n", map + kPage, view + kPage);
  memcpy(map + 2 * kPage + 100, "by store", 8);
  printf("read %s %s\n", outcome(pread(file, buffer, 8, 2 * kPage + 100)), buffer);
  if (pwrite(file, "by write", 8, 3 * kPage) != 8) return;
  printf("seen %.8s %.8s\n", map + 3 * kPage, view + 3 * kPage);
  printf("synced %s %s\n", outcome(msync(map, 4 * kPage, MS_SYNC)), outcome(fsync(file)));
  // After it was written back the page is watched again.
  memcpy(map + 2 * kPage + 100, "a second", 8);
  printf("read %s %s\n", outcome(pread(file, buffer, 8, 2 * kPage + 100)), buffer);
  fflush(stdout);
  if (fork() == 0) {
    memcpy(map, "child", 5);
    _exit(0);
  }
  wait(0);
  printf("from the child %.5s\n", map);
  printf("cut %s", outcome(ftruncate(file, 2 * kPage + 50)));
  if (!sigsetjmp(back, 1)) printf(" %d", map[2 * kPage + 49]);
  printf(", zero behind it %d", map[2 * kPage + 100]);
  int caught = sigsetjmp(back, 1);
  if (!caught) caught = map[3 * kPage] ? 1000 : 1001;
  printf(", beyond %s\n", caught == SIGBUS ? "SIGBUS" : "there");
  printf("longer %s", outcome(ftruncate(file, 4 * kPage)));
  printf(" %d %d\n", map[2 * kPage + 100], map[3 * kPage]);
  munmap(map, 4 * kPage);
  map = mmap(0, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
  memcpy(map, "private", 7);
  printf("private stays %s", outcome(pread(file, buffer, 7, 0)));
  printf(" %.7s\n", buffer);
  munmap(map, kPage);
  munmap(view, 4 * kPage);
}

static void protections(const char* path) {
  int reader = open(path, O_RDONLY);
  char* map = mmap(0, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, reader, 0);
  printf("writable of a reader: %s\n", map == MAP_FAILED ? strerror(errno) : "yes");
  map = mmap(0, kPage, PROT_READ, MAP_SHARED, reader, 0);
  int caught = sigsetjmp(back, 1);
  if (!caught) map[0] = 1;
  printf("store %s\n", caught == SIGSEGV ? "SIGSEGV" : "done");
  close(reader);
  printf("after close %.3s\n", map);
  munmap(map, kPage);
}

static void removed(const char* path) {
  int file = open(path, O_RDWR);
  char* map = mmap(0, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  struct stat status;
  printf("unlink %s", outcome(unlink(path)));
  fstat(file, &status);
  printf(", links %d", (int)status.st_nlink);
  memcpy(map, "alive", 5);
  char buffer[8] = "";
  printf(", read %s %s", outcome(pread(file, buffer, 5, 0)), buffer);
  close(file);
  printf(", mapped %.5s", map);
  int again = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
  printf(", another %s\n", outcome(pread(again, buffer, 5, 0)));
  munmap(map, kPage);
  close(again);
}

static void modes(const char* path) {
  char buffer[64] = "";
  int end = open(path, O_RDWR | O_APPEND | O_CREAT, 0600), other = open(path, O_WRONLY);
  printf("append %s", outcome(write(end, "one", 3)));
  printf(" %s", outcome(pwrite(other, "two", 3, 3)));
  printf(" %s", outcome(write(end, "three", 5)));
  printf(" at %s", outcome(lseek(end, 0, SEEK_CUR)));
  printf(" %s %s\n", outcome(pread(other, buffer, 1, 0)), outcome(pread(end, buffer, 20, 0)));
  printf("%.11s\n", buffer);
  struct iovec pieces[2] = {{"12", 2}, {"345", 3}};
  printf("pieces %s", outcome(pwritev(other, pieces, 2, 100)));
  printf(", hole %s", outcome(pread(end, buffer, 64, 40)));
  printf(" %d\n", buffer[0] == 0 && buffer[59] == 0);
  close(other);
  other = open(path, O_WRONLY | O_TRUNC);
  printf("truncated %s", outcome(lseek(other, 0, SEEK_END)));
  printf(", beyond %s", outcome(lseek(other, 10000, SEEK_SET)));
  printf(" %s", outcome(write(other, "x", 1)));
  printf(" %s\n", outcome(lseek(other, 0, SEEK_END)));
  close(other);
  other = open(path, O_WRONLY | O_SYNC);
  printf("synchronous %s\n", outcome(write(other, "s", 1)));
  printf("exclusive %s", outcome(open(path, O_CREAT | O_EXCL | O_WRONLY, 0600)));
  printf(", directory %s", outcome(open(path, O_DIRECTORY)));
  printf(", below a file %s\n", outcome(open(strcat(strcpy(buffer, path), "/x"), O_RDONLY)));
  struct stat status;
  printf("kept %s", outcome(fallocate(other, FALLOC_FL_KEEP_SIZE, 0, 100000)));
  fstat(other, &status);
  printf(" %d", (int)status.st_size);
  printf(", grown %s", outcome(fallocate(other, 0, 0, 100000)));
  fstat(other, &status);
  printf(" %d\n", (int)status.st_size);
  struct timespec times[2] = {{1000000000, 5}, {1100000000, 7}};
  printf("times %s", outcome(futimens(other, times)));
  fsync(other);
  stat(path, &status);
  printf(" %ld.%ld\n", (long)status.st_mtim.tv_sec, (long)status.st_mtim.tv_nsec);
  close(end);
  close(other);
}

int main(int count, char** arguments) {
  setvbuf(stdout, 0, _IOLBF, 0);
  if (chdir(count > 1 ? arguments[1] : "/tmp")) return 1;
  struct sigaction action = {.sa_handler = on_fault};
  sigaction(SIGBUS, &action, 0);
  sigaction(SIGSEGV, &action, 0);
  int file = open("mapped", O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (ftruncate(file, 4 * kPage) || pwrite(file, "hello", 5, kPage) != 5) return 1;
  shared(file);
  close(file);
  protections("mapped");
  removed("mapped");
  modes("modes");
  unlink("mapped");
  unlink("modes");
  return 0;
}
