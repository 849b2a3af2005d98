// Signals, timers, threads, vfork and shared memory as Linux has them: prints one line per fact.
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static sigjmp_buf back;
static volatile int alarms;
static volatile double changed = 1.5;
static __thread int of_thread = 7;

static void on_fault(int signal, siginfo_t* information, void* context) {
  (void)context;
  printf("signal %d code %d\n", signal, information->si_code);
  siglongjmp(back, 1);
}

static void on_alarm(int signal) {
  (void)signal;
  alarms++;
  changed *= 2;
}

static void* set_value(void* value) {
  *(int*)value = 42;
  return value;
}

static void faults(void) {
  stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536};
  sigaltstack(&stack, 0);
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
  for (int i = 0; i < 4; i++) sigaction(signals[i], &action, 0);
  if (!sigsetjmp(back, 1)) *(volatile int*)0x1234 = 1;
  if (!sigsetjmp(back, 1)) ((void (*)(void))0x5000)();
  if (!sigsetjmp(back, 1)) __asm__ volatile("ud2");
  char* read_only = mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (!sigsetjmp(back, 1)) *(volatile char*)read_only = 1;
}

static void timers(void) {
  signal(SIGALRM, on_alarm);
  struct itimerval interval = {{0, 10000}, {0, 10000}};
  setitimer(ITIMER_REAL, &interval, 0);
  double x = 3.25, sum = 0;
  while (alarms < 20) {
    x = x * 1.0000001;
    sum += x;
  }
  setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, 0);
  printf("alarms %d, registers kept %d\n", alarms >= 20, x > 3.2 && sum > 3.2 && changed > 1e5);
}

static void restarts(void) {
  struct sigaction action = {.sa_handler = on_alarm};
  sigaction(SIGALRM, &action, 0);
  int ends[2];
  char byte;
  if (pipe(ends)) return;
  alarm(1);
  int result = (int)read(ends[0], &byte, 1);
  printf("read %d %s\n", result, strerror(errno));
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, 0);
  alarm(1);
  if (!fork()) {
    sleep(2);
    _exit(write(ends[1], "x", 1) != 1);
  }
  printf("restarted read %d\n", (int)read(ends[0], &byte, 1));
  wait(0);
  alarm(1);
  result = poll(0, 0, 3000);
  printf("poll %d %s\n", result, strerror(errno));
}

static void threads(void) {
  int value = 0;
  pthread_t all[8];
  for (int i = 0; i < 8; i++) pthread_create(&all[i], 0, set_value, &value);
  for (int i = 0; i < 8; i++) pthread_join(all[i], 0);
  printf("threads %d, own %d\n", value, of_thread);
}

static void pending(void) {
  sigset_t set, found;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, 0);
  kill(getpid(), SIGUSR1);
  sigpending(&found);
  siginfo_t information;
  int taken = sigwaitinfo(&set, &information);
  printf("pending %d, taken %d from %s\n", sigismember(&found, SIGUSR1), taken, information.si_pid == getpid() ? "me" : "?");
}

static void processes(void) {
  int status, value = 0;
  if (!fork()) {
    raise(SIGSTOP);
    _exit(9);
  }
  pid_t child = waitpid(-1, &status, WUNTRACED);
  printf("stopped %d\n", WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
  kill(child, SIGCONT);
  waitpid(child, &status, 0);
  printf("exit %d\n", WEXITSTATUS(status));
  char* shared = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (!fork()) {
    strcpy(shared + 4096, "shared");
    _exit(0);
  }
  wait(0);
  printf("%s\n", shared + 4096);
  volatile int* place = &value;
  child = vfork();
  if (!child) {
    *place = 77;
    _exit(3);
  }
  waitpid(child, &status, 0);
  printf("vfork %d %d\n", *place, WEXITSTATUS(status));
}

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  faults();
  timers();
  restarts();
  threads();
  pending();
  processes();
  abort();
}
