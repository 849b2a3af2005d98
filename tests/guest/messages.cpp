// Interrupts of a real device by MSI-X messages, on any CPU, and of a line that is routed to another CPU.
#include "tests/guest/machine.h"

using namespace pith;
using namespace pith::guest_test;

namespace {

constexpr u64 kPatience = 2'000'000'000;  // ns
constexpr u32 kDevice = 0x10d3'8086;      // Intel 82574L: `-device e1000e`
constexpr u64 kRegisters = 0x0000'0030'0000'0000, kTable = kRegisters + 0x20'0000;

/// Configuration space [pci/3.0 6.1, 6.8.2].
enum Configuration : u32 { Identity = 0, Command = 4, FirstBar = 0x10, Capabilities = 0x34 };
constexpr u32 kMemoryAndMaster = 6, kMessagesCapability = 0x11, kMessagesEnabled = 1u << 31;

/// Registers of the device [intel/82574L 10.2].
enum Register : u32 { CauseRead = 0xc0, CauseSet = 0xc8, MaskSet = 0xd0, AutoClear = 0xdc, VectorAllocation = 0xe4 };
constexpr u32 kOtherCause = 1u << 24;
constexpr u32 kOtherToVector0 = 1u << 19;  // valid, vector 0

kernel::IoPorts configuration_ports{CapabilitySlot(0)};
CapabilitySlot notification;

u32 configuration(u32 device, u32 offset) {
  REQUIRE(configuration_ports.write(0, 4, 0x8000'0000u | device << 11 | offset));
  return u32(REQUIRE(configuration_ports.read(4, 4)));
}

void configure(u32 device, u32 offset, u32 value) {
  REQUIRE(configuration_ports.write(0, 4, 0x8000'0000u | device << 11 | offset));
  REQUIRE(configuration_ports.write(4, 4, value));
}

/// The number of the device on the first bus.
u32 find_device() {
  for (u32 device = 0; device < 32; device++) {
    if (configuration(device, Identity) == kDevice) return device;
  }
  fail("there is no e1000e", Error::NotFound);
}

u32 find_capability(u32 device, u32 wanted) {
  u32 offset = configuration(device, Capabilities) & 0xfc;
  for (u32 steps = 0; offset != 0 && steps < 48; steps++) {
    u32 header = configuration(device, offset);
    if ((header & 0xff) == wanted) return offset;
    offset = header >> 8 & 0xfc;
  }
  fail("the device has no MSI-X", Error::NotFound);
}

volatile u32* map_device(u64 address, u64 physical, u64 pages) {
  CapabilitySlot share = take_slot();
  REQUIRE(kPlatform.create_device_share(RootSlot::Region, take_frame(), physical, pages, share));
  FrameNumber table = take_frame();
  REQUIRE(kRegion.create(table, ObjectType::PageTable, kNoSlot, 1, FrameNumber()));
  (void)kSpace.link_table(VirtualAddress(address & ~((u64{1} << 30) - 1)), table);
  REQUIRE(kSpace.link_share(VirtualAddress(address), share));
  return reinterpret_cast<volatile u32*>(address);
}

kernel::Interrupt make_interrupt(u64 line, u64 bits) {
  kernel::Interrupt interrupt{take_slot()};
  REQUIRE(kPlatform.create_interrupt(RootSlot::Region, take_frame(), line, interrupt.slot));
  REQUIRE(interrupt.bind(notification, bits));
  return interrupt;
}

void must_fail(Result<void> result, Error wanted, const char* what) {
  if (result || result.error() != wanted) fail(what, result ? Error(0) : result.error());
}

/// Waits for the signal; what it took is for people to read.
void expect_signal(const char* what, u64 bits, u64 began) {
  auto signals = kernel::Notification{notification}.wait(*kernel::System::now() + kPatience);
  if (!signals) fail(what, signals.error());
  if (*signals != bits) fail(what, Error::BadMessage);
  print(what);
  print(" after ");
  print_number(*kernel::System::now() - began);
  print(" ns\n");
}

void expect_silence(const char* what) {
  auto signals = kernel::Notification{notification}.wait(*kernel::System::now() + 20'000'000);
  if (signals) fail(what, Error::BadState);
}

/// Lines that are not there or taken are refused, and messages are finite.
void check_lines() {
  FrameNumber frame = take_frame();
  CapabilitySlot slot = take_slot();
  for (u64 line : {u64{24}, u64{kFirstMessageLine - 1}, u64{kFirstMessageLine + kMessageLines}, ~u64{0}})
    must_fail(kPlatform.create_interrupt(RootSlot::Region, frame, line, slot), Error::BadArgument, "a line that is not there");
  for (u64 i = 1; i < kMessageLines; i++) make_interrupt(kFirstMessageLine + i, 1);
  for (u64 i = 1; i < kMessageLines; i++)
    must_fail(kPlatform.create_interrupt(RootSlot::Region, frame, kFirstMessageLine + i, slot), Error::Busy, "a message that is taken");
}

/// The device's own doing: it writes the message when its cause is set.
void check_messages() {
  constexpr u64 kBits = 1u << 5;
  u32 device = find_device();
  configure(device, Command, configuration(device, Command) | kMemoryAndMaster);
  u32 capability = find_capability(device, kMessagesCapability);
  u32 place = configuration(device, capability + 4);
  u64 registers = configuration(device, FirstBar) & ~u32{0xf};
  u64 table = (configuration(device, FirstBar + 4 * (place & 7)) & ~u32{0xf}) + (place & ~u32{7});
  volatile u32* device_registers = map_device(kRegisters, registers, 1);
  volatile u32* entry = map_device(kTable, table & ~u64{0xfff}, 1) + (table & 0xfff) / 4;

  kernel::Interrupt interrupt = make_interrupt(kFirstMessageLine, kBits);
  must_fail(interrupt.route(information().cpus).error(), Error::BadArgument, "a CPU that is not there");
  configure(device, capability, configuration(device, capability) | kMessagesEnabled);
  device_registers[VectorAllocation / 4] = kOtherToVector0 | 0;
  device_registers[AutoClear / 4] = kOtherCause;
  for (u64 cpu = 0; cpu < information().cpus; cpu++) {
    auto message = REQUIRE(interrupt.route(cpu));
    entry[0] = u32(message.address);
    entry[1] = u32(message.address >> 32);
    entry[2] = u32(message.data);
    entry[3] = 0;  // not masked
    for (u32 round = 0; round < 3; round++) {
      device_registers[MaskSet / 4] = kOtherCause;
      u64 began = *kernel::System::now();
      device_registers[CauseSet / 4] = kOtherCause;
      expect_signal("a message by MSI-X came", kBits, began);
      (void)device_registers[CauseRead / 4];
    }
  }
  REQUIRE(interrupt.acknowledge());  // means nothing for a message, and does no harm
  entry[3] = 1;
  // The device has causes of its own, such as a change of its link: what came before the mask is taken first.
  (void)kernel::Notification{notification}.wait(*kernel::System::now() + 20'000'000);
  device_registers[CauseSet / 4] = kOtherCause;
  expect_silence("a message came from a masked entry");
}

/// The first serial port says that it can send: on its line, which goes to the last CPU.
void check_line() {
  constexpr u64 kLine = 4, kBits = 1u << 9, kInterruptEnable = 1, kCanSend = 2;
  constexpr u64 kModemControl = 4, kInterruptsOut = 8;
  kernel::IoPorts serial{take_slot()};
  REQUIRE(kPlatform.create_io_ports(RootSlot::Region, take_frame(), 0x3f8, 8, serial.slot));
  kernel::Interrupt interrupt = make_interrupt(kLine, kBits);
  for (u64 cpu = information().cpus; cpu-- > 0;) {
    auto message = REQUIRE(interrupt.route(cpu));
    if (message.address != 0 || message.data != 0) fail("a line has no message", Error(0));
    REQUIRE(serial.write(kModemControl, 1, kInterruptsOut));
    u64 began = *kernel::System::now();
    REQUIRE(serial.write(kInterruptEnable, 1, kCanSend));
    expect_signal("a line's interrupt came", kBits, began);
    REQUIRE(serial.write(kInterruptEnable, 1, 0));
    REQUIRE(serial.write(kInterruptEnable, 1, kCanSend));
    expect_silence("a masked line interrupts");
    REQUIRE(serial.write(kInterruptEnable, 1, 0));
    REQUIRE(interrupt.acknowledge());
    (void)kernel::Notification{notification}.poll();
  }
}

}  // namespace

void run_test() {
  configuration_ports = {take_slot()};
  REQUIRE(kPlatform.create_io_ports(RootSlot::Region, take_frame(), 0xcf8, 8, configuration_ports.slot));
  notification = make(ObjectType::Notification);
  check_lines();
  check_messages();
  check_line();
  print("messages passed\n");
}
