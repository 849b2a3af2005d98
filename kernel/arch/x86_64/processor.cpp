// Segments, interrupt vectors, the system-call entry, and the protection features that the processor has.
#include "kernel/arch/x86_64/boot_tables.h"
#include "kernel/arch/x86_64/local_apic.h"
#include "kernel/arch/x86_64/panic.h"
#include "kernel/arch/contract/memory.h"
#include "kernel/memory/flush.h"
#include "kernel/object/thread.h"
#include "kernel/object/vector_state.h"
#include "kernel/sched/cpu.h"
#include "kernel/sync/lock.h"

extern "C" {
extern char trap_vectors[], nap_vector[], system_call_entry[], boot_stack_top[];
}

namespace pith {

u32 cpu_count = 1;
Cpu cpus[kMaximumCpus];
KernelLock kernel_lock;

static_assert(offsetof(Cpu, kernel_stack) == 8 && offsetof(Cpu, guest_registers) == 16 && offsetof(Cpu, scratch) == 24);
static_assert(offsetof(Cpu, vector_live) == 32 && offsetof(Cpu, self) == 48);

namespace x86 {

namespace {

constexpr u64 kVectorSize = 16;  // bytes between two entries of trap_vectors

/// Task state: only the stack pointer for ring 0 and the absent I/O bitmap count [intel/3a 8.7].
struct [[gnu::packed]] TaskState {
  u32 reserved0;
  u64 stack0;
  u64 unused[11];
  u16 reserved1, io_map;
};
static_assert(sizeof(TaskState) == 104);

/// [intel/3a 6.14.1]
struct GateDescriptor {
  u16 offset_low;
  u16 selector;
  u16 attributes;
  u16 offset_middle;
  u32 offset_high;
  u32 reserved;
};

struct [[gnu::packed]] TablePointer {
  u16 limit;
  u64 base;
};

constexpr u16 kKernelCode = 0x08, kTaskSegment = 0x28;
constexpr u16 kInterruptGate = 0x8e00;

/// What each CPU has of its own for the processor's sake.
struct Descriptors {
  TaskState task_state;
  u64 segments[7];
};

Descriptors descriptors[kMaximumCpus];
GateDescriptor gates[256];

void load_segments(const Cpu& cpu) {
  Descriptors& own = descriptors[cpu.number];
  u64 base = reinterpret_cast<u64>(&own.task_state);
  own.task_state.stack0 = cpu.kernel_stack;
  own.task_state.io_map = sizeof(TaskState);
  // null, kernel code, kernel data, user data, user code, task state (two entries): the order that sysret expects
  constexpr u64 common[] = {0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cff3000000ffff, 0x00affb000000ffff};
  for (u32 i = 0; i < 5; i++) own.segments[i] = common[i];
  own.segments[5] = (sizeof(TaskState) - 1) | (base & 0xffffff) << 16 | u64{0x89} << 40 | (base >> 24 & 0xff) << 56;
  own.segments[6] = base >> 32;
  TablePointer pointer{sizeof own.segments - 1, reinterpret_cast<u64>(own.segments)};
  asm volatile(
      "lgdt %0\n"
      "mov %1, %%ss\n"
      "pushq %2\n"
      "lea 1f(%%rip), %%rax\n"
      "push %%rax\n"
      "lretq\n"
      "1: ltr %w3"
      :
      : "m"(pointer), "r"(0x10), "i"(kKernelCode), "r"(kTaskSegment)
      : "rax", "memory");
}

void fill_vectors() {
  for (u64 vector = 0; vector < 256; vector++) {
    u64 entry = vector == kNapVector ? reinterpret_cast<u64>(nap_vector) : reinterpret_cast<u64>(trap_vectors) + vector * kVectorSize;
    u16 ring = vector == 3 || vector == 4 ? 0x6000 : 0;  // breakpoint and overflow instructions are the user's
    gates[vector] = {u16(entry), kKernelCode, u16(kInterruptGate | ring), u16(entry >> 16), u32(entry >> 32), 0};
  }
}

void load_vectors() {
  TablePointer pointer{sizeof gates - 1, reinterpret_cast<u64>(gates)};
  asm volatile("lidt %0" ::"m"(pointer));
}

void enable_features() {
  CpuidResult extended = cpuid(7, 0);
  bool has_fsgsbase = (extended.b & 1u << 0) != 0;
  if (!has_fsgsbase) panic("this processor lacks FSGSBASE");
  u64 cr4;
  asm volatile("mov %%cr4, %0" : "=r"(cr4));
  cr4 |= 1u << 9 | 1u << 10 | 1u << 16;              // FXSAVE, SSE exceptions, FSGSBASE
  if ((extended.b & 1u << 7) != 0) cr4 |= 1u << 20;  // SMEP
  if ((extended.b & 1u << 20) != 0) cr4 |= 1u << 21; // SMAP
  if ((extended.c & 1u << 2) != 0) cr4 |= 1u << 11;  // UMIP
  asm volatile("mov %0, %%cr4" ::"r"(cr4));
  asm volatile("fninit");
  arch::disable_vector();
}

void enable_system_calls() {
  constexpr u64 kernel_selector = 0x08, user_base = 0x10 | 3;
  // Flags cleared at entry: trap, interrupt, direction, nested task, alignment check.
  constexpr u64 cleared = 0x100 | 0x200 | 0x400 | 0x4000 | 0x40000;
  write_msr(Msr::Star, user_base << 48 | kernel_selector << 32);
  write_msr(Msr::Lstar, reinterpret_cast<u64>(system_call_entry));
  write_msr(Msr::SyscallMask, cleared);
}

}  // namespace

void initialise_first_processor() {
  Cpu& cpu = cpus[0];
  cpu.self = &cpu;
  cpu.kernel_stack = reinterpret_cast<u64>(boot_stack_top);
  end_idleness(cpu);
  fill_vectors();
  initialise_processor(cpu);
}

void initialise_processor(Cpu& cpu) {
  load_segments(cpu);
  load_vectors();
  write_msr(Msr::GsBase, reinterpret_cast<u64>(&cpu));
  write_msr(Msr::KernelGsBase, 0);
  enable_features();
  enable_system_calls();
}

}  // namespace x86

/// For the entry code, which has drawn `ticket` and is not served yet.
extern "C" [[clang::preserve_most]] void wait_for_kernel_lock(u32 ticket) { kernel_lock.wait(ticket); }

namespace arch {

void Registers::start(u64 instruction, u64 stack, u64 argument) {
  Registers& r = *this;  // one by one: half of what clearing all of them first takes
  r[Register::Rax] = r[Register::Rbx] = r[Register::Rcx] = r[Register::Rdx] = r[Register::Rsi] = r[Register::Rbp] = 0;
  r[Register::R8] = r[Register::R9] = r[Register::R10] = r[Register::R11] = 0;
  r[Register::R12] = r[Register::R13] = r[Register::R14] = r[Register::R15] = 0;
  (*this)[Register::Rip] = instruction;
  (*this)[Register::Rsp] = stack;
  (*this)[Register::Rdi] = argument;
  (*this)[Register::Rflags] = kFixedFlags;
}

Result<void> Registers::write(Register index, u64 written) {
  if (index == Register::Rip && written >= kUserEnd) return Error::BadAddress;
  if (index == Register::Rflags) written = (written & kUserFlags) | kFixedFlags;
  (*this)[index] = written;
  return {};
}

u64 register_of(const Thread& thread, Register index) {
  if ((thread.key & Key::kFullFrame) != 0) return thread.registers[index];
  switch (index) {
    case Register::Rip:
      return thread.instruction;
    case Register::Rsp:
      return thread.stack;
    // In the middle of a system call: what it will come back with.
    case Register::Rdi:
      return thread.words.w[0];
    case Register::Rsi:
      return thread.words.w[1];
    case Register::Rdx:
      return thread.words.w[2];
    case Register::R8:
      return thread.words.w[3];
    case Register::R9:
      return thread.words.w[4];
    case Register::Rax:
      return thread.words.w[5];
    case Register::R10:
      return thread.result;
    case Register::Rbx:
      return thread.callee_saved[0];
    case Register::Rbp:
      return thread.callee_saved[1];
    case Register::R12:
      return thread.callee_saved[2];
    case Register::R13:
      return thread.callee_saved[3];
    case Register::R14:
      return thread.callee_saved[4];
    case Register::R15:
      return thread.callee_saved[5];
    default:
      return 0;
  }
}

void initialise_vector_state(VectorState& state) {
  state.image.raw[0] = 0x37f;   // x87 control word: all exceptions masked
  state.image.raw[3] = 0x1f80;  // MXCSR: the same
}

}  // namespace arch

}  // namespace pith
