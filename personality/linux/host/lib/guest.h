// Host stand-in for lib/guest.h: a guest is a traced process whose system calls are emulated (PTRACE_SYSEMU), its memory pages of the
// pool's file.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "abi/guest.h"
#include "abi/types.h"
#include "base/result.h"
#include "lib/pool.h"

namespace pith {

class GuestSpace {
 public:
  static Result<std::unique_ptr<GuestSpace>> create(FramePool& pool);
  Result<void> map(u64 address, FrameNumber frame, Access access);
  Result<void> unmap(u64 address);
  Result<void> protect(u64 address, Access access);

 private:
  friend class Guest;
  struct Page {
    FrameNumber frame;
    Access access;
  };
  FramePool* pool_ = nullptr;
  std::mutex mutex_;
  std::map<u64, Page> pages_;
  std::vector<u64> changed_;  ///< addresses in order of change: each guest replays from where it was
  u64 identity_ = 0;
};

struct GuestExitInfo {
  GuestExit reason;
  u64 fault_kind;
  u64 address;
  u64 code;
};

class Guest {
 public:
  static Result<std::unique_ptr<Guest>> create(FramePool& pool, GuestSpace& space);
  ~Guest();
  GuestRegisters& registers() { return registers_; }
  GuestExitInfo run();
  Result<void> set_space(GuestSpace& space);
  Result<void> copy_vector_state(Guest& from);
  Result<void> reset_vector_state();
  Result<void> save_vector_state(void* page, u64 size = kPageSize);
  Result<void> load_vector_state(const void* page, u64 size = kPageSize);

 private:
  GuestExitInfo run_once();
  void start();
  void apply_changes();
  void apply(u64 address);
  u64 inject(u64 number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f);
  GuestExitInfo fault(int signal);

  FramePool* pool_ = nullptr;
  GuestSpace* space_ = nullptr;
  u64 space_identity_ = 0, position_ = 0;
  int pid_ = 0;
  GuestRegisters registers_ = {};
  std::vector<u8> vector_state_, initial_vector_state_;
  bool vector_state_set_ = false;  ///< vector_state_ is newer than what the process has
};

}  // namespace pith
