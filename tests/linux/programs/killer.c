// Kills services again and again, each in its own period, and says how long each was away: killer SECONDS PERIOD_MS SERVICE...
//
// From the command to the first answer that needed the service: ext4 changes a file's mode, disk syncs a byte, network opens a socket,
// netcard has the gateway answer an echo. It ends early when /tmp/stop is there. Prints `SERVICE KILLS P50 P99 LONGEST`, in microseconds.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *const kModeFile = "/disk/killer.mode", *const kSyncFile = "/disk/killer.sync";

static long long now_us(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

static void fail(const char* what) {
  printf("killer: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void change_mode(void) {
  static int round;
  if (chmod(kModeFile, ++round % 2 ? 0600 : 0644) != 0) fail("chmod");
}

static void sync_byte(void) {
  static int file = -1;
  if (file < 0 && (file = open(kSyncFile, O_RDWR | O_CREAT, 0644)) < 0) fail(kSyncFile);
  if (pwrite(file, "x", 1, 0) != 1 || fsync(file) != 0) fail("fsync");
}

static void open_socket(void) {
  int socket_file = socket(AF_INET, SOCK_DGRAM, 0);
  if (socket_file < 0) fail("socket");
  close(socket_file);
}

// One that is lost on the way, which is nobody's promise, is asked for again.
static void echo(void) {
  static int raw = -1;
  static unsigned short number;
  if (raw < 0 && (raw = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)) < 0) fail("raw socket");
  struct sockaddr_in gateway = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000202)};
  unsigned short request[4] = {htons(0x0800), 0, htons(0x4b4c), htons(++number)};
  unsigned sum = request[0] + request[2] + request[3];
  request[1] = (unsigned short)~((sum & 0xffff) + (sum >> 16));
  for (int tries = 0; tries < 100; tries++) {
    if (sendto(raw, request, sizeof request, 0, (struct sockaddr*)&gateway, sizeof gateway) != sizeof request) fail("echo");
    for (;;) {
      struct pollfd ready = {raw, POLLIN, 0};
      if (poll(&ready, 1, 200) != 1) break;
      unsigned char answer[100];
      long length = recv(raw, answer, sizeof answer, 0);
      if (length >= 28 && answer[20] == 0 && memcmp(answer + 24, request + 2, 4) == 0) return;
    }
  }
  errno = ETIMEDOUT;
  fail("echo");
}

static const struct {
  const char* service;
  void (*probe)(void);
} kProbes[] = {{"ext4", change_mode}, {"disk", sync_byte}, {"network", open_socket}, {"netcard", echo}};

static int is_less(const void* one, const void* other) {
  long long a = *(const long long*)one, b = *(const long long*)other;
  return (a > b) - (a < b);
}

static void work(const char* service, void (*probe)(void), long long begin, long long end, long long period) {
  char path[64];
  snprintf(path, sizeof path, "/svc/%s/ctl", service);
  long long* times = calloc((size_t)((end - begin) / period) + 2, sizeof *times);
  int count = 0;
  probe();
  for (long long turn = begin; turn < end && access("/tmp/stop", F_OK) != 0; turn += period) {
    long long left = turn - now_us();
    if (left < -period) continue;  // too late for this one
    if (left > 0) usleep((unsigned)left);
    long long killed = now_us();
    int control = open(path, O_WRONLY);
    if (control < 0 || write(control, "kill", 4) != 4) fail(path);
    close(control);
    probe();
    times[count++] = now_us() - killed;
  }
  if (count == 0) exit(1);
  qsort(times, (size_t)count, sizeof *times, is_less);
  printf("%s %d %lld %lld %lld\n", service, count, times[count / 2], times[count * 99 / 100], times[count - 1]);
  fflush(stdout);
}

int main(int argument_count, char** arguments) {
  if (argument_count < 4) return 2;
  long long period = atoi(arguments[2]) * 1000LL, begin = now_us() + period, end = begin + atoi(arguments[1]) * 1000000LL;
  int mode_file = open(kModeFile, O_RDWR | O_CREAT, 0644), services = argument_count - 3, bad = 0;
  if (mode_file < 0) fail(kModeFile);
  close(mode_file);
  for (int i = 0; i < services; i++) {
    void (*probe)(void) = NULL;
    for (size_t k = 0; k < sizeof kProbes / sizeof *kProbes; k++) {
      if (strcmp(kProbes[k].service, arguments[i + 3]) == 0) probe = kProbes[k].probe;
    }
    if (probe == NULL) return 2;
    if (fork() == 0) {
      work(arguments[i + 3], probe, begin + period * i / services, end, period);
      return 0;
    }
  }
  int status;
  while (wait(&status) > 0) bad |= status != 0;
  return bad;
}
