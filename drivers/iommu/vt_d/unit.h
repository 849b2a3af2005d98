// An Intel I/O memory-management unit: switching translation on, and what devices were kept from. [vt-d 3.4, 11]
#pragma once
#include <optional>
#include <span>

#include "base/result.h"
#include "base/types.h"

namespace pith::vt_d {

/// Reaches the unit's registers, a page of them. Offsets are multiples of the width.
class Registers {
 public:
  virtual u32 read32(u32 offset) = 0;
  virtual u64 read64(u32 offset) = 0;
  virtual void write32(u32 offset, u32 value) = 0;
  virtual void write64(u32 offset, u64 value) = 0;

 protected:
  ~Registers() = default;
};

enum class Access { Read, Write };

/// An access that was stopped.
struct Fault {
  u32 function;  ///< bus * 256 + device * 8 + function
  u64 address;   ///< of its page
  u32 reason;    ///< [vt-d 3.4, A.1]
  Access access;
};

class Unit {
 public:
  explicit Unit(Registers& registers) : registers_(registers) {}

  /// How many levels of tables it walks, 3 or 4. Errors: NotSupported for a unit that can do neither, or whose registers are not in a page.
  Result<u32> levels();
  /// It translates by the tables at `root`.
  bool translates_by(u64 root);
  /// From now on devices reach what the tables say. `tables`: all of them, which are in memory when the unit looks. Errors: TimedOut.
  Result<void> switch_on(u64 root, std::span<const std::byte> tables);
  /// The next access that was stopped. Others may have been lost in between.
  std::optional<Fault> take_fault();

 private:
  Result<void> command(u32 bit);
  Result<void> forget();

  Registers& registers_;
};

}  // namespace pith::vt_d
