// Reads a dead thread's registers and stack through root.
#include "servers/supervisor/crash_record.h"

#include <cstddef>
#include <cstring>

#include "abi/message.h"
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

bool is_code(const image::Component& component, u64 address) {
  for (u32 i = 0; i < component.segment_count && i < image::kComponentSegments; i++) {
    const image::Segment& segment = component.segments[i];
    if (segment.access == u32(Access::ReadExecute) && address - segment.address < u64{segment.memory_pages} * kPageSize) return true;
  }
  return false;
}

void collect_registers(const protocols::RootClient& root, Crash& crash) {
  u64 values[kRegisters + kRegistersAtOnce] = {};
  for (u64 first = 0; first < kRegisters; first += kRegistersAtOnce) {
    auto some = root.registers(crash.index, first);
    if (!some) return;
    memcpy(values + first, &*some, kRegistersAtOnce * sizeof(u64));
  }
  memcpy(crash.registers, values, sizeof crash.registers);
  if (crash.kind == Crash::Kind::Hang) {
    crash.fault.w[FaultMessage::Instruction] = values[u64(Register::Rip)];
    crash.fault.w[FaultMessage::Stack] = values[u64(Register::Rsp)];
  }
  // Root reads the component's first thread; another one may have crashed.
  crash.has_registers = values[u64(Register::Rip)] == crash.fault.w[FaultMessage::Instruction];
}

void collect_callers(const protocols::RootClient& root, Crash& crash) {
  u64 address = crash.fault.w[FaultMessage::Stack] & ~u64{7};
  u64 end = address + kStackBytes;
  while (address < end) {
    auto bytes = root.memory(crash.index, address, 448);
    if (!bytes || bytes->size() < sizeof(u64)) return;
    u64 words[448 / sizeof(u64)];
    usize count = bytes->size() / sizeof(u64);
    memcpy(words, bytes->data.data(), count * sizeof(u64));
    for (usize i = 0; i < count; i++) {
      if (!is_code(crash.component, words[i])) continue;
      if (crash.caller_count == Crash::kMostCallers) return;
      crash.callers[crash.caller_count++] = words[i];
    }
    address += count * sizeof(u64);
  }
}

/// A vault's log tells whether an event was in progress, and for whom.
void collect_event(const protocols::RootClient& root, Crash& crash) {
  if (crash.component.undo_log_pages == 0) return;
  constexpr u64 kCurrent = vault::kExchangeAddress - vault::kLogAddress + offsetof(vault::Exchange, current);
  auto bytes = root.memory(crash.index, vault::kLogAddress, kCurrent + sizeof crash.call);
  if (!bytes || bytes->size() != kCurrent + sizeof crash.call) return;
  vault::UndoLog log;
  memcpy(&log, bytes->data.data(), sizeof log);
  if (log.progress.phase() != vault::Phase::InEvent || log.limit == 0) return;  // 0: it has been taken back already
  crash.event = log.progress.event();
  memcpy(&crash.call, bytes->data.data() + kCurrent, sizeof crash.call);
}

void write_event(const Crash& crash, CrashText& text) {
  if (crash.event == 0) return;
  text.add("  event %llu", ull(crash.event));
  if (crash.call.number() != 0)
    text.add(" session %u method %llu call %llx", crash.call.session, ull(crash.call.method()), ull(crash.call.number()));
  text.add("\n");
}

void write_place(const Symbols& symbols, u32 number, u64 address, CrashText& text) {
  Symbols::Place place = symbols.find(address);
  text.add("  #%-2u %016llx", number, ull(address));
  if (place.function.empty()) {
    text.add("\n");
  } else {
    text.add(" %.*s+%llx\n", int(place.function.size()), place.function.data(), ull(place.offset));
  }
}

void write_kind(const Crash& crash, CrashText& text) {
  if (crash.kind == Crash::Kind::Hang) {
    text.add("  hang instruction %llx stack %llx\n", ull(crash.fault.w[FaultMessage::Instruction]),
             ull(crash.fault.w[FaultMessage::Stack]));
    return;
  }
  u64 kind = crash.fault.w[FaultMessage::Kind];
  text.add("  fault %s address %llx code %llx instruction %llx stack %llx thread %llx\n",
           kind < std::size(kFaultNames) ? kFaultNames[kind] : "?", ull(crash.fault.w[FaultMessage::Address]),
           ull(crash.fault.w[FaultMessage::Code]), ull(crash.fault.w[FaultMessage::Instruction]), ull(crash.fault.w[FaultMessage::Stack]),
           ull(crash.fault.w[FaultMessage::Thread]));
}

}  // namespace

void collect(const protocols::RootClient& root, Crash& crash) {
  if (auto status = root.status(crash.index)) crash.instance = status->instance;
  collect_event(root, crash);
  collect_registers(root, crash);
  collect_callers(root, crash);
}

void write(const Crash& crash, const Symbols& symbols, CrashText& text) {
  std::string_view name = name_of(crash.component.name);
  text.clear();
  text.add("crash %.*s instance %llu at %llu.%03llu s\n", int(name.size()), name.data(), ull(crash.instance), ull(crash.time / kSecond),
           ull(crash.time / kMillisecond % 1000));
  write_kind(crash, text);
  write_event(crash, text);
  for (u64 i = 0; crash.has_registers && i < kRegisters; i++) {
    text.add("  %-6s %016llx%s", kRegisterNames[i], ull(crash.registers[i]), i % 3 == 2 ? "\n" : "");
  }
  Symbols own = symbols.of(name);
  write_place(own, 0, crash.fault.w[FaultMessage::Instruction], text);
  for (u32 i = 0; i < crash.caller_count; i++) write_place(own, i + 1, crash.callers[i], text);
}

}  // namespace pith::supervisor
