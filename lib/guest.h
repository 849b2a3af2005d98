// Guests: programs that run in an address space of their own under the eyes of one of this component's threads.
#pragma once
#include <memory>

#include "abi/guest.h"
#include "abi/types.h"
#include "base/result.h"
#include "lib/pool.h"

namespace pith {

/// A guest's address space, with page tables made on demand from the pool. Not locked: its user takes turns.
/// It does not own the Data frames that are mapped in it; its destruction only drops the mappings.
class GuestSpace {
 public:
  /// Errors: NoMemory, and those of Region.create.
  static Result<std::unique_ptr<GuestSpace>> create(FramePool& pool);
  ~GuestSpace();
  GuestSpace(const GuestSpace&) = delete;
  GuestSpace& operator=(const GuestSpace&) = delete;

  /// Maps a Data frame of the pool. `address` is page aligned, in the user half. Errors: BadAddress, Occupied, NoMemory, Limit (too many
  /// mappings of one frame).
  Result<void> map(u64 address, FrameNumber frame, Access access);
  /// Errors: NoTable or NotMapped when nothing is there.
  Result<void> unmap(u64 address);
  /// Errors: NoTable or NotMapped when nothing is there.
  Result<void> protect(u64 address, Access access);

  CapabilitySlot slot() const { return slot_; }

 private:
  explicit GuestSpace(FramePool& pool) : pool_(pool) {}
  Result<void> link(u64 address, u32 level);

  FramePool& pool_;
  CapabilitySlot slot_ = kNoSlot;
  FrameNumber space_{0}, top_{0};
  FrameNumber tables_[3] = {};  // per level: list through FramePool::next_of
};

/// Why run() came back.
struct GuestExitInfo {
  GuestExit reason;
  u64 fault_kind;  ///< FaultKind, for GuestExit::Fault
  u64 address;
  u64 code;  ///< bit 0: page present, bit 1: write, bit 4: fetch
};

/// A guest's registers and vector state; run by one thread at a time.
class Guest {
 public:
  /// Errors: NoMemory, and those of Guest.configure.
  static Result<std::unique_ptr<Guest>> create(FramePool& pool, GuestSpace& space);
  ~Guest();
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;

  /// Valid while the guest does not run: run() loads them and brings them back.
  GuestRegisters& registers() { return *registers_; }

  /// Enters the guest until it makes a system call, faults or is interrupted. A kernel error (none is expected) comes back as
  /// GuestExit::Interrupted with its number in `code`.
  GuestExitInfo run();

  /// Another address space from the next run() on: execve. Errors: Busy while another thread runs it.
  Result<void> set_space(GuestSpace& space);

  /// Takes over the vector registers of `from`: fork.
  Result<void> copy_vector_state(Guest& from);
  /// Vector registers as at the start of a program: execve.
  Result<void> reset_vector_state();
  /// Writes the state to, or takes it from, 4096 bytes in the layout of the hardware (x86-64: XSAVE, standard form): signal frames.
  /// `size`: bytes of it that matter, where the caller knows how much of the page this machine uses.
  Result<void> save_vector_state(void* page, u64 size = kPageSize);
  Result<void> load_vector_state(const void* page, u64 size = kPageSize);

 private:
  explicit Guest(FramePool& pool) : pool_(pool) {}

  FramePool& pool_;
  CapabilitySlot slot_ = kNoSlot, vector_ = kNoSlot;
  FrameNumber page_{0}, exchange_{0};  // register page; page through which vector state goes in and out, made at first use
  GuestRegisters* registers_ = nullptr;

  Result<void> need_exchange_page();
};

}  // namespace pith
