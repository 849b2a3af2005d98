// Sends back, one connection after the other.
#include "tools/torture/echo.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pith::torture {

EchoServer::EchoServer() {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (listener_ < 0 || pipe2(stop_, O_CLOEXEC) != 0 || bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener_, 4) != 0 || getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) != 0)
    return;
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

EchoServer::~EchoServer() {
  if (stop_[1] >= 0) close(stop_[1]);
  if (thread_.joinable()) thread_.join();
  for (int descriptor : {listener_, stop_[0]}) {
    if (descriptor >= 0) close(descriptor);
  }
}

void EchoServer::serve() const {
  int connection = -1;
  for (;;) {
    pollfd sources[] = {{stop_[0], POLLIN, 0}, {connection < 0 ? listener_ : connection, POLLIN, 0}};
    if (poll(sources, 2, -1) < 0 || sources[0].revents != 0) break;
    if (connection < 0) {
      connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      continue;
    }
    char bytes[16384];
    ssize_t count = recv(connection, bytes, sizeof bytes, 0);
    // Its partner takes what comes back; when the machine ends it is gone.
    for (ssize_t sent = 0; count > 0 && sent < count;) {
      ssize_t part = send(connection, bytes + sent, usize(count - sent), MSG_NOSIGNAL);
      if (part <= 0) count = part;
      sent += part;
    }
    if (count > 0) continue;
    close(connection);
    connection = -1;
  }
  if (connection >= 0) close(connection);
}

}  // namespace pith::torture
