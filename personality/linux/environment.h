// The one Linux environment of this component: its lock and everything that all processes share.
#pragma once
#include <functional>

#include "lib/sync.h"
#include "personality/linux/files/inode.h"
#include "personality/linux/process/process.h"

namespace pith::personality {

class Services;

/// One instance. `lock` guards all of it; it is held while a call is handled, never while a guest runs or a service is called.
struct Environment {
  Environment(FramePool& pool, u8* window, Services& services);
  ~Environment();

  Mutex lock;
  FramePool& pool;
  PageStore pages;
  Services& services;
  ProcessTable processes;
  Process* init = nullptr;
  bool protects_init = true;  ///< signals that process 1 does not handle cannot hurt it
  Reference<Directory> root;
  Reference<Terminal> console;
  WaitList wall_clock_set;      ///< tasks that wait for an instant of the wall clock
  WaitQueue timer_wakeup;       ///< the timer thread waits here
  WaitQueue write_back_wakeup;  ///< and here the one that writes files back
  /// Sockets whose files have ended: whoever has the lock and nothing in hand tells the stack (close_sockets).
  struct SocketEnd {
    u32 number;
    u64 abort;
  };
  std::vector<SocketEnd> sockets_to_close;
  u64 next_inode = 1;
  u64 file_pages = 0;        ///< held by files in memory
  u64 boot_wall_offset = 0;  ///< nanoseconds since 1970 when the monotonic clock showed 0
  std::function<void(i32 status)> on_init_exit;
};

Environment& environment();
/// Makes the environment; called once, before anything else here.
Environment& create_environment(FramePool& pool, u8* window, Services& services);

/// Tells the network stack about sockets that have ended. Lets the lock go.
void close_sockets();

/// Lets the lock go for a scope: around calls of services.
class [[nodiscard]] Unlocked {
 public:
  Unlocked() { environment().lock.unlock(); }
  ~Unlocked() { environment().lock.lock(); }
  Unlocked(const Unlocked&) = delete;
};

}  // namespace pith::personality
