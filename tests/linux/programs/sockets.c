// Sockets over the loopback interface as Linux has them: prints one line per fact.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sockaddr_in local(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  return address;
}

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

static int port_of(int descriptor) {
  struct sockaddr_in address;
  socklen_t length = sizeof address;
  getsockname(descriptor, (struct sockaddr*)&address, &length);
  return ntohs(address.sin_port);
}

static short poll_for(int descriptor, short events, int timeout) {
  struct pollfd item = {descriptor, events, 0};
  poll(&item, 1, timeout);
  return item.revents;
}

static int listener(int* port) {
  int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  struct sockaddr_in address = local(0);
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(descriptor, (struct sockaddr*)&address, sizeof address) || listen(descriptor, 16)) perror("listen");
  *port = port_of(descriptor);
  return descriptor;
}

static void connections(void) {
  int port, server = listener(&port);
  struct sockaddr_in address = local(port), partner;
  socklen_t length = sizeof partner;
  int client = socket(AF_INET, SOCK_STREAM, 0);
  printf("not connected: %s, peer %s\n", outcome(recv(client, &length, 1, 0)), outcome(getpeername(client, (struct sockaddr*)&partner, &length)));
  printf("connect %s\n", outcome(connect(client, (struct sockaddr*)&address, sizeof address)));
  printf("again %s\n", outcome(connect(client, (struct sockaddr*)&address, sizeof address)));
  printf("can accept %x\n", poll_for(server, POLLIN, 1000));
  length = sizeof partner;
  int accepted = accept4(server, (struct sockaddr*)&partner, &length, SOCK_NONBLOCK);
  printf("from the client's port %d, length %d\n", ntohs(partner.sin_port) == port_of(client), (int)length);
  length = sizeof partner;
  getpeername(client, (struct sockaddr*)&partner, &length);
  printf("peer is the server %d\n", ntohs(partner.sin_port) == port && partner.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
  char buffer[64] = "";
  printf("nothing yet %s\n", outcome(recv(accepted, buffer, sizeof buffer, 0)));
  printf("sent %s\n", outcome(send(client, "hello", 5, 0)));
  printf("readable %x\n", poll_for(accepted, POLLIN | POLLOUT, 1000));
  int ready = 0;
  ioctl(accepted, FIONREAD, &ready);
  printf("bytes %d, peeked %s", ready, outcome(recv(accepted, buffer, 3, MSG_PEEK)));
  printf(", got %s %.5s\n", outcome(recv(accepted, buffer, sizeof buffer, 0)), buffer);
  struct iovec pieces[2] = {{"one ", 4}, {"two", 3}};
  struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 2};
  printf("pieces %s\n", outcome(sendmsg(accepted, &message, 0)));
  memset(buffer, 0, sizeof buffer);
  printf("all of it %s %s\n", outcome(recv(client, buffer, 7, MSG_WAITALL)), buffer);
  struct timeval timeout = {0, 50000};
  setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  printf("times out: %s\n", outcome(recv(client, buffer, 1, 0)));
  printf("shutdown %s\n", outcome(shutdown(client, SHUT_WR)));
  printf("end %x", poll_for(accepted, POLLIN | POLLRDHUP, 1000));
  printf(" %s\n", outcome(recv(accepted, buffer, 1, 0)));
  printf("other way %s", outcome(send(accepted, "x", 1, 0)));
  printf(" %s\n", outcome(recv(client, buffer, 1, 0)));
  printf("sends no more: %s\n", outcome(send(client, "x", 1, MSG_NOSIGNAL)));
  close(accepted);
  printf("closed %s\n", outcome(recv(client, buffer, 1, 0)));
  close(client);
  close(server);
}

static void refused(void) {
  int port, server = listener(&port), error = 0;
  close(server);
  struct sockaddr_in address = local(port);
  int client = socket(AF_INET, SOCK_STREAM, 0);
  printf("refused: %s\n", outcome(connect(client, (struct sockaddr*)&address, sizeof address)));
  close(client);
  client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  int result = connect(client, (struct sockaddr*)&address, sizeof address);
  printf("at once: %s\n", result < 0 && (errno == EINPROGRESS || errno == ECONNREFUSED) ? "not" : "yes");
  short events = poll_for(client, POLLOUT, 1000);
  socklen_t length = sizeof error;
  if (errno == EINPROGRESS) getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &length);
  printf("events %x\n", events & (POLLERR | POLLHUP));
  close(client);
}

static void in_progress(void) {
  int port, server = listener(&port), error = -1;
  struct sockaddr_in address = local(port);
  int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  int result = connect(client, (struct sockaddr*)&address, sizeof address);
  printf("in progress %d\n", result == 0 || errno == EINPROGRESS);
  printf("writable %x", poll_for(client, POLLOUT, 1000) & POLLOUT);
  socklen_t length = sizeof error;
  getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &length);
  printf(", error %d\n", error);
  int on = 1, value = 0;
  printf("options %d %d %d\n", setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), setsockopt(client, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on),
         setsockopt(client, IPPROTO_TCP, TCP_KEEPIDLE, &(int){60}, sizeof on));
  length = sizeof value;
  getsockopt(client, IPPROTO_TCP, TCP_NODELAY, &value, &length);
  printf("no delay %d", value != 0);
  getsockopt(client, SOL_SOCKET, SO_TYPE, &value, &length);
  printf(", type %d", value);
  getsockopt(server, SOL_SOCKET, SO_ACCEPTCONN, &value, &length);
  printf(", listens %d\n", value);
  // Fills both directions' memory, and finds an end of it.
  char block[4096] = "";
  int accepted = accept(server, 0, 0);
  long sent = 0;
  for (long got; (got = send(client, block, sizeof block, 0)) > 0;) sent += got;
  printf("full: %s, not writable %x\n", outcome(-1), poll_for(client, POLLOUT, 0));
  long received = 0;
  while (received < sent) {
    long got = recv(accepted, block, sizeof block, 0);
    if (got <= 0) break;
    received += got;
  }
  printf("all came %d, writable again %x\n", received == sent, poll_for(client, POLLOUT, 1000));
  struct linger linger = {1, 0};
  setsockopt(accepted, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  close(accepted);
  poll_for(client, POLLIN, 1000);
  printf("reset: %s", outcome(recv(client, block, 1, 0)));
  printf(", then %s\n", outcome(recv(client, block, 1, 0)));
  signal(SIGPIPE, SIG_IGN);
  printf("write %s\n", outcome(write(client, block, 1)));
  close(client);
  close(server);
}

static void* serve(void* argument) {
  int server = *(int*)argument, accepted = accept(server, 0, 0);
  char buffer[3000];
  for (long got; (got = read(accepted, buffer, sizeof buffer)) > 0;)
    for (long done = 0; done < got;) {
      long put = write(accepted, buffer + done, (size_t)(got - done));
      if (put <= 0) break;
      done += put;
    }
  close(accepted);
  return 0;
}

static void much(void) {
  int port, server = listener(&port);
  struct sockaddr_in address = local(port);
  pthread_t thread;
  pthread_create(&thread, 0, serve, &server);
  int client = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(client, (struct sockaddr*)&address, sizeof address)) perror("connect");
  unsigned sum = 0, expected = 0;
  char buffer[7000];
  long sent = 0, received = 0;
  const long whole = 300000;
  while (received < whole) {
    struct pollfd item = {client, (short)(POLLIN | (sent < whole ? POLLOUT : 0)), 0};
    poll(&item, 1, 5000);
    if (item.revents & POLLOUT) {
      long size = whole - sent < 5000 ? whole - sent : 5000;
      for (long i = 0; i < size; i++) buffer[i] = (char)((sent + i) * 7 >> 3);
      long put = send(client, buffer, (size_t)size, MSG_DONTWAIT);
      for (long i = 0; i < put; i++) expected = expected * 31 + (unsigned char)buffer[i];
      if (put > 0) sent += put;
    }
    if (item.revents & POLLIN) {
      long got = recv(client, buffer, sizeof buffer, 0);
      if (got <= 0) break;
      for (long i = 0; i < got; i++) sum = sum * 31 + (unsigned char)buffer[i];
      received += got;
    }
  }
  printf("echo %ld bytes, the same %d\n", received, sum == expected);
  shutdown(client, SHUT_WR);
  printf("end %s\n", outcome(read(client, buffer, 1)));
  pthread_join(thread, 0);
  close(client);
  close(server);
}

static void datagrams(void) {
  int first = socket(AF_INET, SOCK_DGRAM, 0), second = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in address = local(0), from;
  bind(first, (struct sockaddr*)&address, sizeof address);
  address = local(port_of(first));
  char buffer[64] = "";
  printf("no destination: %s\n", outcome(send(second, "x", 1, 0)));
  printf("sent %s", outcome(sendto(second, "datagram", 8, 0, (struct sockaddr*)&address, sizeof address)));
  printf(" %s\n", outcome(sendto(second, "", 0, 0, (struct sockaddr*)&address, sizeof address)));
  socklen_t length = sizeof from;
  printf("peek %s", outcome(recvfrom(first, buffer, 4, MSG_PEEK | MSG_TRUNC, (struct sockaddr*)&from, &length)));
  struct iovec piece = {buffer, 4};
  struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_name = &from, .msg_namelen = sizeof from};
  printf(", cut %s", outcome(recvmsg(first, &message, 0)));
  printf(" %d %.4s", (message.msg_flags & MSG_TRUNC) != 0, buffer);
  printf(", empty %s\n", outcome(recv(first, buffer, sizeof buffer, 0)));
  printf("none left %s\n", outcome(recv(first, buffer, sizeof buffer, MSG_DONTWAIT)));
  printf("answer %s", outcome(sendto(first, "back", 4, 0, (struct sockaddr*)&from, sizeof from)));
  printf(" %s %.4s\n", outcome(recv(second, buffer, sizeof buffer, 0)), buffer);
  printf("connected %s", outcome(connect(second, (struct sockaddr*)&address, sizeof address)));
  printf(" %s", outcome(send(second, "direct", 6, 0)));
  printf(" %s\n", outcome(recv(first, buffer, sizeof buffer, 0)));
  struct sockaddr_in taken = local(port_of(first));
  int third = socket(AF_INET, SOCK_DGRAM, 0);
  printf("in use: %s\n", outcome(bind(third, (struct sockaddr*)&taken, sizeof taken)));
  struct sockaddr_in foreign = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x08080808)};
  printf("not ours: %s\n", outcome(bind(third, (struct sockaddr*)&foreign, sizeof foreign)));
  close(first);
  close(second);
  close(third);
}

static void on_alarm(int signal) { (void)signal; }

static void interrupted(void) {
  int port, server = listener(&port);
  struct sigaction action = {.sa_handler = on_alarm};
  sigaction(SIGALRM, &action, 0);
  alarm(1);
  printf("interrupted: %s\n", outcome(accept(server, 0, 0)));
  fcntl(server, F_SETFL, O_NONBLOCK);
  printf("nobody: %s\n", outcome(accept(server, 0, 0)));
  close(server);
  printf("no socket: %s, bad kind: %s\n", outcome(listen(1, 1)), outcome(socket(AF_INET, 77, 0)));
}

int main(void) {
  setvbuf(stdout, 0, _IOLBF, 0);
  connections();
  refused();
  in_progress();
  much();
  datagrams();
  interrupted();
  return 0;
}
