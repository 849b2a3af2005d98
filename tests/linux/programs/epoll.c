// epoll, eventfd and timerfd as Linux has them: prints one line per fact.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int set;

static int control(int operation, int file, uint32_t events, uint64_t data) {
  struct epoll_event event = {.events = events, .data.u64 = data};
  return epoll_ctl(set, operation, file, &event) == 0 ? 0 : errno;
}

static const char* wait_for(int timeout) {
  static char text[128];
  struct epoll_event events[4];
  int count = epoll_wait(set, events, 4, timeout);
  int place = snprintf(text, sizeof text, "%d", count);
  for (int i = 0; i < count; i++)
    place += snprintf(text + place, sizeof text - (size_t)place, " %x:%d", events[i].events, (int)events[i].data.u64);
  return text;
}

static void levels_and_edges(void) {
  int ends[2];
  if (pipe(ends)) return;
  int regular = open("/tmp", O_RDONLY | O_DIRECTORY);
  printf("add %d", control(EPOLL_CTL_ADD, ends[0], EPOLLIN, 7));
  printf(", again %d", control(EPOLL_CTL_ADD, ends[0], EPOLLIN, 8));
  printf(", directory %d, itself %d\n", control(EPOLL_CTL_ADD, regular, EPOLLIN, 9), control(EPOLL_CTL_ADD, set, EPOLLIN, 9));
  close(regular);
  printf("nothing %s\n", wait_for(0));
  if (write(ends[1], "abc", 3) != 3) return;
  printf("level %s", wait_for(100));
  printf(", still %s\n", wait_for(100));
  printf("edge %d", control(EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLET, 11));
  printf(" %s", wait_for(100));
  printf(", once %s", wait_for(0));
  if (write(ends[1], "d", 1) != 1) return;
  printf(", more %s\n", wait_for(100));
  printf("one shot %d", control(EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLONESHOT, 12));
  printf(" %s", wait_for(100));
  printf(", off %s", wait_for(0));
  printf(", armed %d", control(EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLONESHOT, 13));
  printf(" %s\n", wait_for(100));
  printf("write side %d", control(EPOLL_CTL_ADD, ends[1], EPOLLOUT | EPOLLET, 14));
  printf(" %s\n", wait_for(100));
  char buffer[8];
  printf("read %d\n", (int)read(ends[0], buffer, sizeof buffer));
  printf("removed %d", control(EPOLL_CTL_DEL, ends[0], 0, 0));
  printf(", again %d\n", control(EPOLL_CTL_DEL, ends[0], 0, 0));
  control(EPOLL_CTL_ADD, ends[0], EPOLLIN, 15);
  close(ends[1]);
  printf("closed %s\n", wait_for(100));
  int copy = dup(ends[0]);
  close(ends[0]);
  printf("a copy keeps it %s\n", wait_for(100));
  close(copy);
  printf("gone %s\n", wait_for(0));
}

static void nested(void) {
  int outer = set, ends[2];
  set = epoll_create1(EPOLL_CLOEXEC);
  int inner = set;
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends)) return;
  control(EPOLL_CTL_ADD, ends[0], EPOLLIN | EPOLLRDHUP, 20);
  set = outer;
  printf("nested %d", control(EPOLL_CTL_ADD, inner, EPOLLIN, 21));
  printf(" %s", wait_for(0));
  if (write(ends[1], "x", 1) != 1) return;
  printf(", then %s", wait_for(100));
  set = inner;
  printf(", inner %s", wait_for(0));
  printf(", circle %d\n", control(EPOLL_CTL_ADD, outer, EPOLLIN, 22));
  shutdown(ends[1], SHUT_WR);
  printf("shut down %s\n", wait_for(100));
  set = outer;
  control(EPOLL_CTL_DEL, inner, 0, 0);
  close(inner);
  close(ends[0]);
  close(ends[1]);
}

static void* write_later(void* file) {
  usleep(30000);
  uint64_t one = 1;
  if (write(*(int*)file, &one, sizeof one) != sizeof one) return 0;
  return file;
}

static void counters(void) {
  int counter = eventfd(0, EFD_NONBLOCK), semaphore = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
  uint64_t value = 5;
  printf("empty %d", (int)read(counter, &value, sizeof value));
  value = 5;
  printf(" %s, wrote %d", strerror(errno), (int)write(counter, &value, sizeof value));
  printf(" %d", (int)write(counter, &value, sizeof value));
  printf(", read %d", (int)read(counter, &value, sizeof value));
  printf(" = %d\n", (int)value);
  printf("semaphore %d", (int)read(semaphore, &value, sizeof value));
  printf(" = %d", (int)value);
  printf(", %d", (int)read(semaphore, &value, sizeof value));
  printf(", %d\n", (int)read(semaphore, &value, sizeof value));
  printf("short %d\n", (int)write(counter, &value, 4));
  control(EPOLL_CTL_ADD, counter, EPOLLIN | EPOLLET, 30);
  pthread_t thread;
  pthread_create(&thread, 0, write_later, &counter);
  printf("from a thread %s\n", wait_for(5000));
  pthread_join(thread, 0);
  close(counter);
  close(semaphore);
}

static void timers(void) {
  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  struct itimerspec when = {{0, 10000000}, {0, 20000000}}, left;
  uint64_t value = 0;
  printf("timer %d", timerfd_settime(timer, 0, &when, 0));
  printf(" %d", (int)read(timer, &value, sizeof value));
  control(EPOLL_CTL_ADD, timer, EPOLLIN, 40);
  printf(" %s", wait_for(5000));
  usleep(35000);
  printf(" %d", (int)read(timer, &value, sizeof value));
  timerfd_gettime(timer, &left);
  int is_left = left.it_value.tv_nsec > 0 && left.it_value.tv_nsec <= 10000000;
  printf(" several %d, interval %ld, left %d\n", value >= 3, left.it_interval.tv_nsec, is_left);
  close(timer);
}

static void on_signal(int signal) { (void)signal; }

static void signals(void) {
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, 0);
  alarm(1);
  struct epoll_event event;
  int count = epoll_wait(set, &event, 1, 5000);
  printf("signal %d %s\n", count, strerror(errno));
}

int main(void) {
  setvbuf(stdout, 0, _IOLBF, 0);
  set = epoll_create1(0);
  levels_and_edges();
  nested();
  counters();
  timers();
  signals();
  struct epoll_event event;
  printf("bad %d", epoll_wait(1, &event, 1, 0));
  printf(" %s", strerror(errno));
  printf(", %d", epoll_wait(set, &event, 0, 0));
  printf(" %s\n", strerror(errno));
  return 0;
}
