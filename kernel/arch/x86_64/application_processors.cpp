// Starting the other processors: INIT, then twice the start command with the page where they begin [intel/3a 9.4].
#include "kernel/arch/contract/memory.h"
#include "kernel/arch/x86_64/boot_tables.h"
#include "kernel/arch/x86_64/local_apic.h"
#include "kernel/arch/x86_64/panic.h"
#include "kernel/memory/flush.h"
#include "kernel/memory/view.h"
#include "kernel/sched/cpu.h"
#include "kernel/sync/lock.h"
#include "kernel/syscall/syscall.h"

extern "C" {
extern const u8 application_start[], application_start_end[];
extern char application_stacks[];
}

namespace pith::x86 {

namespace {

constexpr u64 kApplicationStack = 8192;
constexpr u64 kInitialise = 0x4500, kStart = 0x4600;  // commands
constexpr u64 kMicrosecond = 1'000;
constexpr u64 kAfterInitialise = 10'000 * kMicrosecond, kAfterFirstStart = 1'000 * kMicrosecond, kAfterSecondStart = 500'000 * kMicrosecond;

/// What has become of the processor with an identifier. It goes on only from Called, and is counted only from Here.
enum ApplicationAnswer : u8 { NotCalled, Called, Here };

/// A page below 1 MiB that is memory, and not the first one; 0: there is none.
u64 find_start_page(const Machine& machine) {
  constexpr u64 kEnd = 0xa0000, kPreferred = 0x8000;
  for (u32 i = 0; i < machine.range_count; i++) {
    const Machine::Range& range = machine.memory[i];
    if (range.start <= kPreferred && range.end >= kPreferred + kPageSize) return kPreferred;
    u64 start = range.start < kPageSize ? kPageSize : range.start;
    if (start + kPageSize <= range.end && start + kPageSize <= kEnd) return start;
  }
  return 0;
}

}  // namespace

extern "C" {
u8 application_answers[256];  ///< ApplicationAnswer, by identifier
u8 application_numbers[256];  ///< its place in cpus[]
}

namespace {

bool is_here(u32 identifier) {
  // Acquire: with the answer come the stores that the processor made before it.
  return __atomic_load_n(&application_answers[identifier], __ATOMIC_ACQUIRE) == Here;
}

bool answers_within(u32 identifier, u64 time) {
  u64 end = arch::now() + time;
  while (!is_here(identifier) && arch::now() < end) arch::relax(0, 0);
  return is_here(identifier);
}

/// Starts one processor. When it does not answer in time it never will: it stops by itself where it sees that it is not expected.
bool start_processor(u32 identifier, u64 page) {
  __atomic_store_n(&application_answers[identifier], Called, __ATOMIC_RELEASE);
  call_processor(identifier, kInitialise);
  (void)answers_within(identifier, kAfterInitialise);
  for (u64 wait : {kAfterFirstStart, kAfterSecondStart}) {
    call_processor(identifier, u32(kStart | page >> kPageShift));
    if (answers_within(identifier, wait)) return true;
  }
  u8 expected = Called;
  return !__atomic_compare_exchange_n(&application_answers[identifier], &expected, NotCalled, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

void prepare(Cpu& cpu, u32 number) {
  cpu.self = &cpu;
  cpu.number = number;
  cpu.kernel_stack = reinterpret_cast<u64>(application_stacks) + number * kApplicationStack;
  cpu.idle = true;  // it waits for the lock with nothing but the kernel mapped
}

void report(u32 identifier, const char* what) {
  print("kernel: processor ");
  print_number(identifier);
  print(what);
}

}  // namespace

void start_processors(const Machine& machine, const AcpiFacts& facts) {
  if (facts.processor_count < 2) return;
  u64 page = find_start_page(machine);
  if (page == 0) {
    print("kernel: no memory below 1 MiB to start processors from\n");
    return;
  }
  keep_for_kernel(page, page + kPageSize);  // one that comes late still runs there
  volatile u8* start = reinterpret_cast<volatile u8*>(arch::kWindowBase + page);
  for (u64 i = 0; application_start + i < application_start_end; i++) start[i] = application_start[i];
  for (u32 i = 0; i < facts.processor_count; i++) {
    u32 identifier = facts.processors[i];
    if (identifier == own_identifier()) continue;
    if (cpu_count == kMaximumCpus) {
      report(identifier, " is one too many\n");
      continue;
    }
    prepare(cpus[cpu_count], cpu_count);
    application_numbers[identifier] = u8(cpu_count);
    if (!start_processor(identifier, page)) {
      report(identifier, " does not answer\n");
      continue;
    }
    cpu_count++;
  }
}

/// A processor has come from real mode to its own stack.
extern "C" [[noreturn]] void application_processor(u64 number) {
  arch::write_cr3(kernel_root());
  Cpu& cpu = cpus[number];
  initialise_processor(cpu);
  initialise_local_controller(u32(number));
  kernel_lock.acquire();
  end_idleness(cpu);
  cpu.last_accounted = arch::now();
  cpu.entered = arch::counter();
  finish_entry(cpu, 0);
}

}  // namespace pith::x86
