// AF_UNIX streams as Linux has them: prints one line per fact.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char* outcome(long result) {
  static char texts[4][64];
  static int next;
  char* text = texts[next++ % 4];
  if (result < 0)
    snprintf(text, sizeof texts[0], "%s", strerror(errno));
  else
    snprintf(text, sizeof texts[0], "%s", result == 0 ? "0" : result > 1000 ? "much" : "");
  if (result > 0 && result <= 1000) snprintf(text, sizeof texts[0], "%ld", result);
  return text;
}

static short poll_for(int descriptor, short events) {
  struct pollfd item = {descriptor, events, 0};
  poll(&item, 1, 1000);
  return item.revents;
}

static long pass(int through, int file) {
  char byte = 'f', room[CMSG_SPACE(sizeof(int))] = {0};
  struct iovec piece = {&byte, 1};
  struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
  struct cmsghdr* control = CMSG_FIRSTHDR(&message);
  control->cmsg_level = SOL_SOCKET;
  control->cmsg_type = SCM_RIGHTS;
  control->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(control), &file, sizeof file);
  return sendmsg(through, &message, 0);
}

static int take(int through, long* got) {
  char bytes[16], room[CMSG_SPACE(sizeof(int))];
  struct iovec piece = {bytes, sizeof bytes};
  struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
  *got = recvmsg(through, &message, 0);
  struct cmsghdr* control = CMSG_FIRSTHDR(&message);
  if (!control || control->cmsg_type != SCM_RIGHTS) return -1;
  int file;
  memcpy(&file, CMSG_DATA(control), sizeof file);
  return file;
}

int main(int count, char** arguments) {
  const char* path = count > 1 ? arguments[1] : "/tmp/socket";
  struct sockaddr_un address = {.sun_family = AF_UNIX}, other;
  strcpy(address.sun_path, path);
  unlink(path);
  signal(SIGPIPE, SIG_IGN);
  int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
  printf("nothing there: %s\n", outcome(connect(client, (struct sockaddr*)&address, sizeof address)));
  printf("bind %s", outcome(bind(server, (struct sockaddr*)&address, sizeof address)));
  struct stat status;
  stat(path, &status);
  printf(", a socket %d\n", S_ISSOCK(status.st_mode));
  printf("nobody listens: %s\n", outcome(connect(client, (struct sockaddr*)&address, sizeof address)));
  int second = socket(AF_UNIX, SOCK_STREAM, 0);
  printf("in use: %s\n", outcome(bind(second, (struct sockaddr*)&address, sizeof address)));
  printf("listen %s", outcome(listen(server, 4)));
  printf(", connect %s", outcome(connect(client, (struct sockaddr*)&address, sizeof address)));
  printf(", ready %x\n", poll_for(server, POLLIN));
  socklen_t length = sizeof other;
  int accepted = accept(server, (struct sockaddr*)&other, &length);
  printf("partner's name %d bytes", (int)length);
  length = sizeof other;
  getpeername(client, (struct sockaddr*)&other, &length);
  printf(", server's %s\n", strcmp(other.sun_path, path) == 0 ? "right" : other.sun_path);
  struct ucred credentials;
  length = sizeof credentials;
  getsockopt(accepted, SOL_SOCKET, SO_PEERCRED, &credentials, &length);
  printf("from me %d\n", credentials.pid == getpid());
  char buffer[32] = "";
  printf("send %s", outcome(write(client, "stream", 6)));
  printf(", peek %s", outcome(recv(accepted, buffer, 3, MSG_PEEK)));
  printf(", read %s %s\n", outcome(read(accepted, buffer, sizeof buffer)), buffer);
  int ends[2];
  if (pipe(ends)) return 1;
  printf("bytes, then a file, then bytes: %s", outcome(write(client, "ab", 2)));
  printf(" %s", outcome(pass(client, ends[1])));
  printf(" %s\n", outcome(write(client, "cd", 2)));
  close(ends[1]);
  long got;
  int file = take(accepted, &got);
  printf("first %ld %d", got, file >= 0);
  int none = take(accepted, &got);
  printf(", second %ld %d", got, none >= 0);
  printf(", writes through it %s", outcome(write(file, "pipe", 4)));
  printf(" %s\n", outcome(read(ends[0], buffer, sizeof buffer)));
  close(file);
  printf("no writer is left: %s\n", outcome(read(ends[0], buffer, sizeof buffer)));
  shutdown(client, SHUT_WR);
  printf("end %s", outcome(read(accepted, buffer, 1)));
  printf(" %x\n", poll_for(accepted, POLLIN | POLLRDHUP) & (POLLIN | POLLRDHUP | POLLHUP));
  close(client);
  printf("broken: %s\n", outcome(write(accepted, "x", 1)));
  close(accepted);
  close(server);
  client = socket(AF_UNIX, SOCK_STREAM, 0);
  printf("closed: %s\n", outcome(connect(client, (struct sockaddr*)&address, sizeof address)));
  unlink(path);
  memset(&address.sun_path, 0, sizeof address.sun_path);
  memcpy(address.sun_path, "\0abstract", 9);
  socklen_t abstract = offsetof(struct sockaddr_un, sun_path) + 9;
  server = socket(AF_UNIX, SOCK_STREAM, 0);
  printf("abstract %s", outcome(bind(server, (struct sockaddr*)&address, abstract)));
  listen(server, 1);
  printf(" %s\n", outcome(connect(client, (struct sockaddr*)&address, abstract)));
  fflush(stdout);
  if (fork() == 0) {
    int from_child = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(from_child, (struct sockaddr*)&address, abstract)) _exit(1);
    if (write(from_child, "child", 5) != 5) _exit(1);
    _exit(0);
  }
  close(accept(server, 0, 0));
  accepted = accept(server, 0, 0);
  memset(buffer, 0, sizeof buffer);
  printf("%s", outcome(recv(accepted, buffer, 5, MSG_WAITALL)));
  printf(" %s", buffer);
  printf(" %s\n", outcome(recv(accepted, buffer, 5, 0)));
  wait(0);
  int pair[2];
  printf("pair %s", outcome(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair)));
  printf(", empty %s", outcome(read(pair[0], buffer, 1)));
  long sent = 0;
  static char block[8192];
  for (long part; (part = write(pair[0], block, sizeof block)) > 0;) sent += part;
  printf(", full %s %d\n", outcome(-1), sent > 10000);
  return 0;
}
