// The kernel's own page tables, descriptor tables and start information.
#pragma once
#include "abi/boot_information.h"
#include "kernel/boot/acpi.h"

namespace pith {
struct Cpu;
}

namespace pith::x86 {

/// The part of the PVH start information that the kernel uses, copied before memory is handed out.
struct Machine {
  static constexpr u32 kRanges = 64;
  struct Range {
    u64 start, end;  ///< physical, page aligned inwards
  };
  Range memory[kRanges];
  u32 range_count;
  u64 module_start, module_size;
  u64 acpi_root;
  char command_line[1024];
};

/// Reads the start information at a physical address (the first 4 GiB are mapped as they are). False: it is not PVH's.
bool read_start_information(u64 physical, Machine& machine);

/// Translation root of the kernel alone.
u64 kernel_root();

/// Builds the kernel's page tables, FrameInfo and epochs, and switches to them. All frames of memory that are free afterwards are Untyped.
void build_memory(Machine& machine);

/// From now on these pages are for the kernel alone: no device share shows them.
void keep_for_kernel(u64 start, u64 end);

/// Segments, interrupt vectors, system-call entry, protection features of this CPU, whose entry in cpus[] is `cpu`.
void initialise_processor(Cpu& cpu);
void initialise_first_processor();

/// Starts the processors of `facts` that are not this one, as many as answer: they wait for the kernel lock, and are counted in cpu_count.
void start_processors(const Machine& machine, const AcpiFacts& facts);

}  // namespace pith::x86
