// A server on the host that sends back what it gets: the other end of the guest's connection through QEMU's network.
#pragma once
#include <thread>

#include "base/types.h"

namespace pith::torture {

/// On a free port of 127.0.0.1, which the guest reaches as 10.0.2.2, in a thread of its own until this ends.
class EchoServer {
 public:
  EchoServer();
  ~EchoServer();
  EchoServer(const EchoServer&) = delete;

  /// 0: there is none.
  u32 port() const { return port_; }

 private:
  void serve() const;

  int listener_ = -1, stop_[2] = {-1, -1};
  u32 port_ = 0;
  std::thread thread_;
};

}  // namespace pith::torture
