// The configuration space of the caller's own device, to read, through the bus.
#pragma once
#include "drivers/pci/configuration.h"
#include "protocols/bus.h"

namespace pith::pci {

class OwnConfiguration final : public Configuration {
 public:
  explicit OwnConfiguration(protocols::BusClient bus) : bus_(bus) {}
  u32 read(u32 offset) override { return u32(bus_.configuration(offset & ~3U).value_or(~u64{0})); }
  void write(u32, u32) override {}  // the bus alone may

 private:
  protocols::BusClient bus_;
};

}  // namespace pith::pci
