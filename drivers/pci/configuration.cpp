// Reads and sets configuration registers. [pci/3.0 6]
#include "drivers/pci/configuration.h"

#include "abi/error.h"

namespace pith::pci {

namespace {

constexpr u32 kIdentity = 0x00, kCommand = 0x04, kHeaderType = 0x0c, kFirstRegister = 0x10, kCapabilities = 0x34;
constexpr u32 kMemoryOn = 1 << 1, kMaster = 1 << 2, kLineOff = 1 << 10, kHasCapabilities = u32{1} << (16 + 4);
constexpr u32 kMessagesOn = u32{1} << 31, kAllMasked = u32{1} << 30;
constexpr u32 kMostCapabilities = 48;

/// Command without the status bits above it, which writing a 1 would clear.
u32 command_of(Configuration& configuration) { return configuration.read(kCommand) & 0xffff; }

/// The next register is this one's upper half.
bool is_wide(u32 low) { return (low >> 1 & 3) == 2; }

}  // namespace

u32 identity(Configuration& configuration) {
  u32 found = configuration.read(kIdentity);
  u32 vendor = found & 0xffff, device = found >> 16;
  return vendor == 0xffff || vendor == 0 ? ~u32{0} : vendor << 16 | device;
}

bool has_functions(Configuration& configuration) { return (configuration.read(kHeaderType) >> 23 & 1) != 0; }

u32 find_capability(Configuration& configuration, u32 id, u32 after) {
  if (!(configuration.read(kCommand) & kHasCapabilities)) return 0;
  u32 at = after == 0 ? configuration.read(kCapabilities) & 0xfc : configuration.read(after) >> 8 & 0xfc;
  for (u32 i = 0; i < kMostCapabilities && at >= 0x40; i++) {
    u32 head = configuration.read(at);
    if ((head & 0xff) == id) return at;
    at = head >> 8 & 0xfc;
  }
  return 0;
}

bool is_wide(Configuration& configuration, u32 index) { return is_wide(configuration.read(kFirstRegister + 4 * index)); }

Result<Registers> read_registers(Configuration& configuration, u32 index) {
  if (index >= kRegisters) return Error::NotFound;
  u32 offset = kFirstRegister + 4 * index, low = configuration.read(offset);
  bool is_port = low & 1;
  if (is_port || (is_wide(low) && index + 1 >= kRegisters)) return Error::NotFound;
  return Registers{index, command_of(configuration), low, is_wide(low) ? configuration.read(offset + 4) : 0};
}

Result<Memory> measure(Configuration& configuration, const Registers& registers) {
  u32 offset = kFirstRegister + 4 * registers.index;
  configuration.write(kCommand, registers.command & ~(kMemoryOn | kMaster));
  configuration.write(offset, ~u32{0});
  u64 mask = configuration.read(offset) & ~u32{15};
  if (is_wide(registers.low)) {
    configuration.write(offset + 4, ~u32{0});
    mask |= u64{configuration.read(offset + 4)} << 32;
  } else if (mask != 0) {
    mask |= ~u64{0} << 32;
  }
  restore(configuration, registers);
  Memory memory{registers.index, u64{registers.high} << 32 | (registers.low & ~u32{15}), ~mask + 1};
  if (mask == 0 || memory.address == 0 || (memory.size & (memory.size - 1)) != 0) return Error::NotFound;
  return memory;
}

void restore(Configuration& configuration, const Registers& registers) {
  u32 offset = kFirstRegister + 4 * registers.index;
  configuration.write(offset, registers.low);
  if (is_wide(registers.low)) configuration.write(offset + 4, registers.high);
  configuration.write(kCommand, registers.command);
}

Result<MessageTable> find_message_table(Configuration& configuration) {
  u32 capability = find_capability(configuration, kMessageTableCapability);
  if (capability == 0) return Error::NotFound;
  u32 place = configuration.read(capability + 4);
  u32 entries = (configuration.read(capability) >> 16 & 0x7ff) + 1;
  return MessageTable{capability, place & 7, place & ~u32{7}, entries};
}

void switch_on(Configuration& configuration, const MessageTable& table) {
  configuration.write(kCommand, command_of(configuration) | kMemoryOn | kMaster | kLineOff);
  u32 control = configuration.read(table.capability) & ~kAllMasked;
  configuration.write(table.capability, control | kMessagesOn);
}

}  // namespace pith::pci
