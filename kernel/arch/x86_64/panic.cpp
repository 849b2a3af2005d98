// Panic, diagnostics on the second serial port, power.
#include "kernel/arch/x86_64/panic.h"

#include "base/assert.h"
#include "kernel/arch/x86_64/local_apic.h"
#include "kernel/sched/cpu.h"
#include "port/registers.h"

namespace pith {

namespace x86 {

namespace {

constexpr u16 kDiagnosticPort = 0x2f8;  // a 16550; only the log component uses it besides
constexpr u16 kLineStatus = 5;
constexpr u8 kTransmitterEmpty = 0x20;
constexpr u32 kMostPolls = 100'000;
/// A kernel entry does not wait: what the port does not take after so many polls is lost.
constexpr u32 kPollsInEntry = 8;
constexpr u16 kPowerManagementPort = 0x604;  // QEMU q35: PM1a control
constexpr u16 kSleepNow = 0x2000;
constexpr u16 kDebugExitPort = 0xf4;

void send(char character, u32 polls) {
  for (u32 i = 0; i < polls; i++) {
    if ((in8(kDiagnosticPort + kLineStatus) & kTransmitterEmpty) != 0) break;
  }
  out8(kDiagnosticPort, u8(character));
}

}  // namespace

void print(const char* text) {
  for (; *text != 0; text++) send(*text, kMostPolls);
}

void print_number(u64 value) {
  char digits[21];
  u32 count = 0;
  do {
    digits[count++] = char('0' + value % 10);
    value /= 10;
  } while (value != 0 && count < sizeof digits);
  while (count > 0) send(digits[--count], kMostPolls);
}

void print_hexadecimal(u64 value) {
  print("0x");
  bool started = false;
  for (i32 shift = 60; shift >= 0; shift -= 4) {
    u64 digit = value >> shift & 15;
    started = started || digit != 0 || shift == 0;
    if (started) send("0123456789abcdef"[digit], kMostPolls);
  }
}

void panic(const char* reason) {
  print("\n\x1epith-panic ");
  print(reason);
  print("\n");
  arch::stop_machine(2);
}

void panic_trap(u64 vector, u64 error, u64 instruction, u64 stack, u64 address) {
  print("\n\x1epith-panic trap ");
  print_number(vector);
  print(" in the kernel, error ");
  print_hexadecimal(error);
  print(", at ");
  print_hexadecimal(instruction);
  print(", stack ");
  print_hexadecimal(stack);
  print(", address ");
  print_hexadecimal(address);
  print("\n");
  arch::stop_machine(2);
}

}  // namespace x86

void assertion_failed(const char* condition, const char* file, int line) {
  x86::print("\n\x1epith-panic ");
  x86::print(file);
  x86::print(":");
  x86::print_number(u64(line));
  x86::print(": ");
  x86::print(condition);
  x86::print("\n");
  arch::stop_machine(2);
}

namespace arch {

void diagnose(char character) { x86::send(character, x86::kPollsInEntry); }

void stop_machine(u32 action) {
  if (action == 1) {
    x86::out8(0xcf9, 6);  // reset control register of the chipset
  } else {
    x86::out16(x86::kPowerManagementPort, x86::kSleepNow);
    for (u32 i = 0; i < x86::kMostPolls; i++) asm volatile("pause");
    x86::out8(x86::kDebugExitPort, 0);
  }
  while (true) asm volatile("cli; hlt");
}

}  // namespace arch

}  // namespace pith
