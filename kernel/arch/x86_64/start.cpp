// The kernel's first C++ code on a PC: machine facts in, first component out.
#include "kernel/arch/contract/memory.h"
#include "kernel/arch/x86_64/boot_tables.h"
#include "kernel/arch/x86_64/local_apic.h"
#include "kernel/arch/x86_64/panic.h"
#include "kernel/boot/boot.h"
#include "kernel/sync/lock.h"
#include "kernel/syscall/syscall.h"

namespace pith::x86 {

namespace {

Machine machine;
AcpiFacts tables;

bool lies_in_memory(u64 physical) {
  for (u32 i = 0; i < machine.range_count; i++) {
    if (physical >= machine.memory[i].start && physical < machine.memory[i].end) return true;
  }
  return false;
}

/// What ACPI says, as far as it agrees with the memory map. Boot goes on with what PCs usually have where it says nothing.
void read_tables() {
  constexpr u64 kBootMapped = u64{4} << 30;
  read_acpi({reinterpret_cast<const u8*>(arch::kKernelBase), kBootMapped}, machine.acpi_root, tables);
  for (u32 i = 0; i < tables.problem_count; i++) {
    print("kernel: ");
    print(tables.problems[i]);
    print("\n");
  }
  for (u64* device : {&tables.local_controller, &tables.io_controller, &tables.timer}) {
    if (!lies_in_memory(*device)) continue;
    print("kernel: ACPI puts a device where there is memory\n");
    *device = 0;
  }
  use_devices(tables);
}

/// 64 random bits where the processor has RDRAND and delivers, else 0.
u64 random_word() {
  if ((cpuid(1, 0).c & 1u << 30) == 0) return 0;
  for (u32 attempt = 0; attempt < 10; attempt++) {
    u64 value;
    bool good;
    asm volatile("rdrand %0" : "=r"(value), "=@ccc"(good));
    if (good) return value;
  }
  return 0;
}

}  // namespace

extern "C" [[noreturn]] void kernel_start(u64 start_information) {
  if (!read_start_information(start_information, machine)) panic("the start information is not PVH's");
  initialise_first_processor();
  read_tables();
  build_memory(machine);
  initialise_interrupts();
  if (!calibrate_time()) panic("no HPET to measure time with");

  BootFacts facts{};
  facts.image_start = machine.module_start;
  facts.image_size = machine.module_size;
  facts.information.counter_frequency = time_scale().counter_frequency;
  facts.information.counter_multiplier = time_scale().counter_multiplier;
  facts.information.counter_start = time_scale().counter_start;
  facts.information.acpi_root = machine.acpi_root;
  for (u64& word : facts.information.seed) word = random_word();
  for (u32 i = 0; i + 1 < sizeof machine.command_line; i++) facts.information.command_line[i] = machine.command_line[i];

  kernel_lock.acquire();  // the others wait for it
  start_processors(machine, tables);
  facts.information.cpus = cpu_count;
  const char* problem = start_root(facts);
  if (problem != nullptr) panic(problem);
  this_cpu().entered = arch::counter();
  finish_entry(this_cpu(), 0);
}

}  // namespace pith::x86
