// Reads a dead thread's registers and stack through root.
#include "servers/supervisor/crash_record.h"

#include <cstring>

#include "abi/message.h"
#include "abi/registers.h"
#include "abi/types.h"
#include "lib/boot_tables.h"
#include "lib/clock.h"

namespace pith::supervisor {

namespace {

using ull = unsigned long long;

constexpr const char* kRegisterNames[kRegisters] = {"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8",
                                                    "r9",  "r10", "r11", "r12", "r13", "r14", "r15", "rip", "rflags"};
constexpr const char* kFaultNames[] = {"?", "memory", "instruction", "arithmetic", "breakpoint", "alignment", "vector", "protection"};
constexpr u64 kRegistersAtOnce = 5;
constexpr u64 kStackBytes = 4096;
constexpr u32 kMostCallers = 24;

bool is_code(const image::Component& component, u64 address) {
  for (u32 i = 0; i < component.segment_count && i < image::kComponentSegments; i++) {
    const image::Segment& segment = component.segments[i];
    if (segment.access == u32(Access::ReadExecute) && address - segment.address < u64{segment.memory_pages} * kPageSize) return true;
  }
  return false;
}

/// The registers that root reads are those of the component's first thread; false when that is not the one that crashed.
bool write_registers(const protocols::RootClient& root, const Crash& crash, CrashText& text) {
  u64 values[kRegisters + kRegistersAtOnce] = {};
  for (u64 first = 0; first < kRegisters; first += kRegistersAtOnce) {
    auto some = root.registers(crash.index, first);
    if (!some) return false;
    memcpy(values + first, &*some, kRegistersAtOnce * sizeof(u64));
  }
  if (values[u64(Register::Rip)] != crash.fault.w[FaultMessage::Instruction]) return false;
  for (u64 i = 0; i < kRegisters; i++) text.add("%s%-6s %016llx", i % 3 == 0 ? "\n  " : "  ", kRegisterNames[i], ull(values[i]));
  text.add("\n");
  return true;
}

void write_stack(const protocols::RootClient& root, const Crash& crash, CrashText& text) {
  u32 callers = 0;
  text.add("  #%-2u %016llx\n", callers++, ull(crash.fault.w[FaultMessage::Instruction]));
  u64 address = crash.fault.w[FaultMessage::Stack] & ~u64{7};
  u64 end = address + kStackBytes;
  while (address < end && callers < kMostCallers) {
    auto bytes = root.memory(crash.index, address, 448);
    if (!bytes || bytes->size() < sizeof(u64)) return;
    u64 words[448 / sizeof(u64)];
    usize count = bytes->size() / sizeof(u64);
    memcpy(words, bytes->data.data(), count * sizeof(u64));
    for (usize i = 0; i < count && callers < kMostCallers; i++) {
      if (is_code(crash.component, words[i])) text.add("  #%-2u %016llx\n", callers++, ull(words[i]));
    }
    address += count * sizeof(u64);
  }
}

}  // namespace

void write_crash_record(const protocols::RootClient& root, const Crash& crash, CrashText& text) {
  std::string_view name = name_of(crash.component.name);
  u64 kind = crash.fault.w[FaultMessage::Kind];
  text.clear();
  text.add("crash %.*s instance %llu at %llu.%03llu s\n", int(name.size()), name.data(), ull(crash.instance), ull(crash.time / kSecond),
           ull(crash.time / kMillisecond % 1000));
  text.add("  fault %s address %llx code %llx instruction %llx stack %llx thread %llx", kind < std::size(kFaultNames) ? kFaultNames[kind] : "?",
           ull(crash.fault.w[FaultMessage::Address]), ull(crash.fault.w[FaultMessage::Code]), ull(crash.fault.w[FaultMessage::Instruction]),
           ull(crash.fault.w[FaultMessage::Stack]), ull(crash.fault.w[FaultMessage::Thread]));
  if (!write_registers(root, crash, text)) text.add("\n");
  write_stack(root, crash, text);
}

}  // namespace pith::supervisor
