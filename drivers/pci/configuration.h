// PCI's configuration space of one function, and what a driver's device is recognised and given by.
#pragma once
#include "base/result.h"
#include "base/types.h"

namespace pith::pci {

/// Reaches the configuration space of one function. Offsets are multiples of the width, below 4096.
class Configuration {
 public:
  virtual u32 read(u32 offset) = 0;
  virtual void write(u32 offset, u32 value) = 0;

 protected:
  ~Configuration() = default;
};

/// A memory range that a base address register stands for.
struct Memory {
  u32 index;    ///< of the register
  u64 address;  ///< physical
  u64 size;     ///< bytes
};

inline constexpr u32 kRegisters = 6;

/// Where a device with MSI-X has its table. [pci/3.0 6.8.2]
struct MessageTable {
  u32 capability;  ///< offset of the capability in configuration space
  u32 index;       ///< base address register
  u32 offset;      ///< in its memory
  u32 entries;
};

/// What measure() changes for a while.
struct Registers {
  u32 index, command, low, high;
};

/// Vendor and device, or 0xffffffff where no function is.
u32 identity(Configuration& configuration);
bool has_functions(Configuration& configuration);

/// Offset of the capability `id`, after the one at `after` (0: the first). 0: there is none. A list that goes round in a circle ends.
u32 find_capability(Configuration& configuration, u32 id, u32 after = 0);

/// Whether the base address register after this one is its upper half.
bool is_wide(Configuration& configuration, u32 index);
/// What measure() is going to change for the base address register `index`. Errors: NotFound for one that is not there, or of ports.
Result<Registers> read_registers(Configuration& configuration, u32 index);
/// What a base address register stands for. The device does not answer accesses to its memory meanwhile, so nobody may use it; a caller
/// that dies in it must restore() the registers. Errors: NotFound for one that is not placed.
Result<Memory> measure(Configuration& configuration, const Registers& registers);
void restore(Configuration& configuration, const Registers& registers);

/// Errors: NotFound.
Result<MessageTable> find_message_table(Configuration& configuration);

/// The device answers accesses to its memory, may reach memory itself, and sends messages instead of raising its line.
void switch_on(Configuration& configuration, const MessageTable& table);

inline constexpr u32 kVendorCapability = 0x09, kMessageTableCapability = 0x11;

}  // namespace pith::pci
