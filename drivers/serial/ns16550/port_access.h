// Reaches the 16550 through a capability to its I/O ports.
#pragma once
#include "abi/kernel.h"
#include "drivers/serial/ns16550/registers.h"

namespace pith::ns16550 {

class PortAccess final : public Access {
 public:
  explicit PortAccess(CapabilitySlot ports) : ports_{ports} {}

  u8 read(Register which) override {
    Result<u64> value = ports_.read(u64(which), 1);
    return value ? u8(*value) : 0;
  }
  void write(Register which, u8 value) override { (void)ports_.write(u64(which), 1, value); }
  void read_and_commit(Register which, std::byte* place, Commit commit) override {
    Words words{{u64(which), 1}};
    (void)invoke_and_commit(Handle::operation(u32(Operation::IoPortsRead), ports_.slot).raw, words, commit, place);
  }
  void write_and_commit(Register which, u8 value, Commit commit) override {
    Words words{{u64(which), 1, value}};
    (void)invoke_and_commit(Handle::operation(u32(Operation::IoPortsWrite), ports_.slot).raw, words, commit);
  }

 private:
  kernel::IoPorts ports_;
};

}  // namespace pith::ns16550
