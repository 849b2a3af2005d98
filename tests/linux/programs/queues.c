// Waiting for children, queued signals, timers that send them, message queues, locks with owners: prints what it sees, which is the same on
// Linux.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void print(const char* what, long result) { printf("%s %ld %s\n", what, result, result < 0 ? strerror(errno) : ""); }

static int order[16];
static volatile int count;
static void note(int signal, siginfo_t* information, void* context) {
  (void)context;
  order[count++] = (signal - SIGRTMIN) * 100 + information->si_value.sival_int;
}

static void queued_signals(void) {
  struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};
  sigfillset(&action.sa_mask);
  sigset_t set, before;
  sigemptyset(&set);
  for (int signal = SIGRTMIN; signal <= SIGRTMIN + 2; signal++) {
    sigaction(signal, &action, NULL);
    sigaddset(&set, signal);
  }
  sigprocmask(SIG_BLOCK, &set, &before);
  for (int value = 1; value <= 2; value++)
    for (int signal = 2; signal >= 0; signal--) sigqueue(getpid(), SIGRTMIN + signal, (union sigval){.sival_int = value});
  siginfo_t taken;
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, SIGRTMIN + 1);
  print("taken", sigwaitinfo(&one, &taken) - SIGRTMIN);
  printf("code %d value %d own %d\n", taken.si_code, taken.si_value.sival_int, taken.si_pid == getpid());
  sigprocmask(SIG_SETMASK, &before, NULL);
  printf("order");
  for (int i = 0; i < count; i++) printf(" %d", order[i]);
  printf("\n");
  print("queue to nobody", sigqueue(0x3fffffff, SIGUSR1, (union sigval){0}));
  print("queue 65", sigqueue(getpid(), 65, (union sigval){0}));
  print("kill 65 nobody", kill(0x3fffffff, 65));
  siginfo_t forged = {.si_code = SI_USER};
  print("forged", syscall(SYS_rt_sigqueueinfo, 1, SIGUSR1, &forged));
}

static void timers(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN + 3);
  sigprocmask(SIG_BLOCK, &set, NULL);
  timer_t timer;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 3, .sigev_value.sival_int = 42};
  print("timer_create", timer_create(CLOCK_MONOTONIC, &event, &timer));
  struct itimerspec value = {.it_value.tv_nsec = 10000000, .it_interval.tv_nsec = 10000000};
  print("timer_settime", timer_settime(timer, 0, &value, NULL));
  usleep(100000);
  siginfo_t taken;
  print("expired", sigwaitinfo(&set, &taken) - SIGRTMIN);
  printf("code %d value %d overrun %s, as told %d\n", taken.si_code, taken.si_value.sival_int, taken.si_overrun >= 5 ? "many" : "few",
         taken.si_overrun == timer_getoverrun(timer));
  print("again", sigwaitinfo(&set, &taken) - SIGRTMIN);
  value.it_value.tv_nsec = 1000000000;
  print("crooked", timer_settime(timer, 0, &value, NULL));
  print("timer_delete", timer_delete(timer));
  print("deleted", syscall(SYS_timer_gettime, 0x7ffffff0, &value));
  event.sigev_signo = 99;
  print("no signal", syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer));
  print("no clock", syscall(SYS_timer_create, 77, NULL, &timer));
  struct itimerval profile = {.it_value.tv_usec = 20000};
  sigemptyset(&set);
  sigaddset(&set, SIGPROF);
  sigprocmask(SIG_BLOCK, &set, NULL);
  print("setitimer", setitimer(ITIMER_PROF, &profile, NULL));
  do sigpending(&set);
  while (!sigismember(&set, SIGPROF));
  struct timespec used;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  printf("profile signal after %s\n", used.tv_sec || used.tv_nsec >= 10000000 ? "its own time" : "too little");
}

static void message_queues(void) {
  mq_unlink("/pith-test");
  struct mq_attr wanted = {.mq_maxmsg = 3, .mq_msgsize = 16};
  mqd_t queue = mq_open("/pith-test", O_CREAT | O_EXCL | O_RDWR | O_NONBLOCK, 0600, &wanted);
  print("mq_open", queue < 0 ? -1 : 0);
  print("once more", mq_open("/pith-test", O_CREAT | O_EXCL | O_RDWR, 0600, NULL));
  print("send", mq_send(queue, "low", 4, 1));
  print("send", mq_send(queue, "high", 5, 9));
  print("send", mq_send(queue, "low2", 5, 1));
  print("send to full", mq_send(queue, "none", 5, 1));
  char text[16];
  unsigned priority;
  print("short", mq_receive(queue, text, 15, &priority));
  for (int i = 0; i < 3; i++) {
    long length = mq_receive(queue, text, 16, &priority);
    printf("received %s %ld priority %u\n", text, length, priority);
  }
  print("empty", mq_receive(queue, text, 16, &priority));
  print("too long", mq_send(queue, text, 17, 1));
  print("priority", mq_send(queue, text, 1, 32768));
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  sigprocmask(SIG_BLOCK, &set, NULL);
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2, .sigev_value.sival_int = 7};
  print("notify", mq_notify(queue, &event));
  print("notify twice", mq_notify(queue, &event));
  if (fork() == 0) _exit(mq_send(queue, "hello", 6, 0));
  siginfo_t taken;
  print("told", sigwaitinfo(&set, &taken));
  printf("code %d value %d\n", taken.si_code, taken.si_value.sival_int);
  wait(NULL);
  mq_receive(queue, text, 16, NULL);
  struct mq_attr flags = {.mq_flags = 0};
  mq_setattr(queue, &flags, NULL);
  struct timespec soon;
  clock_gettime(CLOCK_REALTIME, &soon);
  soon.tv_nsec += 20000000;
  if (soon.tv_nsec >= 1000000000) soon.tv_sec++, soon.tv_nsec -= 1000000000;
  print("timed", mq_timedreceive(queue, text, 16, NULL, &soon));
  print("mq_unlink", mq_unlink("/pith-test"));
  print("gone", mq_open("/pith-test", O_RDWR));
}

static pthread_mutex_t mutex;
static void* lock_and_die(void* unused) {
  pthread_mutex_lock(&mutex);
  return unused;
}
static void* lock_and_hold(void* unused) {
  pthread_mutex_lock(&mutex);
  usleep(50000);
  pthread_mutex_unlock(&mutex);
  return unused;
}

static void locks(void) {
  pthread_t thread;
  pthread_mutexattr_t kind;
  pthread_mutexattr_init(&kind);
  pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&mutex, &kind);
  pthread_create(&thread, NULL, lock_and_die, NULL);
  pthread_join(thread, NULL);
  errno = pthread_mutex_lock(&mutex);
  printf("robust %s\n", strerror(errno));
  pthread_mutex_consistent(&mutex);
  pthread_mutex_unlock(&mutex);
  pthread_mutexattr_init(&kind);
  pthread_mutexattr_setprotocol(&kind, PTHREAD_PRIO_INHERIT);
  pthread_mutex_init(&mutex, &kind);
  pthread_create(&thread, NULL, lock_and_hold, NULL);
  usleep(20000);
  printf("trylock %s\n", strerror(pthread_mutex_trylock(&mutex)));
  printf("lock %s\n", strerror(pthread_mutex_lock(&mutex)));
  printf("unlock %s\n", strerror(pthread_mutex_unlock(&mutex)));
  pthread_join(thread, NULL);
  unsigned word = 5, other = 7;
  print("wake op", syscall(SYS_futex, &word, FUTEX_WAKE_OP_PRIVATE, 1, 1, &other, FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_EQ, 7)));
  printf("changed %u\n", other);
  print("unlock of nobody's", syscall(SYS_futex, &word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
  struct sched_param priority = {.sched_priority = 0};
  print("fifo 0", sched_setscheduler(0, SCHED_FIFO, &priority));
  priority.sched_priority = 5;
  print("no policy", sched_setscheduler(0, 77, &priority));
  print("nobody", sched_setscheduler(0x3fffffff, SCHED_FIFO, &priority));
}

static void waiting(void) {
  print("wait for the lowest", wait4((int)0x80000000, NULL, WNOHANG, NULL));
  print("wait with no wish", waitid(P_ALL, 0, NULL, WNOHANG));
  if (fork() == 0) _exit(3);
  siginfo_t child;
  print("look", waitid(P_ALL, 0, &child, WEXITED | WNOWAIT | __WALL));
  printf("code %d status %d\n", child.si_code, child.si_status);
  print("take", waitid(P_ALL, 0, &child, WEXITED));
  print("nobody", waitid(P_ALL, 0, &child, WEXITED));
}

static void* become(void* unused) {
  execl("/proc/self/exe", "queues", "again", NULL);
  return unused;
}

static void new_program(void) {
  printf("exec from a thread: first task %s, signal to it %ld\n", gettid() == getpid() ? "again" : "gone",
         (long)syscall(SYS_tgkill, getpid(), getpid(), 0));
}

int main(int count, char** arguments) {
  (void)arguments;
  if (count > 1) {
    new_program();
    return 0;
  }
  setvbuf(stdout, NULL, _IOLBF, 0);
  waiting();
  queued_signals();
  timers();
  message_queues();
  locks();
  fflush(stdout);
  pthread_t thread;
  pthread_create(&thread, NULL, become, NULL);
  pthread_join(thread, NULL);
  return 1;
}
